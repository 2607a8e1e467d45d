// SPDX-License-Identifier: Apache-2.0
#pragma once
// A picture as a file holds it, without torch.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vane {

/// Pixels per inch across and down; 0 where a file does not say.
struct PixelDensity {
  double x = 0, y = 0;
  bool is_known() const { return x > 0 && y > 0; }
};

/// Bytes that travel with the samples and are written back unchanged.
struct ImageMetadata {
  std::vector<uint8_t> icc, exif, xmp, iptc;
  /// EXIF orientation of the *file*, 1..8; 1 when absent or out of range.
  int orientation = 1;
  PixelDensity density;
  /// What the file holds beside the picture and nothing here does, each named once.
  std::vector<std::string> left_out;
};

/// Upright, sRGB-encoded picture, samples interleaved row by row.
/// `channels` 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha); alpha is not premultiplied.
/// Exactly one of `u8`, `u16` is filled, by `depth` 8 or 16; size = width*height*channels.
struct Image {
  int width = 0, height = 0, channels = 3, depth = 8;
  std::vector<uint8_t> u8;
  std::vector<uint16_t> u16;
  ImageMetadata metadata;
  /// "png", "jpeg", "tiff", "webp", "raw": what it was read from, empty when made here.
  std::string format;
  /// True when `u8`/`u16` were converted from another colour model (CMYK, YCCK, palette, a
  /// sensor's).
  bool converted = false;

  bool has_alpha() const { return channels == 2 || channels == 4; }
  bool is_grey() const { return channels <= 2; }
  size_t sample_count() const { return size_t(width) * size_t(height) * size_t(channels); }
};

}  // namespace vane
