// SPDX-License-Identifier: Apache-2.0
#include "editing/services/identity_measure.h"

#include <filesystem>

#include "editing/faces/face_identity.h"
#include "editing/faces/face_landmarks.h"
#include "editing/latent/strength.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

// What the landmarks of an aligned portrait need.
constexpr int64_t kPortraitSide = 256;

struct Recogniser {
  FaceLandmarkFinder finder{landmark_file()};
  FaceRecogniser network{recognition_file()};

  FaceEmbedding embed(const Image& portrait) {
    return network.embed(portrait, finder.find(portrait));
  }
};

}  // namespace

IdentityMeasure identity_measure(const LatentScene& scene) {
  const bool is_installed =
      std::filesystem::exists(landmark_file()) && std::filesystem::exists(recognition_file());
  if (!is_installed || scene.generator->size() < kPortraitSide) return clip_identity_measure(scene);
  const Image source =
      tensor_to_image(moved_picture(*scene.generator, scene.w_plus, {}, kPortraitSide));
  const auto recogniser = std::make_shared<Recogniser>();
  if (recogniser->finder.find_all(source).empty()) return clip_identity_measure(scene);
  const FaceEmbedding before = recogniser->embed(source);
  return {[=](const Tensor& edited) {
            return face_identity(before, recogniser->embed(tensor_to_image(edited)));
          },
          kPortraitSide};
}

}  // namespace vane
