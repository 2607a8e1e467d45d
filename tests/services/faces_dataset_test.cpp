// SPDX-License-Identifier: Apache-2.0
// Oracle: a set whose measures were spoilt by hand; measuring it again must restore them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "editing/faces/face_measure.h"
#include "editing/services/faces.h"
#include "engine/base/error.h"
#include "engine/data/face_set.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class FacesDataset : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("faces_dataset_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_ / "old");
    request_.from = folder_ / "old";
    request_.output = folder_ / "new";
    std::vector<FaceRecord> faces(3);
    for (FaceRecord& face : faces) {
      face.rgb.assign(64 * 64 * 3, 230);
      face.measures.fill(-7);
      face.measures[static_cast<size_t>(FaceMeasure::detected)] = &face == &faces[1] ? 0.f : 1.f;
      for (int i = 0; i < 68; ++i) {
        face.landmarks.push_back(0.3f + 0.4f * static_cast<float>(i) / 68);
        face.landmarks.push_back(i >= 60 ? 0.8f : 0.5f);
      }
      face.w.assign(4, 1);
    }
    write_face_file(face_file(request_.from, 0), 64, "hand", faces);
  }
  void TearDown() override { fs::remove_all(folder_); }

  ErrorCode code() {
    try {
      faces_dataset(request_, job_);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  }

  fs::path folder_;
  FacesDatasetRequest request_;
  QuietJob job_;
};

TEST_F(FacesDataset, StoredPortraitsAreMeasuredAgain) {
  const FacesDatasetResult result = faces_dataset(request_, job_);
  EXPECT_EQ(result.faces, 3);
  EXPECT_EQ(result.kept, 0);
  const FaceSet set = FaceSet::load(request_.output, job_);
  ASSERT_EQ(set.count(), 3);
  const auto of = [&](int64_t i, FaceMeasure m) { return set.measures(i)[static_cast<size_t>(m)]; };
  EXPECT_EQ(of(0, FaceMeasure::detected), 1);
  EXPECT_EQ(of(1, FaceMeasure::detected), 0);
  // White all over: no hair, a bright background.
  EXPECT_TRUE(std::isnan(of(0, FaceMeasure::hair_lightness)));
  EXPECT_NEAR(of(0, FaceMeasure::background_lightness), 91.3, 0.5);
  // The same landmarks in pixels.
  const FaceFile file = read_face_file(face_file(request_.output, 0));
  EXPECT_EQ(file.origin, "hand");
  FaceLandmarks landmarks;
  for (size_t i = 0; i < 68; ++i) {
    landmarks.points[i] = {file.faces[0].landmarks[2 * i] * 64 - 0.5f,
                           file.faces[0].landmarks[2 * i + 1] * 64 - 0.5f};
  }
  const FaceMeasures expected = measure_face(set.picture(0), landmarks);
  for (const FaceMeasure m : {FaceMeasure::yaw, FaceMeasure::mouth_width, FaceMeasure::mouth_gap}) {
    EXPECT_NEAR(of(0, m), expected[static_cast<size_t>(m)], 1e-4);
  }
}

TEST_F(FacesDataset, MeasuringAgainTwiceGivesTheSameFileAndKeepsNothing) {
  faces_dataset(request_, job_);
  const FaceSet first = FaceSet::load(request_.output, job_);
  EXPECT_EQ(faces_dataset(request_, job_).kept, 0);
  const FaceSet second = FaceSet::load(request_.output, job_);
  ASSERT_EQ(second.count(), 3);
  EXPECT_EQ(second.truth(0), first.truth(0));
}

TEST_F(FacesDataset, AnotherSetIsNotOverwritten) {
  std::vector<FaceRecord> faces(1);
  faces[0].rgb.assign(64 * 64 * 3, 0);
  faces[0].landmarks.assign(136, 0.5f);
  faces[0].w.assign(4, 0);
  fs::create_directories(request_.output);
  write_face_file(face_file(request_.output, 0), 64, "another", faces);
  EXPECT_EQ(code(), ErrorCode::usage);
  EXPECT_EQ(faces_in_file(face_file(request_.output, 0), 64, "another"), 1);
}

TEST_F(FacesDataset, ASetIsNotMeasuredInItsOwnFolder) {
  request_.output = request_.from;
  EXPECT_EQ(code(), ErrorCode::usage);
}

TEST_F(FacesDataset, NoSetAndABrokenSetAreRefused) {
  fs::resize_file(face_file(request_.from, 0), 900);
  EXPECT_EQ(code(), ErrorCode::checkpoint);
  std::ofstream(face_file(request_.from, 0)) << "no face";
  EXPECT_EQ(code(), ErrorCode::checkpoint);
  EXPECT_FALSE(fs::exists(face_file(request_.output, 0)));
  request_.from = folder_ / "nowhere";
  EXPECT_EQ(code(), ErrorCode::input);
}

}  // namespace
}  // namespace vane
