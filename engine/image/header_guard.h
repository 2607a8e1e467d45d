// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decides, before a decoder sees the file, what a picture is and whether it may be decoded.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/limits.h"
#include "engine/image/codec.h"

namespace vane {

/// The bytes of a whole file or of a part of it.
using Bytes = std::span<const std::byte>;

enum class ImageFormat { png, jpeg, tiff, webp, raw };

/// Told by the first bytes, never by the name.
/// Throws Error{input} naming the type when it is a known one that is not supported.
ImageFormat detect_image_format(Bytes file);

/// Checks size, side, pixels, decoded bytes and the expansion ratio (robustness sheet, section 1).
/// Throws Error{input} that names the `--limit` to raise.
void check_image_limits(const ImageHeader& header, uint64_t file_bytes, const Limits& limits);
/// The first of those checks, for before the header is parsed.
void check_image_file_bytes(uint64_t file_bytes, const Limits& limits);

std::vector<uint8_t> to_bytes(Bytes bytes);

}  // namespace vane
