// SPDX-License-Identifier: Apache-2.0
// Oracle: dlib itself, on noise, on a photograph and on generated faces.
#include <gtest/gtest.h>

#include <cmath>

#include "editing/faces/face_identity.h"
#include "editing/faces/recognition_weights.h"
#include "editing/inversion/face_chips.h"
#include "editing/inversion/identity_loss.h"
#include "editing/inversion/identity_network.h"
#include "engine/base/assets.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "generators/stylegan/mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// [1,68,2] in [0,1] of a picture.
Tensor landmark_tensor(const FaceLandmarks& landmarks, int width, int height) {
  const Tensor points = at::empty({1, 68, 2});
  for (int64_t i = 0; i < 68; ++i) {
    points[0][i][0] = (landmarks.points[size_t(i)].x + 0.5f) / static_cast<float>(width);
    points[0][i][1] = (landmarks.points[size_t(i)].y + 0.5f) / static_cast<float>(height);
  }
  return points;
}

FaceLandmarks landmarks_in(const Tensor& points, int width, int height) {
  FaceLandmarks landmarks;
  for (int64_t i = 0; i < 68; ++i) {
    landmarks.points[size_t(i)] = {
        points[0][i][0].item<float>() * static_cast<float>(width) - 0.5f,
        points[0][i][1].item<float>() * static_cast<float>(height) - 0.5f};
  }
  return landmarks;
}

Tensor tensor_of(const FaceEmbedding& embedding) {
  Tensor tensor = at::empty({1, int64_t(embedding.size())});
  std::copy(embedding.begin(), embedding.end(), tensor.mutable_data_ptr<float>());
  return tensor;
}

double largest(const Tensor& difference) { return difference.abs().max().item<double>(); }

/// Smooth colours: sums of waves of at least `wave` samples.
Image waves(int side, double wave) {
  Image picture;
  picture.width = picture.height = side;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double v = std::sin((x + 0.4 * y) / wave + c) + std::cos((y - 0.3 * x) / wave - c);
        picture.u8.push_back(static_cast<uint8_t>(std::lround(127 + 60 * v)));
      }
    }
  }
  return picture;
}

/// Landmarks on a tilted ellipse with whole coordinates, which dlib does not have to round.
FaceLandmarks whole_landmarks(int side, double tilt) {
  FaceLandmarks landmarks;
  for (size_t i = 0; i < 68; ++i) {
    // Nose, eyes and lips about where faces have them, brows and jaw anywhere.
    const double x = i >= 36 && i < 42   ? -0.25
                     : i >= 42 && i < 48 ? 0.25
                     : i >= 48           ? 0.15 * std::cos(double(i))
                                         : 0;
    const double y = i >= 36 && i < 48 ? -0.15 : i >= 48 ? 0.3 : 0.1 * std::sin(double(i));
    const double c = std::cos(tilt), s = std::sin(tilt);
    landmarks.points[i] = {static_cast<float>(std::lround(side * (0.5 + 0.6 * (c * x - s * y)))),
                           static_cast<float>(std::lround(side * (0.5 + 0.6 * (s * x + c * y))))};
  }
  return landmarks;
}

TEST(IdentityParity, ChipsAreDlibs) {
  // From enlarged to reduced twice; the wave grows with the face, so that chips look alike.
  for (const int side : {80, 200, 420, 900}) {
    for (const double tilt : {0.0, 0.35}) {
      const Image picture = waves(side, side / 30.0);
      const FaceLandmarks landmarks = whole_landmarks(side, tilt);
      const Tensor expected = image_to_tensor(face_chip(picture, landmarks));
      const Tensor got =
          face_chips(image_to_tensor(picture), landmark_tensor(landmarks, side, side));
      // dlib cuts the fraction off each sample, once a reduction and once more in the chip.
      const Tensor inner = (got - expected).narrow(2, 8, 134).narrow(3, 8, 134);
      EXPECT_LT(largest(inner), 0.05) << side << ", " << tilt;
      EXPECT_LT(inner.abs().mean().item<double>(), 0.012) << side << ", " << tilt;
      EXPECT_GT(expected.std().item<double>(), 0.1);
    }
  }
}

