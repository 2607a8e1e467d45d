// SPDX-License-Identifier: Apache-2.0
#include "engine/image/header_guard.h"

#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/raw_picture.h"

namespace vane {
namespace {

bool begins_with(Bytes file, std::string_view magic, size_t at = 0) {
  return file.size() >= at + magic.size() &&
         std::memcmp(file.data() + at, magic.data(), magic.size()) == 0;
}

/// Types that people try, so that the message can say what the file is.
const char* unsupported_type(Bytes file) {
  if (begins_with(file, "GIF8")) return "a GIF picture";
  if (begins_with(file, "BM")) return "a BMP picture";
  if (begins_with(file, "8BPS")) return "a Photoshop document";
  if (begins_with(file, "%PDF")) return "a PDF document";
  if (begins_with(file, "\x76\x2f\x31\x01")) return "an OpenEXR picture";
  if (begins_with(file, "ftypavif", 4)) return "an AVIF picture";
  if (begins_with(file, "ftyphei", 4) || begins_with(file, "ftypmif1", 4)) return "a HEIF picture";
  if (begins_with(file, "ftyp", 4)) return "a video or HEIF container";
  if (begins_with(file, "jP  ", 4) || begins_with(file, "\xff\x4f\xff\x51")) return "JPEG 2000";
  if (begins_with(file, "\xff\x0a") || begins_with(file, "JXL ", 4)) return "a JPEG XL picture";
  if (begins_with(file, "<svg") || begins_with(file, "<?xml")) return "XML or SVG text";
  return nullptr;
}

Error over_limit(std::string message, std::string_view name, uint64_t needed) {
  return Error(ErrorCode::input, std::move(message))
      .with_hint(fmt::format("if the file is trusted, pass --limit {}={}", name, needed));
}

}  // namespace

ImageFormat detect_image_format(Bytes file) {
  if (file.empty()) throw Error(ErrorCode::input, "the file is empty");
  if (begins_with(file, "\x89PNG\r\n\x1a\n")) return ImageFormat::png;
  if (begins_with(file, "\xff\xd8\xff")) return ImageFormat::jpeg;
  if (is_raw_file(file)) return ImageFormat::raw;
  using namespace std::string_view_literals;
  if (begins_with(file, "II\x2a\0"sv) || begins_with(file, "MM\0\x2a"sv) ||
      begins_with(file, "II\x2b\0"sv) || begins_with(file, "MM\0\x2b"sv)) {
    return ImageFormat::tiff;
  }
  if (begins_with(file, "RIFF") && begins_with(file, "WEBP", 8)) return ImageFormat::webp;
  std::string message = "is not a picture that can be read";
  if (const char* type = unsupported_type(file)) message += fmt::format(": it looks like {}", type);
  throw Error(ErrorCode::input, message)
      .with_hint(
          "PNG, JPEG, TIFF, WebP and raw files are supported; the content decides, not the name");
}

void check_image_file_bytes(uint64_t file_bytes, const Limits& limits) {
  if (file_bytes > limits.image_file_bytes) {
    throw over_limit(
        fmt::format("the file has {}, the limit image.file_bytes is {}", byte_size_text(file_bytes),
                    byte_size_text(limits.image_file_bytes)),
        "image.file_bytes", file_bytes);
  }
}

void check_image_limits(const ImageHeader& header, uint64_t file_bytes, const Limits& limits) {
  check_image_file_bytes(file_bytes, limits);
  const std::string size = fmt::format("{} x {} pixels", header.width, header.height);
  if (header.width == 0 || header.height == 0) {
    throw Error(ErrorCode::input, "the header declares an empty picture of " + size)
        .with_hint("the file is damaged");
  }
  const uint64_t side = std::max(header.width, header.height);
  // Image counts in int, so a raised limit still ends there.
  if (side > limits.image_side || side > uint64_t(INT32_MAX)) {
    throw over_limit(
        fmt::format("the header declares {}, the limit image.side is {}", size, limits.image_side),
        "image.side", side);
  }
  const auto pixels = checked_mul(header.width, header.height);
  if (!pixels || *pixels > limits.image_pixels) {
    throw over_limit(fmt::format("the header declares {}, the limit image.pixels is {}", size,
                                 limits.image_pixels),
                     "image.pixels", pixels.value_or(UINT64_MAX));
  }
  const auto decoded = checked_mul(
      *pixels, static_cast<uint64_t>(header.channels) * static_cast<uint64_t>(header.depth / 8));
  if (!decoded || *decoded > limits.image_decoded_bytes) {
    throw over_limit(
        fmt::format("{} of {} channels and {} bits need {}, the limit image.decoded_bytes is {}",
                    size, header.channels, header.depth,
                    byte_size_text(decoded.value_or(UINT64_MAX)),
                    byte_size_text(limits.image_decoded_bytes)),
        "image.decoded_bytes", decoded.value_or(UINT64_MAX));
  }
  constexpr uint64_t kRatioFrom = 256ull << 20;
  const uint64_t ratio = *decoded / std::max<uint64_t>(file_bytes, 1);
  if (*decoded > kRatioFrom && ratio > limits.image_ratio) {
    throw over_limit(fmt::format("{} in a file of {} is an expansion of {} times, the limit "
                                 "image.ratio is {}: this may be a decompression bomb",
                                 size, byte_size_text(file_bytes), ratio, limits.image_ratio),
                     "image.ratio", ratio + 1);
  }
}

std::vector<uint8_t> to_bytes(Bytes bytes) {
  std::vector<uint8_t> copy(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
  return copy;
}

}  // namespace vane
