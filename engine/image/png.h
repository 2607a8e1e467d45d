// SPDX-License-Identifier: Apache-2.0
#pragma once
// PNG: the chunk walk that looks before the decoder does, and the codec on libpng.

#include <optional>
#include <string>
#include <vector>

#include "engine/image/header_guard.h"
#include "engine/image/metadata.h"

namespace vane {

/// What the chunks say; nothing is inflated yet.
struct PngFile {
  ImageHeader header;  // channels and depth as decoded
  int bit_depth = 8, colour_type = 0;
  bool is_palette = false;
  uint64_t image_bytes = 0;      // compressed pixels
  Bytes icc, exif, xmp, recipe;  // chunk contents, empty when absent
  PixelDensity density;
  /// Chunks that are not carried on.
  std::vector<std::string> left_out;
};

/// Walks all chunks up to IEND. Throws Error{input} at the byte where the structure breaks: bad
/// header fields, a chunk beyond the end, a missing palette, tRNS longer than the palette, no IEND.
PngFile parse_png(Bytes file);
/// ICC, EXIF, XMP and density of a parsed file (PNG has no place for IPTC); a block that does not
/// inflate is left out.
ImageMetadata png_metadata(const PngFile& png);
std::optional<std::string> png_recipe(const PngFile& png);

/// Decodes; throws Error{input} on damage. The header must have passed check_image_limits.
Image decode_png(Bytes file, const PngFile& png);
std::vector<std::byte> encode_png(const Image& image, const ImageMetadata& metadata,
                                  const EncodeOptions& options);

}  // namespace vane
