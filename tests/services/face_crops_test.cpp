// SPDX-License-Identifier: Apache-2.0
// Oracles: a crop that was not edited gives the photograph's bits back; the generator's portraits
// are aligned as its training pictures were, so their crops are themselves; strangers are
// strangers.
#include "editing/services/face_crops.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "editing/faces/face_identity.h"
#include "editing/services/generate.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/orientation.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class CollectingJob final : public Job {
 public:
  bool stop_requested() const noexcept override { return false; }
  void progress(int64_t, int64_t, std::string_view) override {}
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view message) override { warnings.emplace_back(message); }
  void info(std::string_view) override {}
  std::vector<std::string> warnings;
};

class FaceCrops : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(landmark_file()) || !fs::exists(recognition_file())) {
      GTEST_SKIP() << "the face models are not installed; ./setup.sh --get faces";
    }
    folder_ = fs::path(testing::TempDir()) /
              ("face_crops_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  fs::path astronaut() const { return assets_folder() / "samples" / "astronaut.jpg"; }
  FacesAlignResult align(const fs::path& photo, const std::string& output, int64_t size,
                         const std::string& face = "largest") {
    FacesAlignRequest request;
    request.photo = photo;
    request.output = folder_ / output;
    request.size = size;
    request.face = face;
    return faces_align(request, job_);
  }
  FacesPasteRequest paste(const fs::path& photo, const std::string& edited,
                          const std::string& output) const {
    FacesPasteRequest request;
    request.photo = photo;
    request.edited = folder_ / edited;
    request.output = folder_ / output;
    return request;
  }
  fs::path folder_;
  CollectingJob job_;
};

TEST_F(FaceCrops, AnUneditedCropGivesThePhotographBack) {
  const Image photo = read_image(astronaut());
  for (const int64_t size : {256, 1024}) {
    const FacesAlignResult aligned = align(astronaut(), "crop.png", size);
    ASSERT_EQ(aligned.faces.size(), 1u);
    EXPECT_EQ(read_image(folder_ / "crop.png").width, size);
    EXPECT_NEAR(aligned.faces[0].eye_distance, 44, 3);
    const FacesPasteResult result = faces_paste(paste(astronaut(), "crop.png", "out.png"), job_);
    EXPECT_EQ(result.changed, 0);
    EXPECT_EQ(result.quad, aligned.faces[0].quad);
    EXPECT_EQ(read_image(folder_ / "out.png").u8, photo.u8);
  }
  EXPECT_TRUE(job_.warnings.empty());
}

TEST_F(FaceCrops, ACropThatLostItsRecipeFindsItsPlaceAgain) {
  const FacesAlignResult aligned = align(astronaut(), "crop.png", 256);
  Image crop = read_image(folder_ / "crop.png");
  for (uint8_t& v : crop.u8) v = static_cast<uint8_t>(std::min(255, v + 30));
  write_image(folder_ / "plain.png", crop);
  const FacesPasteResult result = faces_paste(paste(astronaut(), "plain.png", "out.png"), job_);
  EXPECT_EQ(result.quad, aligned.faces[0].quad);
  EXPECT_GT(result.changed, 0.05);
  EXPECT_LT(result.changed, 0.13);  // the square is 180 x 180 of 512 x 512
  // A crop of another photograph says so and is not put where its recipe says.
  Image half = read_image(astronaut());
  half.u8.resize(half.u8.size() / 4 * 3);
  half.height = half.height / 4 * 3;
  write_image(folder_ / "half.png", half);
  EXPECT_EQ(faces_paste(paste(folder_ / "half.png", "crop.png", "out.png"), job_).quad.size(), 8u);
  ASSERT_EQ(job_.warnings.size(), 1u);
  EXPECT_NE(job_.warnings[0].find("was not cut from this photograph"), std::string::npos);
}

TEST_F(FaceCrops, WrongChoicesAndPicturesAreRefused) {
  const auto code_of = [&](const fs::path& photo, const std::string& face) {
    try {
      align(photo, "no.png", 64, face);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::input) {
        EXPECT_EQ(error.file(), photo.string());
      }
      return error.code();
    }
    return ErrorCode::internal;
  };
  for (const char* face : {"0", "-1", "some", "1.5", ""}) {
    EXPECT_EQ(code_of(astronaut(), face), ErrorCode::usage) << face;
  }
  EXPECT_EQ(code_of(astronaut(), "2"), ErrorCode::input);
  EXPECT_EQ(code_of(assets_folder() / "samples" / "coffee.jpg", "largest"), ErrorCode::input);
  EXPECT_FALSE(fs::exists(folder_ / "no.png"));
}

TEST_F(FaceCrops, PortraitsOfTheGeneratorAreAlignedAndNobodyIsTheAstronaut) {
  if (!fs::exists(models_folder() / "faces" / "SynthesisNetwork.bin")) {
    GTEST_SKIP() << "the face generator is not installed; ./setup.sh --get faces";
  }
  GenerateRequest request;
  request.seed = 41;
  request.count = 4;
  request.output = folder_ / "face.png";
  generate(request, job_);
  FacesCompareRequest compare;
  compare.photos = {astronaut(), folder_ / "mirrored.png"};
  write_image(folder_ / "mirrored.png", oriented(read_image(astronaut()), 2));
  for (int i = 0; i < 4; ++i) {
    const fs::path portrait = folder_ / ("face-000" + std::to_string(i) + ".png");
    compare.photos.push_back(portrait);
    const std::vector<double> quad = align(portrait, "crop.png", 64).faces.at(0).quad;
    const double expected[] = {0, 0, 0, 1024, 1024, 1024, 1024, 0};
    for (size_t k = 0; k < 8; ++k) EXPECT_NEAR(quad[k], expected[k], 60) << i;
  }
  const FacesCompareResult result = faces_compare(compare, job_);
  ASSERT_EQ(result.faces.size(), 5u);
  EXPECT_GT(result.faces[0].identity, 0.6);
  for (size_t i = 1; i < 5; ++i) EXPECT_LT(result.faces[i].identity, 0.25) << i;
}

}  // namespace
}  // namespace vane
