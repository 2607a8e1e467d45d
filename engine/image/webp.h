// SPDX-License-Identifier: Apache-2.0
#pragma once
// WebP: the chunk walk that looks before the decoder does, and the codec on libwebp.

#include <optional>
#include <string>
#include <vector>

#include "engine/image/header_guard.h"
#include "engine/image/metadata.h"

namespace vane {

/// What the RIFF chunks say; nothing is decoded yet.
struct WebpFile {
  ImageHeader header;
  Bytes icc, exif, xmp, recipe;  // chunk contents, empty when absent
  /// Chunks that are not carried on.
  std::vector<std::string> left_out;
};

/// Walks the chunks of the container (VP8, VP8L or VP8X with its parts). Throws Error{input} at the
/// byte where the structure breaks, and for animations by name.
WebpFile parse_webp(Bytes file);
/// ICC, EXIF and XMP of a parsed file (WebP has no place for IPTC).
ImageMetadata webp_metadata(const WebpFile& webp);
std::optional<std::string> webp_recipe(const WebpFile& webp);

/// Decodes to RGB or RGBA; throws Error{input} on damage. The header must have passed
/// check_image_limits.
Image decode_webp(Bytes file, const WebpFile& webp);
/// `image` has 8 bits; grey is written as equal red, green and blue. Quality 100 is lossless.
std::vector<std::byte> encode_webp(const Image& image, const ImageMetadata& metadata,
                                   const EncodeOptions& options);

}  // namespace vane
