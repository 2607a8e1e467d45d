// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/text.h"
#include "engine/image/exif.h"
#include "engine/image/png.h"

namespace vane {
namespace {

constexpr uint64_t kSignatureBytes = 8;
/// Length, type and CRC around the data of each chunk.
constexpr uint64_t kChunkOverhead = 12;

Error damaged(std::string message, uint64_t at) {
  return Error(ErrorCode::input, std::move(message)).at_byte(at);
}

struct Chunk {
  std::string_view type;
  Bytes data;
  uint64_t at = 0;
};

Chunk read_chunk(Bytes file, uint64_t at) {
  const auto length = read_be<uint32_t>(file, at);
  const uint64_t remaining = file.size() - at;
  if (!length || remaining < kChunkOverhead || *length > remaining - kChunkOverhead) {
    throw damaged("truncated PNG: a chunk goes beyond the end of the file", at);
  }
  const auto* text = reinterpret_cast<const char*>(file.data() + at + 4);
  const std::string_view type(text, 4);
  if (!std::all_of(type.begin(), type.end(),
                   [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); })) {
    throw damaged("damaged PNG: a chunk type is not four letters", at + 4);
  }
  return {type, file.subspan(at + 8, *length), at};
}

bool has_valid_crc(Bytes file, const Chunk& chunk) {
  const auto stored = read_be<uint32_t>(file, chunk.at + 8 + chunk.data.size());
  return stored == crc32(file.subspan(chunk.at + 4, 4 + chunk.data.size()));
}

void read_ihdr(const Chunk& chunk, PngFile& png) {
  if (chunk.type != "IHDR" || chunk.data.size() != 13) {
    throw damaged("damaged PNG: the first chunk has to be IHDR of 13 bytes", chunk.at);
  }
  const auto field = [&](size_t i) { return std::to_integer<int>(chunk.data[i]); };
  png.header.format = "png";
  png.header.width = read_be<uint32_t>(chunk.data, 0).value();
  png.header.height = read_be<uint32_t>(chunk.data, 4).value();
  png.bit_depth = field(8);
  png.colour_type = field(9);
  const bool is_power = png.bit_depth == 1 || png.bit_depth == 2 || png.bit_depth == 4;
  const bool is_byte = png.bit_depth == 8 || png.bit_depth == 16;
  const bool allowed = png.colour_type == 0   ? is_power || is_byte
                       : png.colour_type == 3 ? is_power || png.bit_depth == 8
                                              : is_byte;
  constexpr int kChannels[7] = {1, 0, 3, 3, 2, 0, 4};
  if (png.colour_type > 6 || kChannels[png.colour_type] == 0 || !allowed) {
    throw damaged(fmt::format("damaged PNG: colour type {} with {} bits does not exist",
                              png.colour_type, png.bit_depth),
                  chunk.at + 16);
  }
  if (field(10) != 0 || field(11) != 0 || field(12) > 1) {
    throw damaged("damaged PNG: unknown compression, filter or interlace method", chunk.at + 18);
  }
  png.is_palette = png.colour_type == 3;
  png.header.channels = kChannels[png.colour_type];
  png.header.depth = png.bit_depth == 16 ? 16 : 8;
}

/// Text of an iTXt chunk with keyword `keyword` from the flag byte on, or nothing.
Bytes international_text(const Chunk& chunk, std::string_view keyword) {
  const size_t n = keyword.size();
  if (chunk.data.size() < n + 5 || std::memcmp(chunk.data.data(), keyword.data(), n) != 0 ||
      chunk.data[n] != std::byte{0}) {
    return {};
  }
  return chunk.data.subspan(n + 1);
}

/// Pixels per metre across and down, where the unit is one.
PixelDensity physical_density(const Chunk& chunk) {
  if (chunk.data.size() != 9 || chunk.data[8] != std::byte{1}) return {};
  constexpr double kMetresPerInch = 0.0254;
  return {read_be<uint32_t>(chunk.data, 0).value() * kMetresPerInch,
          read_be<uint32_t>(chunk.data, 4).value() * kMetresPerInch};
}

void note_ancillary(Bytes file, const Chunk& chunk, PngFile& png) {
  if (chunk.type == "pHYs" && has_valid_crc(file, chunk)) png.density = physical_density(chunk);
  // Samples count as sRGB where no profile says otherwise, which is what sRGB says.
  if (chunk.type == "pHYs" || chunk.type == "sRGB") return;
  const bool interesting = chunk.type == "iCCP" || chunk.type == "eXIf" || chunk.type == "iTXt";
  if (!interesting || chunk.data.size() > kMaxMetadataBytes || !has_valid_crc(file, chunk)) {
    note_left_out(png.left_out, "PNG chunk " + std::string(chunk.type));
    return;
  }
  if (chunk.type == "iCCP") {
    png.icc = chunk.data;
  } else if (chunk.type == "eXIf") {
    png.exif = chunk.data;
  } else if (const Bytes xmp = international_text(chunk, "XML:com.adobe.xmp"); !xmp.empty()) {
    png.xmp = xmp;
  } else if (const Bytes recipe = international_text(chunk, "vane"); !recipe.empty()) {
    png.recipe = recipe;
  } else {
    note_left_out(png.left_out, "PNG chunk iTXt");
  }
}

/// The text behind flag, method, language and translated keyword; inflated when flagged so.
std::optional<std::vector<uint8_t>> text_of(Bytes rest) {
  if (rest.size() < 4) return std::nullopt;
  const bool compressed = rest[0] == std::byte{1};
  Bytes text = rest.subspan(2);
  for (int field = 0; field < 2; ++field) {
    const auto end = std::find(text.begin(), text.end(), std::byte{0});
    if (end == text.end()) return std::nullopt;
    text = text.subspan(static_cast<size_t>(end - text.begin()) + 1);
  }
  if (compressed) return inflate_bounded(text, kMaxMetadataBytes);
  return to_bytes(text);
}

}  // namespace

