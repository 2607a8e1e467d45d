// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a face and its features are: dlib's detector and its predictor of 68 landmarks.

#include <array>
#include <filesystem>
#include <memory>
#include <vector>

#include "engine/image/image.h"

namespace vane {

/// Pixel coordinates of the picture, in the order of the iBUG 300-W scheme: 0-16 jaw from the left
/// edge of the picture, 17-26 brows, 27-35 nose, 36-47 eyes, 48-59 outer lips, 60-67 inner lips.
struct FaceLandmarks {
  struct Point {
    float x = 0, y = 0;
  };
  std::array<Point, 68> points{};
  /// Of `count` points from `first` on. The left eye of the picture is mean_of(36, 6), the right
  /// one mean_of(42, 6).
  Point mean_of(size_t first, size_t count) const {
    double x = 0, y = 0;
    for (size_t i = first; i < first + count; ++i)
      x += double(points[i].x), y += double(points[i].y);
    return {static_cast<float>(x / double(count)), static_cast<float>(y / double(count))};
  }
  /// False: the detector did not find exactly one face, and the landmarks were placed by its
  /// largest finding or by where an aligned portrait has its face.
  bool detected = false;
};

/// One thread at a time.
class FaceLandmarkFinder {
 public:
  /// `predictor` is shape_predictor_68_face_landmarks.dat as published; another file is refused
  /// before anything reads it: Error{input} when it is not there, Error{checkpoint} otherwise.
  explicit FaceLandmarkFinder(const std::filesystem::path& predictor);
  ~FaceLandmarkFinder();

  /// `portrait`: 8-bit RGB, the face 80 pixels wide at least; 256 px of an aligned portrait do.
  FaceLandmarks find(const Image& portrait);

  /// The faces of a photograph (8-bit RGB, any size), in its pixels, the largest first; empty where
  /// there is none. It is looked at with at most 1280 pixels along its longer side, which shows
  /// faces that are 80 of those wide; when none is found, or with `small_too`, also enlarged (up to
  /// 4 times, and 2560 pixels) for faces of 20 pixels; when there is still none that is sure, on
  /// its sides and upside down. Landmarks are placed on each face at 320 pixels, so that their
  /// whole numbers are fractions of a pixel of smaller faces. `detected` is true for all.
  std::vector<FaceLandmarks> find_all(const Image& photo, bool small_too = false);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The published file below `models/faces`, where setup.sh puts it.
std::filesystem::path landmark_file();

}  // namespace vane
