// SPDX-License-Identifier: Apache-2.0
// Oracles: what a refusal must say; where the face of a bundled photograph is, seen by eye.
#include "editing/faces/face_landmarks.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "editing/faces/face_measure.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

TEST(FaceLandmarks, AMissingPredictorNamesTheRemedy) {
  try {
    FaceLandmarkFinder finder(fs::temp_directory_path() / "vane_no_such_predictor.dat");
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input);
    EXPECT_EQ(error.hint(), "vane models get faces");
  }
}

TEST(FaceLandmarks, AnotherFileIsRefusedBeforeItIsRead) {
  const fs::path path =
      fs::temp_directory_path() / ("vane_predictor_" + std::to_string(::getpid()) + ".dat");
  std::ofstream(path) << std::string(5000, '\x7f');
  try {
    FaceLandmarkFinder finder(path);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint);
  }
  fs::remove(path);
}

class PublishedFaceLandmarks : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(landmark_file())) {
      GTEST_SKIP() << "the face landmarks are not at " << landmark_file()
                   << "; ./setup.sh --get faces";
    }
    finder_ = std::make_unique<FaceLandmarkFinder>(landmark_file());
  }
  std::unique_ptr<FaceLandmarkFinder> finder_;
};

/// The head in the photograph of the astronaut.
Image portrait() {
  const Image photo = read_image(assets_folder() / "samples" / "astronaut.jpg");
  const int left = photo.width * 29 / 100, top = photo.height / 20, side = photo.width * 32 / 100;
  Image head;
  head.width = head.height = side;
  for (int y = top; y < top + side; ++y) {
    const auto row = photo.u8.begin() + 3 * (static_cast<std::ptrdiff_t>(y) * photo.width + left);
    head.u8.insert(head.u8.end(), row, row + 3 * side);
  }
  return resize_u8(head, 256, 256);
}

TEST_F(PublishedFaceLandmarks, FindTheSmilingFaceOfAPhotograph) {
  const Image photo = portrait();
  const FaceLandmarks face = finder_->find(photo);
  ASSERT_TRUE(face.detected);
  // Tip of the nose, and the eyes' outer corners.
  EXPECT_NEAR(face.points[30].x, 121, 12);
  EXPECT_NEAR(face.points[30].y, 160, 12);
  EXPECT_LT(face.points[36].x, face.points[30].x - 20);
  EXPECT_GT(face.points[45].x, face.points[30].x + 20);
  const FaceMeasures measures = measure_face(photo, face);
  const FaceTruth truth = face_truth(measures);
  EXPECT_EQ(truth[static_cast<size_t>(FaceAttribute::smile)], Answer::yes);
  EXPECT_EQ(truth[static_cast<size_t>(FaceAttribute::head_turned)], Answer::no);
  EXPECT_EQ(truth[static_cast<size_t>(FaceAttribute::closed_eyes)], Answer::no);
  // Her teeth show.
  EXPECT_NE(truth[static_cast<size_t>(FaceAttribute::open_mouth)], Answer::no);
}

TEST_F(PublishedFaceLandmarks, APictureWithoutAFaceSaysSo) {
  Image grey;
  grey.width = grey.height = 256;
  grey.u8.assign(256 * 256 * 3, 128);
  const FaceLandmarks face = finder_->find(grey);
  EXPECT_FALSE(face.detected);
  for (const Answer answer : face_truth(measure_face(grey, face))) {
    EXPECT_EQ(answer, Answer::unclear);
  }
}

TEST_F(PublishedFaceLandmarks, OtherKindsOfPicturesAreRefused) {
  Image grey;
  grey.width = grey.height = 64;
  grey.channels = 1;
  grey.u8.assign(64 * 64, 128);
  EXPECT_THROW(finder_->find(grey), Error);
}

}  // namespace
}  // namespace vane
