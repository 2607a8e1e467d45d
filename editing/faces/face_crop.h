// SPDX-License-Identifier: Apache-2.0
#pragma once
// The aligned crop of a face as FFHQ has it, which encoders of StyleGAN expect, and the way back.

#include <array>

#include "editing/faces/face_landmarks.h"
#include "engine/image/image.h"

namespace vane {

/// A position in doubles; in a photograph in units of its pixels, (0, 0) the middle of the first
/// one, as FaceLandmarks has it; in a crop in [0,1], (0, 0) its upper left corner.
struct CropPoint {
  double x = 0, y = 0;
};

/// A square that may be turned: a similarity between photograph and crop, inverted in closed form.
class FaceCrop {
 public:
  /// The rule of recreate_aligned_images in NVlabs/ffhq-dataset: with e the way from the left eye
  /// (of the picture) to the right one and m from between the eyes to between the corners of the
  /// mouth, the square lies along e less m turned by 90 degrees, is 2 max(2.0 |e|, 1.8 |m|) wide,
  /// and its middle is 0.1 m below the eyes. Throws Error{input} when e and m leave no square.
  static FaceCrop of(const FaceLandmarks& landmarks);
  /// From its middle and the way from there to the middle of its right edge.
  FaceCrop(CropPoint middle, CropPoint half_width) : middle_(middle), half_(half_width) {}

  CropPoint to_photo(CropPoint in_crop) const;
  CropPoint to_crop(CropPoint in_photo) const;
  /// Pixels of the photograph.
  double side() const;
  CropPoint middle() const { return middle_; }
  CropPoint half_width() const { return half_; }
  /// Upper left, lower left, lower right, upper right: the order of the published rule.
  std::array<CropPoint, 4> quad() const;

 private:
  CropPoint middle_, half_;
};

/// The crop as RGB of the photograph's depth, `size` x `size`; samples are not converted, so an RGB
/// photograph's profile comes along; alpha is dropped. As published: where the square comes near
/// the edge of the photograph, that is continued by reflection, blurred and led over to its median
/// colour; sampled linearly at four or more points across a target pixel, and one or more across
/// one of the photograph, and Lanczos-reduced. Different from what is published: a large face is
/// sampled more densely instead of being shrunk before, because that rounds the size of the
/// photograph and moves the face by up to half a pixel of the shrunk picture; nothing is rounded to
/// 8 bits on the way; and the published 4096 points across become as many as that asks for. Throws
/// Error{input} for a square beside the photograph, Error{usage} for a size outside 1..8192.
Image crop_face(const Image& photo, const FaceCrop& crop, int size);

}  // namespace vane
