// SPDX-License-Identifier: Apache-2.0
#pragma once
// A photograph row by row as floats, whatever its depth and channels.

#include <optional>

#include "engine/image/image.h"
#include "engine/image/srgb_view.h"

namespace vane {

/// Reads rows of an upright picture that outlives it. Used from one thread at a time.
class PictureRows {
 public:
  explicit PictureRows(const Image& picture);

  /// Row y as stored, interleaved RGB [3*width] in [0,1]; grey gives three equal samples.
  void stored(int y, float* rgb) const;
  /// The same as sRGB shows it (srgb_view.h).
  void shown(int y, float* rgb);

 private:
  const Image& picture_;
  std::optional<SrgbView> view_;
  std::vector<uint16_t> converted_;
};

/// .299 R + .587 G + .114 B.
inline float luma_of(const float* rgb) {
  return 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
}

}  // namespace vane