PngFile parse_png(Bytes file) {
  PngFile png;
  uint64_t at = kSignatureBytes;
  uint64_t palette_entries = 0;
  bool is_first = true, has_palette = false, has_transparency = false, is_complete = false;
  while (!is_complete) {
    if (at >= file.size()) throw damaged("truncated PNG: the end chunk IEND is missing", at);
    const Chunk chunk = read_chunk(file, at);
    if (is_first) {
      read_ihdr(chunk, png);
      is_first = false;
    } else if (chunk.type == "IHDR") {
      throw damaged("damaged PNG: a second IHDR chunk", at);
    } else if (chunk.type == "PLTE") {
      has_palette = true;
      palette_entries = chunk.data.size() / 3;
    } else if (chunk.type == "tRNS") {
      if (png.is_palette && chunk.data.size() > palette_entries) {
        throw damaged(fmt::format("damaged PNG: {} transparencies for {} palette entries",
                                  chunk.data.size(), palette_entries),
                      at);
      }
      has_transparency = png.colour_type < 4 && !chunk.data.empty();
    } else if (chunk.type == "IDAT") {
      png.image_bytes += chunk.data.size();
    } else if (chunk.type == "IEND") {
      is_complete = true;
    } else {
      note_ancillary(file, chunk, png);
    }
    at += kChunkOverhead + chunk.data.size();
  }
  if (png.image_bytes == 0) throw damaged("damaged PNG: there is no image data", at);
  if (png.is_palette && !has_palette) throw damaged("damaged PNG: the palette is missing", at);
  if (has_transparency) ++png.header.channels;
  return png;
}

ImageMetadata png_metadata(const PngFile& png) {
  ImageMetadata metadata;
  const auto name_end = std::find(png.icc.begin(), png.icc.end(), std::byte{0});
  // Profile name, NUL, compression method, deflated profile.
  if (png.icc.end() - name_end > 2) {
    const auto offset = static_cast<size_t>(name_end - png.icc.begin()) + 2;
    if (auto profile = inflate_bounded(png.icc.subspan(offset), kMaxMetadataBytes)) {
      metadata.icc = std::move(*profile);
    }
  }
  metadata.exif = to_bytes(png.exif);
  if (auto xmp = text_of(png.xmp)) metadata.xmp = std::move(*xmp);
  metadata.density = png.density.is_known() ? png.density : exif_density(metadata.exif);
  metadata.left_out = png.left_out;
  if (!png.icc.empty() && metadata.icc.empty()) {
    note_left_out(metadata.left_out, "ICC profile: it does not inflate");
  }
  return metadata;
}

std::optional<std::string> png_recipe(const PngFile& png) {
  const auto text = text_of(png.recipe);
  if (!text) return std::nullopt;
  std::string recipe(text->begin(), text->end());
  if (!is_utf8(recipe)) return std::nullopt;
  return recipe;
}

}  // namespace vane