class PublishedRecogniser : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(landmark_file()) || !fs::exists(recognition_file())) {
      GTEST_SKIP() << "the face models are not at " << landmark_file().parent_path()
                   << "; ./setup.sh --get faces";
    }
    dlib_ = std::make_unique<FaceRecogniser>(recognition_file());
    network_ = make_identity_network(read_recognition_weights(recognition_file()));
  }
  std::unique_ptr<FaceRecogniser> dlib_;
  IdentityNetwork network_;
};

TEST_F(PublishedRecogniser, EmbeddingsOfNoiseAreDlibs) {
  at::manual_seed(3);
  const at::NoGradGuard no_grad;
  const Tensor noise = at::randint(256, {3, 3, 150, 150}).div(255);
  // And noise that is flat over squares.
  const Tensor coarse =
      at::upsample_nearest2d(at::randint(256, {1, 3, 6, 6}).to(at::kFloat).div(255), {150, 150});
  const Tensor chips = at::cat({noise, coarse});
  const Tensor got = identity_embedding(network_, chips);
  for (int64_t i = 0; i < chips.size(0); ++i) {
    const Tensor expected = tensor_of(dlib_->embed_chip(tensor_to_image(chips, 8, i)));
    EXPECT_LT(largest(got[i] - expected), 1e-4) << i;
    EXPECT_GT(largest(expected), 0.05);
  }
}

TEST_F(PublishedRecogniser, ThePhotographIsWhoDlibSaysItIs) {
  const at::NoGradGuard no_grad;
  const Image photo = read_image(assets_folder() / "samples" / "astronaut.jpg");
  const FaceLandmarks landmarks = FaceLandmarkFinder(landmark_file()).find_all(photo).at(0);
  const Tensor expected = tensor_of(dlib_->embed(photo, landmarks));
  const Tensor same = identity_embedding(network_, image_to_tensor(face_chip(photo, landmarks)));
  EXPECT_LT(largest(same - expected), 1e-4);
  const Tensor own = identity_targets(network_, image_to_tensor(photo),
                                      landmark_tensor(landmarks, photo.width, photo.height));
  EXPECT_LT((own - expected).norm().item<double>(), 0.05);
}

TEST_F(PublishedRecogniser, GeneratedFacesOfAnySizeAreWhoDlibSaysTheyAre) {
  const fs::path folder = models_folder() / "faces";
  if (!fs::exists(folder / "SynthesisNetwork.bin")) GTEST_SKIP() << "no generator in " << folder;
  const at::NoGradGuard no_grad;
  const MobileStyleGan generator = MobileStyleGan::load(folder);
  FaceLandmarkFinder finder(landmark_file());
  Tensor first;
  for (int64_t seed = 0; seed < 3; ++seed) {
    const Tensor w = generator.truncate(generator.map(generator.sample_z(41, seed)), 0.7);
    const Tensor face = generator.synthesise(w).clamp(0, 1);
    const FaceLandmarks found = finder.find(tensor_to_image(resize_area(face, 256, 256)));
    const Tensor points = landmark_tensor(found, 256, 256);
    for (const int side : {128, 256, 512, 1024}) {
      const Tensor picture = resize_area(face, side, side);
      const FaceLandmarks landmarks = landmarks_in(points, side, side);
      const Image stored = tensor_to_image(picture);
      const Tensor expected = tensor_of(dlib_->embed(stored, landmarks));
      const Tensor same =
          identity_embedding(network_, image_to_tensor(face_chip(stored, landmarks)));
      EXPECT_LT(largest(same - expected), 1e-4) << seed << ", " << side;
      const Tensor own = identity_targets(network_, picture, points);
      const double distance = (own - expected).norm().item<double>();
      RecordProperty("distance_" + std::to_string(seed) + "_" + std::to_string(side),
                     std::to_string(distance));
      EXPECT_LT(distance, 0.05) << seed << ", " << side;
      if (side != 256) continue;
      if (!first.defined()) first = own;
      EXPECT_EQ(seed == 0, identity_loss(network_, picture, points, first).item<double>() < 0.2);
    }
  }
}

}  // namespace
}  // namespace vane
