// SPDX-License-Identifier: Apache-2.0
// Oracle: the written files read back, and where the sky of a sample photograph is.
#include "editing/services/segment.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "editing/mask_source.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class Segment : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              ("segment_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  SegmentRequest request(std::vector<std::string> texts) const {
    SegmentRequest request;
    request.image = assets_folder() / "samples" / "rocket.jpg";
    request.texts = std::move(texts);
    request.output = folder_ / "masks";
    return request;
  }

  template <class Call>
  static ErrorCode code_of(Call&& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  }

  fs::path folder_;
  QuietJob job_;
};

TEST_F(Segment, WritesAHardAndASoftMaskOfThePicturesSizeForEveryText) {
  const Image photo = read_image(request({}).image);
  const SegmentResult result = segment(request({"the sky", "a machine"}), job_);
  ASSERT_EQ(result.texts.size(), 2u);
  EXPECT_EQ(fs::path(result.texts[0].mask).filename(), "01-the-sky.png");
  EXPECT_EQ(fs::path(result.texts[1].soft).filename(), "02-a-machine-soft.png");
  double total = 0;
  for (const SegmentText& text : result.texts) {
    const Image hard = read_image(text.mask), soft = read_image(text.soft);
    for (const Image* mask : {&hard, &soft}) {
      EXPECT_EQ(mask->width, photo.width);
      EXPECT_EQ(mask->height, photo.height);
      EXPECT_EQ(mask->channels, 1);
    }
    const double share = mask_to_tensor(hard).mean().item<double>();
    EXPECT_NEAR(share, text.share, 1e-5);
    total += share;
  }
  EXPECT_NEAR(total, 1, 1e-5);
}

// The bundled model knows the words; the towers' lights are at the bottom of the picture.
TEST_F(Segment, FindsTheSkyAboveRatherThanBelow) {
  SegmentRequest sky = request({"the sky; a blue sky; a night sky"});
  sky.negatives = {"lights", "a machine", "metal", "a building", "a city"};
  const SegmentResult result = segment(sky, job_);
  const Tensor soft = mask_to_tensor(read_image(result.texts[0].soft))[0][0];
  const int64_t height = soft.size(0);
  const double above = soft.slice(0, 0, height / 2).mean().item<double>();
  const double below = soft.slice(0, height * 7 / 8).mean().item<double>();
  EXPECT_GT(above, 0.8);
  EXPECT_GT(above, below + 0.15);
}

TEST_F(Segment, WritesNothingForTextsThatSayNothing) {
  EXPECT_EQ(code_of([&] { segment(request({"the sky", "?!"}), job_); }), ErrorCode::usage);
  EXPECT_EQ(code_of([&] { segment(request({"the sky", "the sky"}), job_); }), ErrorCode::usage);
  SegmentRequest missing = request({"the sky"});
  missing.image = folder_ / "none.jpg";
  EXPECT_EQ(code_of([&] { segment(missing, job_); }), ErrorCode::input);
  SegmentRequest variant = request({"the sky"});
  variant.variant = "sclip";  // the bundled model has a ResNet tower
  EXPECT_EQ(code_of([&] { segment(variant, job_); }), ErrorCode::usage);
  EXPECT_FALSE(fs::exists(folder_ / "masks"));
}

TEST_F(Segment, AMaskValueIsAFileWhenItLooksLikeOne) {
  EXPECT_TRUE(is_mask_phrase("the sky"));
  EXPECT_FALSE(is_mask_phrase("sky.png"));
  EXPECT_FALSE(is_mask_phrase("masks/sky"));
  const Image photo = thumbnail(read_image(request({}).image), 200);
  const Image mask = read_mask("the sky", photo, "clip-mini", {}, job_);
  EXPECT_EQ(mask.width, photo.width);
  EXPECT_EQ(mask.channels, 1);
  EXPECT_EQ(code_of([&] { read_mask("sky.png", photo, "clip-mini", {}, job_); }), ErrorCode::input);
  EXPECT_EQ(code_of([&] { read_mask("...", photo, "clip-mini", {}, job_); }), ErrorCode::usage);
  // A text and an image that have nothing in common.
  const Image grey = tensor_to_image(at::full({1, 3, 64, 64}, 0.02));
  EXPECT_EQ(code_of([&] { read_mask("oranges", grey, "clip-mini", {}, job_); }), ErrorCode::input);
}

}  // namespace
}  // namespace vane
