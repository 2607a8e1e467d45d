// SPDX-License-Identifier: Apache-2.0
#include "editing/portraits/identity_term.h"

#include "editing/faces/face_identity.h"
#include "editing/faces/recognition_weights.h"
#include "editing/inversion/identity_loss.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

/// Where landmarks are found and the person is taken from: the face fills more than dlib's chip.
constexpr int kSeenSide = 512;

Tensor points_of(const FaceLandmarks& landmarks, int side) {
  Tensor points = at::empty({1, std::ssize(landmarks.points), 2});
  float* out = points.mutable_data_ptr<float>();
  for (const FaceLandmarks::Point& p : landmarks.points) {
    *out++ = (p.x + 0.5f) / static_cast<float>(side);
    *out++ = (p.y + 0.5f) / static_cast<float>(side);
  }
  return points;
}

}  // namespace

std::optional<PictureTerm> identity_term(const Image& portrait,
                                         const std::function<FaceLandmarkFinder&()>& finder) {
  namespace fs = std::filesystem;
  if (!fs::exists(recognition_file()) || !fs::exists(landmark_file()) || portrait.width < 128) {
    return std::nullopt;
  }
  const int side = std::min(kSeenSide, portrait.width);
  const Image seen = portrait.width == side ? portrait : resize_u8(portrait, side, side);
  const FaceLandmarks landmarks = finder().find(seen);
  if (!landmarks.detected) return std::nullopt;
  const at::NoGradGuard no_grad;
  const Tensor points = points_of(landmarks, side);
  const IdentityNetwork network =
      make_identity_network(read_recognition_weights(recognition_file()));
  const Tensor wanted = identity_targets(network, image_to_tensor(seen), points);
  return [network, points, wanted](const Tensor& picture) {
    return identity_loss(network, picture, points, wanted).mean();
  };
}

}  // namespace vane
