// SPDX-License-Identifier: Apache-2.0
#pragma once
// TIFF: the directory reader that looks before the decoder does, the decoder on libtiff, and a
// writer of plain deflated strips.

#include <optional>
#include <string>
#include <vector>

#include "engine/image/header_guard.h"
#include "engine/image/metadata.h"

namespace vane {

/// TIFF's PhotometricInterpretation values that are read.
enum class TiffColour {
  white_is_zero = 0,
  black_is_zero = 1,
  rgb = 2,
  palette = 3,
  cmyk = 5,
  ycbcr = 6,
  cielab = 8,
};

/// What the first directory says; nothing is decoded yet.
struct TiffFile {
  ImageHeader header;  // channels and depth as decoded
  TiffColour colour = TiffColour::rgb;
  int bits = 1, samples = 1, compression = 1;
  bool is_planar = false, is_tiled = false;
  /// How the first extra sample is alpha: 0 not at all, 1 premultiplied, 2 straight.
  int alpha = 0;
  uint64_t chunk_width = 0, chunk_height = 0;  // of a tile, or of a strip
  uint64_t stored_bytes = 0;                   // of all strips or tiles
  int orientation = 1;
  std::span<const uint8_t> icc, xmp, iptc, recipe;
  /// Pages and fields that are not carried on.
  std::vector<std::string> left_out;
};

/// Reads the first directory and follows the chain of the others. Throws Error{input} for
/// structures that break (a loop of directories, strips beyond the end, impossible counts, tiles of
/// size 0) and names what is not supported (float samples, 64 samples a pixel, old-style JPEG).
/// Strips have to lie inside the file before any of them is read.
TiffFile parse_tiff(Bytes file);
/// ICC, XMP, IPTC, and the EXIF fields gathered into a block.
ImageMetadata tiff_metadata(Bytes file, const TiffFile& tiff);
std::optional<std::string> tiff_recipe(const TiffFile& tiff);

/// Decodes the first page; throws Error{input} on damage. The header must have passed
/// check_image_limits.
Image decode_tiff(Bytes file, const TiffFile& tiff, const ImageMetadata& metadata,
                  const DecodeOptions& options);
/// Little-endian, deflate with horizontal prediction, one directory.
std::vector<std::byte> encode_tiff(const Image& image, const ImageMetadata& metadata,
                                   const EncodeOptions& options);

}  // namespace vane
