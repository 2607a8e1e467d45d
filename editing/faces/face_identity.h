// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether two faces are one person's: dlib's face recognition network and the scale that Vane
// states identities on.

#include <array>
#include <filesystem>
#include <memory>

#include "editing/faces/face_landmarks.h"
#include "engine/image/image.h"

namespace vane {

/// 128 numbers of about unit length; Euclidean distances below 0.6 were one person's in the
/// network's own evaluation.
using FaceEmbedding = std::array<float, 128>;

/// The face upright, 150 x 150 8-bit RGB with a quarter of its size around it, as dlib's example
/// has it; black beyond the picture. `photo`: 8-bit RGB that `landmarks` were found in. Throws
/// Error{input} when they lie outside.
Image face_chip(const Image& photo, const FaceLandmarks& landmarks);

/// One thread at a time.
class FaceRecogniser {
 public:
  /// `network` is dlib_face_recognition_resnet_model_v1.dat as published; another file is refused
  /// before anything reads it: Error{input} when it is not there, Error{checkpoint} otherwise.
  explicit FaceRecogniser(const std::filesystem::path& network);
  ~FaceRecogniser();

  /// Of `face_chip`.
  FaceEmbedding embed(const Image& photo, const FaceLandmarks& landmarks);
  /// `chip`: 150 x 150, 8-bit RGB.
  FaceEmbedding embed_chip(const Image& chip);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

double face_distance(const FaceEmbedding& a, const FaceEmbedding& b);

/// Distance at which two faces are strangers: the mean over the 1225 pairs of 50 different faces,
/// as `vane generate --seed 900 -n 50 --truncation 1 -o f.png && vane faces compare f-*.png` prints
/// it.
inline constexpr double kStrangerDistance = 0.7796;

/// clamp(1 - distance / kStrangerDistance, 0, 1): 1 the same picture, 0 a stranger. dlib's own
/// threshold for one person, 0.6, is 0.23 here.
double face_identity(const FaceEmbedding& a, const FaceEmbedding& b);

/// The published file below `models/faces`, where setup.sh puts it.
std::filesystem::path recognition_file();

}  // namespace vane
