// SPDX-License-Identifier: Apache-2.0
// Oracles: what a refusal must say; that a person resembles himself mirrored, shrunk or darkened,
// and that the largest face of a picture is where it was put.
#include "editing/faces/face_identity.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "editing/faces/face_choice.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/orientation.h"
#include "engine/image/resize.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

TEST(FaceIdentity, TheScaleRunsFromAStrangerToTheSame) {
  FaceEmbedding a{}, b{};
  EXPECT_EQ(face_identity(a, b), 1);
  b[3] = float(kStrangerDistance / 2);
  EXPECT_NEAR(face_identity(a, b), 0.5, 1e-6);
  b[7] = 2;
  EXPECT_EQ(face_identity(a, b), 0);
  EXPECT_NEAR(face_distance(a, b), std::hypot(kStrangerDistance / 2, 2), 1e-6);
}

TEST(FaceIdentity, MissingAndOtherFilesAreRefused) {
  const fs::path path =
      fs::temp_directory_path() / ("vane_recogniser_" + std::to_string(::getpid()) + ".dat");
  try {
    FaceRecogniser recogniser(path);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input);
    EXPECT_EQ(error.hint(), "vane models get faces");
  }
  std::ofstream(path) << std::string(5000, '\x7f');
  try {
    FaceRecogniser recogniser(path);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint);
  }
  fs::remove(path);
}

class PublishedFaces : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(landmark_file()) || !fs::exists(recognition_file())) {
      GTEST_SKIP() << "the face models are not at " << landmark_file().parent_path()
                   << "; ./setup.sh --get faces";
    }
    finder_ = std::make_unique<FaceLandmarkFinder>(landmark_file());
    photo_ = read_image(assets_folder() / "samples" / "astronaut.jpg");
  }
  FaceEmbedding embed(const Image& picture) {
    if (!recogniser_) recogniser_ = std::make_unique<FaceRecogniser>(recognition_file());
    return recogniser_->embed(picture, finder_->find_all(picture).at(0));
  }
  std::unique_ptr<FaceLandmarkFinder> finder_;
  std::unique_ptr<FaceRecogniser> recogniser_;
  Image photo_;
};

/// Distance of a crop's middle to where it should be, and the ratio of the sides.
void expect_same(const FaceCrop& got, CropPoint middle, CropPoint half_width, double share) {
  const double side = 2 * std::hypot(half_width.x, half_width.y);
  EXPECT_NEAR(got.middle().x, middle.x, share * side);
  EXPECT_NEAR(got.middle().y, middle.y, share * side);
  EXPECT_NEAR(got.half_width().x, half_width.x, share * side);
  EXPECT_NEAR(got.half_width().y, half_width.y, share * side);
}

TEST_F(PublishedFaces, TheAstronautIsFoundAtEverySizeAndTurn) {
  const auto found = finder_->find_all(photo_);
  ASSERT_EQ(found.size(), 1u);
  const FaceCrop crop = FaceCrop::of(found[0]);
  // Between the eyes, and about twice the head: read off the picture.
  EXPECT_NEAR(crop.middle().x, 223, 8);
  EXPECT_NEAR(crop.middle().y, 110, 8);
  EXPECT_NEAR(crop.side(), 180, 15);

  for (const int side : {1024, 256, 1800}) {
    const double scale = side / 512.0;
    const auto scaled = finder_->find_all(resize_u8(photo_, side, side));
    ASSERT_EQ(scaled.size(), 1u) << side;
    const auto at = [scale](double v) { return (v + 0.5) * scale - 0.5; };
    expect_same(FaceCrop::of(scaled[0]), {at(crop.middle().x), at(crop.middle().y)},
                {scale * crop.half_width().x, scale * crop.half_width().y}, 0.03);
  }
  // Lying on a side and upside down: the crop turns with the face.
  const double last = 511;
  const CropPoint m = crop.middle(), h = crop.half_width();
  expect_same(FaceCrop::of(finder_->find_all(oriented(photo_, 6)).at(0)), {last - m.y, m.x},
              {-h.y, h.x}, 0.02);
  expect_same(FaceCrop::of(finder_->find_all(oriented(photo_, 3)).at(0)), {last - m.x, last - m.y},
              {-h.x, -h.y}, 0.02);
  expect_same(FaceCrop::of(finder_->find_all(oriented(photo_, 8)).at(0)), {m.y, last - m.x},
              {h.y, -h.x}, 0.02);
}

TEST_F(PublishedFaces, SmallFacesBesideALargeOneAreFoundWhenWanted) {
  // The photograph again at a fifth of its size, in its lower left corner: 10 px between the eyes.
  const Image small = resize_u8(photo_, 102, 102);
  Image both = photo_;
  for (int y = 0; y < 102; ++y) {
    for (int x = 0; x < 306; ++x) {
      both.u8[size_t(3 * 512 * (y + 410) + x)] = small.u8[size_t(306 * y + x)];
    }
  }
  const auto found = finder_->find_all(both, true);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_LT(found[0].points[30].y, 200);
  EXPECT_NEAR(found[1].points[30].x, found[0].points[30].x / 5, 3);
  EXPECT_NEAR(found[1].points[30].y, 410 + found[0].points[30].y / 5, 3);
  EXPECT_THROW(choose_faces(found, {.number = 2}), Error);
}

TEST_F(PublishedFaces, CatsAndCupsHaveNoFace) {
  for (const char* name : {"chelsea.jpg", "coffee.jpg", "rocket.jpg"}) {
    EXPECT_TRUE(finder_->find_all(read_image(assets_folder() / "samples" / name)).empty()) << name;
  }
}

TEST_F(PublishedFaces, APersonResemblesHimself) {
  const FaceEmbedding face = embed(photo_);
  EXPECT_EQ(face_identity(face, embed(photo_)), 1);
  EXPECT_GT(face_identity(face, embed(oriented(photo_, 2))), 0.6);
  EXPECT_GT(face_identity(face, embed(resize_u8(photo_, 300, 300))), 0.6);
  EXPECT_GT(face_identity(face, embed(oriented(photo_, 6))), 0.6);
  Image dark = photo_;
  for (uint8_t& v : dark.u8) v = static_cast<uint8_t>(v / 2);
  EXPECT_GT(face_identity(face, embed(dark)), 0.6);
}

}  // namespace
}  // namespace vane
