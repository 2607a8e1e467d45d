// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <string_view>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/exif.h"
#include "engine/image/webp.h"

namespace vane {
namespace {

Error damaged(std::string message, uint64_t at) {
  return Error(ErrorCode::input, std::move(message)).at_byte(at);
}

Error animated() {
  return Error(ErrorCode::input, "an animated WebP is not supported")
      .with_hint("extract one frame as a still picture");
}

struct Size {
  uint64_t width = 0, height = 0;
  bool has_alpha = false;
};

uint32_t read_24(Bytes data, uint64_t at) {
  return std::to_integer<uint32_t>(data[at]) | std::to_integer<uint32_t>(data[at + 1]) << 8 |
         std::to_integer<uint32_t>(data[at + 2]) << 16;
}

/// Key frame header of VP8 (RFC 6386, section 9.1).
Size lossy_size(Bytes data, uint64_t at) {
  if (data.size() < 10 || (std::to_integer<int>(data[0]) & 1) != 0 || data[3] != std::byte{0x9d} ||
      data[4] != std::byte{0x01} || data[5] != std::byte{0x2a}) {
    throw damaged("damaged WebP: the VP8 data does not start with a key frame", at);
  }
  return {read_le<uint16_t>(data, 6).value() & 0x3fffu,
          read_le<uint16_t>(data, 8).value() & 0x3fffu, false};
}

/// Header of the lossless format: signature, 14 bits width - 1, 14 bits height - 1, alpha, version.
Size lossless_size(Bytes data, uint64_t at) {
  const auto bits = read_le<uint32_t>(data, 1);
  if (!bits || data[0] != std::byte{0x2f} || *bits >> 29 != 0) {
    throw damaged("damaged WebP: the VP8L data has no valid header", at);
  }
  return {(*bits & 0x3fff) + 1, (*bits >> 14 & 0x3fff) + 1, (*bits >> 28 & 1) != 0};
}

}  // namespace

WebpFile parse_webp(Bytes file) {
  const auto riff_bytes = read_le<uint32_t>(file, 4);
  if (!riff_bytes || *riff_bytes < 12 || file.size() < 20) {
    throw damaged("truncated WebP: the file ends in its header", file.size());
  }
  if (*riff_bytes > file.size() - 8) {
    throw damaged("truncated WebP: the file is shorter than its header says", file.size());
  }
  const uint64_t end = uint64_t{*riff_bytes} + 8;
  WebpFile webp;
  webp.header.format = "webp";
  std::optional<Size> canvas, picture;
  bool has_alpha = false;
  for (uint64_t at = 12; at + 8 <= end;) {
    const std::string_view type(reinterpret_cast<const char*>(file.data() + at), 4);
    const auto size = read_le<uint32_t>(file, at + 4).value();
    if (size > end - at - 8) throw damaged("truncated WebP: a chunk goes beyond the end", at);
    const Bytes data = file.subspan(at + 8, size);
    if (type == "VP8X") {
      if (size < 10) throw damaged("damaged WebP: the VP8X chunk is too short", at);
      const int flags = std::to_integer<int>(data[0]);
      if (flags & 0x02) throw animated();
      canvas = Size{read_24(data, 4) + 1u, read_24(data, 7) + 1u, (flags & 0x10) != 0};
    } else if (type == "ANIM" || type == "ANMF") {
      throw animated();
    } else if (type == "VP8 " && !picture) {
      picture = lossy_size(data, at + 8);
    } else if (type == "VP8L" && !picture) {
      picture = lossless_size(data, at + 8);
    } else if (type == "ALPH") {
      has_alpha = true;
    } else if (type == "ICCP") {
      webp.icc = data;
    } else if (type == "EXIF") {
      webp.exif = data;
    } else if (type == "XMP ") {
      webp.xmp = data;
    } else if (type == "VANE") {
      webp.recipe = data;
    } else {
      note_left_out(webp.left_out, "WebP chunk " + printable(std::string(type), 16));
    }
    at += 8 + uint64_t{size} + size % 2;
  }
  if (!picture) throw damaged("damaged WebP: it has no picture data", end);
  if (canvas && (canvas->width != picture->width || canvas->height != picture->height)) {
    throw damaged("damaged WebP: the sizes of canvas and picture differ", 12);
  }
  webp.header.width = picture->width;
  webp.header.height = picture->height;
  // A bare VP8L file has alpha by its own bit; in the extended layout the canvas decides.
  const bool is_transparent =
      canvas ? canvas->has_alpha && (has_alpha || picture->has_alpha) : picture->has_alpha;
  webp.header.channels = is_transparent ? 4 : 3;
  return webp;
}

ImageMetadata webp_metadata(const WebpFile& webp) {
  ImageMetadata metadata;
  metadata.icc = to_bytes(webp.icc);
  // Some writers put JPEG's prefix before the block.
  static constexpr std::string_view kPrefix("Exif\0\0", 6);
  Bytes exif = webp.exif;
  if (exif.size() >= kPrefix.size() &&
      std::memcmp(exif.data(), kPrefix.data(), kPrefix.size()) == 0) {
    exif = exif.subspan(kPrefix.size());
  }
  metadata.exif = to_bytes(exif);
  metadata.xmp = to_bytes(webp.xmp);
  metadata.density = exif_density(metadata.exif);
  metadata.left_out = webp.left_out;
  return metadata;
}

std::optional<std::string> webp_recipe(const WebpFile& webp) {
  if (webp.recipe.empty()) return std::nullopt;
  std::string recipe(reinterpret_cast<const char*>(webp.recipe.data()), webp.recipe.size());
  if (!is_utf8(recipe)) return std::nullopt;
  return recipe;
}

}  // namespace vane
