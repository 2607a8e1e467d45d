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
#include "engine/image/jpeg.h"
#include "engine/image/xmp.h"

namespace vane {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kExifName = "Exif\0\0"sv, kXmpName = "http://ns.adobe.com/xap/1.0/\0"sv,
                           kIccName = "ICC_PROFILE\0"sv, kPhotoshopName = "Photoshop 3.0\0"sv,
                           kRecipeName = "vane:"sv,
                           kExtendedXmpName = "http://ns.adobe.com/xmp/extension/\0"sv;
/// GUID, length of the whole and offset before each part of an extended packet.
constexpr size_t kGuidBytes = 32, kPartHeadBytes = kGuidBytes + 8;
constexpr uint16_t kIptcResource = 0x0404;

Error damaged(std::string message, uint64_t at) {
  return Error(ErrorCode::input, std::move(message)).at_byte(at);
}

bool begins_with(Bytes bytes, std::string_view name) {
  return bytes.size() >= name.size() && std::memcmp(bytes.data(), name.data(), name.size()) == 0;
}

int byte_at(Bytes bytes, uint64_t at) { return std::to_integer<int>(bytes[at]); }

/// Start-of-frame segment (T.81, B.2.2): precision, height, width, components with sampling.
void read_frame(Bytes segment, int marker, uint64_t at, JpegFile& jpeg) {
  if (jpeg.components != 0) throw damaged("damaged JPEG: a second frame header", at);
  if (marker != 0xC0 && marker != 0xC1 && marker != 0xC2 && marker != 0xC9 && marker != 0xCA) {
    throw damaged(
        fmt::format("a {} JPEG (SOF{}) is not supported",
                    marker == 0xC3 || marker == 0xCB ? "lossless" : "hierarchical", marker - 0xC0),
        at)
        .with_hint("convert it to a baseline or progressive JPEG, or to PNG");
  }
  if (segment.size() < 6) throw damaged("damaged JPEG: the frame header is too short", at);
  jpeg.is_progressive = marker == 0xC2 || marker == 0xCA;
  jpeg.is_arithmetic = marker >= 0xC9;
  if (byte_at(segment, 0) != 8) {
    throw damaged(fmt::format("a JPEG of {} bits a sample is not supported", byte_at(segment, 0)),
                  at)
        .with_hint("convert it to 8 bits, or to a 16-bit PNG");
  }
  jpeg.header.format = "jpeg";
  jpeg.header.height = read_be<uint16_t>(segment, 1).value();
  jpeg.header.width = read_be<uint16_t>(segment, 3).value();
  jpeg.components = byte_at(segment, 5);
  if (jpeg.components != 1 && jpeg.components != 3 && jpeg.components != 4) {
    throw damaged(fmt::format("a JPEG of {} components is not supported", jpeg.components), at);
  }
  if (segment.size() < 6 + 3 * uint64_t(jpeg.components)) {
    throw damaged("damaged JPEG: the frame header is too short", at);
  }
  jpeg.header.channels = jpeg.components == 1 ? 1 : 3;
  uint64_t h_max = 1, v_max = 1;
  for (int c = 0; c < jpeg.components; ++c) {
    const int factors = byte_at(segment, 7 + 3 * uint64_t(c));
    const int h = factors >> 4, v = factors & 15;
    if (h < 1 || h > 4 || v < 1 || v > 4) {
      throw damaged(fmt::format("damaged JPEG: sampling factors {} x {}", h, v), at);
    }
    h_max = std::max<uint64_t>(h_max, h);
    v_max = std::max<uint64_t>(v_max, v);
  }
  for (int c = 0; c < jpeg.components; ++c) {
    const auto factors = static_cast<uint64_t>(byte_at(segment, 7 + 3 * uint64_t(c)));
    const auto blocks = [](uint64_t size, uint64_t factor, uint64_t most) {
      return (size * factor + most * 8 - 1) / (most * 8);
    };
    jpeg.blocks += blocks(jpeg.header.width, factors >> 4, h_max) *
                   blocks(jpeg.header.height, factors & 15, v_max);
  }
}

/// JFIF's density (unit, across, down), where it is one and not a shape of pixels.
PixelDensity jfif_density(Bytes segment) {
  const int unit = segment.size() >= 12 ? byte_at(segment, 7) : 0;
  if (unit != 1 && unit != 2) return {};
  const double per_inch = unit == 2 ? 2.54 : 1;
  return {read_be<uint16_t>(segment, 8).value() * per_inch,
          read_be<uint16_t>(segment, 10).value() * per_inch};
}

/// Names of segments that are not carried on; empty for those without anything of their own.
std::string other_segment(Bytes segment, int marker) {
  if (marker == 0xE2 && begins_with(segment, "MPF\0"sv)) {
    return "MPF: pictures behind this one (gain map, preview, depth)";
  }
  if (marker == 0xE2 && begins_with(segment, "FPXR\0"sv)) return "FlashPix extension";
  if (marker == 0xE2 && begins_with(segment, "urn:iso:std:iso:ts:21496:-1\0"sv)) return "gain map";
  if (marker == 0xE0 && begins_with(segment, "JFXX\0"sv)) return "JFIF thumbnail";
  if (marker == 0xE0 && begins_with(segment, "JFIF\0"sv)) {
    const bool has_thumbnail = segment.size() > 14;
    return has_thumbnail ? "JFIF thumbnail" : "";
  }
  if (marker == 0xEB && begins_with(segment, "JP"sv)) return "content credentials (JUMBF)";
  if (marker == 0xEE && begins_with(segment, "Adobe"sv)) return "";
  if (marker == 0xFE) return "comment";
  return marker >= 0xE0 && marker <= 0xEF ? fmt::format("APP{} segment", marker - 0xE0) : "";
}

void note_application_data(Bytes segment, int marker, JpegFile& jpeg) {
  if (marker == 0xE0 && begins_with(segment, "JFIF\0"sv)) jpeg.density = jfif_density(segment);
  if (marker == 0xE1 && begins_with(segment, kExifName) && jpeg.exif.empty()) {
    jpeg.exif = segment.subspan(kExifName.size());
  } else if (marker == 0xE1 && begins_with(segment, kXmpName) && jpeg.xmp.empty()) {
    jpeg.xmp = segment.subspan(kXmpName.size());
  } else if (marker == 0xE2 && begins_with(segment, kIccName)) {
    jpeg.icc_parts.push_back(segment.subspan(kIccName.size()));
  } else if (marker == 0xE1 && begins_with(segment, kExtendedXmpName)) {
    jpeg.extended_xmp.push_back(segment.subspan(kExtendedXmpName.size()));
  } else if (marker == 0xED && begins_with(segment, kPhotoshopName) && jpeg.photoshop.empty()) {
    jpeg.photoshop = segment.subspan(kPhotoshopName.size());
  } else if (marker == 0xFE && begins_with(segment, kRecipeName)) {
    jpeg.comments.push_back(segment.subspan(kRecipeName.size()));
  } else if (std::string name = other_segment(segment, marker); !name.empty()) {
    note_left_out(jpeg.left_out, std::move(name));
  }
}

/// Position of the next marker that is neither stuffing nor a restart; the end when there is none.
uint64_t skip_entropy_data(Bytes file, uint64_t at) {
  while (at < file.size()) {
    const void* found = std::memchr(file.data() + at, 0xFF, file.size() - at);
    if (!found) break;
    at = static_cast<uint64_t>(static_cast<const std::byte*>(found) - file.data());
    if (at + 1 >= file.size()) break;
    const int next = byte_at(file, at + 1);
    if (next != 0 && next != 0xFF && (next < 0xD0 || next > 0xD7)) return at;
    at += next == 0xFF ? 1 : 2;
  }
  return file.size();
}

/// Position of the byte after the next 0xFF run, that is of a marker code; nothing at the end.
std::optional<uint64_t> next_marker(Bytes file, uint64_t at) {
  while (at < file.size() && file[at] != std::byte{0xFF}) ++at;
  while (at < file.size() && file[at] == std::byte{0xFF}) ++at;
  if (at >= file.size()) return std::nullopt;
  return at;
}

void check_scans(const JpegFile& jpeg, const Limits& limits) {
  if (jpeg.scans > limits.image_jpeg_scans) {
    throw Error(ErrorCode::input,
                fmt::format("the JPEG has more than {} scans, the limit image.jpeg_scans: this may "
                            "be a bomb",
                            limits.image_jpeg_scans))
        .with_hint(fmt::format("if the file is trusted, pass --limit image.jpeg_scans={}",
                               limits.image_jpeg_scans * 10));
  }
  // Each scan visits the whole picture, however short its data.
  const uint64_t work = jpeg.scans * jpeg.header.width * jpeg.header.height;
  if (jpeg.scans > 16 && work / 32 > limits.image_pixels) {
    throw Error(ErrorCode::input,
                fmt::format("{} scans over {} x {} pixels are more work than 32 times the limit "
                            "image.pixels",
                            jpeg.scans, jpeg.header.width, jpeg.header.height))
        .with_hint(fmt::format("if the file is trusted, pass --limit image.pixels={}", work / 32));
  }
}

/// Profile parts carry their number and how many there are; both count from 1.
std::vector<uint8_t> joined_profile(const std::vector<Bytes>& parts) {
  std::vector<Bytes> ordered(parts.size());
  size_t total = 0;
  for (const Bytes part : parts) {
    if (part.size() < 2) return {};
    const auto number = std::to_integer<size_t>(part[0]), count = std::to_integer<size_t>(part[1]);
    if (count != parts.size() || number < 1 || number > count || !ordered[number - 1].empty()) {
      return {};
    }
    ordered[number - 1] = part;
    total += part.size() - 2;
  }
  std::vector<uint8_t> profile;
  profile.reserve(total);
  for (const Bytes part : ordered) {
    for (const std::byte b : part.subspan(2)) profile.push_back(std::to_integer<uint8_t>(b));
  }
  return profile;
}

/// The extended packet of this GUID, from parts that may stand in any order but cover it without a
/// gap or an overlap; nothing when they do not, or when the GUID is not its MD5.
std::optional<std::vector<uint8_t>> joined_xmp(const std::vector<Bytes>& parts,
                                               std::string_view guid) {
  std::vector<std::pair<uint32_t, Bytes>> ordered;
  std::optional<uint32_t> whole;
  for (const Bytes part : parts) {
    if (!begins_with(part, guid)) continue;
    const auto size = read_be<uint32_t>(part, kGuidBytes);
    const auto at = read_be<uint32_t>(part, kGuidBytes + 4);
    if (!at || (whole && whole != size) || size > kMaxMetadataBytes) return std::nullopt;
    whole = size;
    ordered.emplace_back(*at, part.subspan(kPartHeadBytes));
  }
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<uint8_t> xmp;
  for (const auto& [at, part] : ordered) {
    if (at != xmp.size()) return std::nullopt;
    const auto* begin = reinterpret_cast<const uint8_t*>(part.data());
    xmp.insert(xmp.end(), begin, begin + part.size());
  }
  if (!whole || xmp.size() != *whole || md5_hex(std::as_bytes(std::span(xmp))) != guid) {
    return std::nullopt;
  }
  return xmp;
}

/// The standard packet with what its extension adds.
std::vector<uint8_t> whole_xmp(const JpegFile& jpeg, std::vector<std::string>& left_out) {
  std::vector<uint8_t> standard = to_bytes(jpeg.xmp);
  const auto lost = [&] { note_left_out(left_out, "extended XMP: its parts are damaged"); };
  // Most packets name no extension, and stay as they are, byte for byte.
  static constexpr std::string_view kNote = "HasExtendedXMP";
  const bool names_one =
      std::search(standard.begin(), standard.end(), kNote.begin(), kNote.end()) != standard.end();
  auto packet = names_one ? XmpPacket::parse(standard) : std::nullopt;
  if (!packet) {
    if (!jpeg.extended_xmp.empty()) lost();
    return standard;
  }
  const std::string guid = packet->extended_guid();
  const auto joined =
      guid.size() == kGuidBytes ? joined_xmp(jpeg.extended_xmp, guid) : std::nullopt;
  const auto extended = joined ? XmpPacket::parse(*joined) : std::nullopt;
  packet->remove_extended_guid();
  if (extended) {
    packet->merge(*extended);
  } else {
    lost();
  }
  return packet->bytes();
}

/// Drops what XMP says of a gain map, whose picture is not carried on.
void drop_gain_map(ImageMetadata& metadata) {
  static constexpr std::string_view kNames[] = {"hdrgm:", "HDRGainMap", "Container:Directory"};
  const bool may_have = std::any_of(std::begin(kNames), std::end(kNames), [&](auto name) {
    return std::search(metadata.xmp.begin(), metadata.xmp.end(), name.begin(), name.end()) !=
           metadata.xmp.end();
  });
  auto packet = may_have ? XmpPacket::parse(metadata.xmp) : std::nullopt;
  if (!packet || !packet->remove_gain_map()) return;
  metadata.xmp = packet->bytes();
  note_left_out(metadata.left_out, "gain map");
}

/// Whether Photoshop's resources hold more than IPTC.
bool has_other_resources(Bytes resources) {
  for (uint64_t at = 0;
       begins_with(resources.subspan(std::min<uint64_t>(at, resources.size())), "8BIM");) {
    const auto id = read_be<uint16_t>(resources, at + 4);
    if (!id || at + 6 >= resources.size()) return false;
    if (*id != kIptcResource) return true;
    const uint64_t name = static_cast<uint64_t>(byte_at(resources, at + 6)) + 1;
    const auto size = read_be<uint32_t>(resources, at + 6 + name + name % 2);
    if (!size) return false;
    at += 10 + name + name % 2 + *size + *size % 2;
  }
  return false;
}

/// The IPTC record among Photoshop's image resources: "8BIM", id, Pascal string padded to even
/// length, size, data padded to even length.
std::vector<uint8_t> iptc_of(Bytes resources) {
  uint64_t at = 0;
  while (begins_with(resources.subspan(std::min<uint64_t>(at, resources.size())), "8BIM")) {
    const auto id = read_be<uint16_t>(resources, at + 4);
    if (!id || at + 6 >= resources.size()) return {};
    const uint64_t name = static_cast<uint64_t>(byte_at(resources, at + 6)) + 1;
    const uint64_t size_at = at + 6 + name + name % 2;
    const auto size = read_be<uint32_t>(resources, size_at);
    if (!size || *size > resources.size() - size_at - 4) return {};
    if (*id == kIptcResource) return to_bytes(resources.subspan(size_at + 4, *size));
    at = size_at + 4 + *size + *size % 2;
  }
  return {};
}

}  // namespace

JpegFile parse_jpeg(Bytes file, const Limits& limits) {
  JpegFile jpeg;
  bool has_huffman_tables = false;
  uint64_t at = 2;  // after the start marker
  while (const auto code_at = next_marker(file, at)) {
    const int marker = byte_at(file, *code_at);
    at = *code_at + 1;
    if (marker == 0xD9) {
      jpeg.is_complete = true;
      break;
    }
    const bool stands_alone = marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD8);
    if (stands_alone) continue;
    const auto length = read_be<uint16_t>(file, at);
    if (!length || *length > file.size() - at) {
      if (jpeg.scans > 0) break;
      throw damaged("truncated JPEG: a segment goes beyond the end of the file", at);
    }
    if (*length < 2) throw damaged("damaged JPEG: a segment of impossible length", at);
    const Bytes segment = file.subspan(at + 2, *length - 2u);
    const bool is_frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (is_frame) read_frame(segment, marker, at, jpeg);
    has_huffman_tables = has_huffman_tables || marker == 0xC4;
    note_application_data(segment, marker, jpeg);
    at += *length;
    if (marker != 0xDA) continue;
    if (jpeg.components == 0) throw damaged("damaged JPEG: a scan before the frame header", at);
    // The decoder would fill in tables of its own; nothing says that they are the right ones.
    if (!has_huffman_tables && !jpeg.is_arithmetic) {
      throw damaged("damaged JPEG: the Huffman tables are missing", at);
    }
    ++jpeg.scans;
    check_scans(jpeg, limits);
    const uint64_t end = skip_entropy_data(file, at);
    jpeg.entropy_bytes += end - at;
    at = end;
  }
  if (jpeg.components == 0) {
    throw damaged("truncated JPEG: the file ends before the frame header", file.size());
  }
  if (jpeg.scans == 0) throw damaged("truncated JPEG: the file ends before the picture", at);
  return jpeg;
}

ImageMetadata jpeg_metadata(const JpegFile& jpeg) {
  ImageMetadata metadata;
  metadata.icc = joined_profile(jpeg.icc_parts);
  metadata.exif = to_bytes(jpeg.exif);
  metadata.left_out = jpeg.left_out;
  metadata.xmp = whole_xmp(jpeg, metadata.left_out);
  metadata.iptc = iptc_of(jpeg.photoshop);
  metadata.density = jpeg.density.is_known() ? jpeg.density : exif_density(metadata.exif);
  drop_gain_map(metadata);
  if (has_other_resources(jpeg.photoshop)) {
    note_left_out(metadata.left_out, "Photoshop resources");
  }
  if (metadata.icc.empty() && !jpeg.icc_parts.empty()) {
    note_left_out(metadata.left_out, "ICC profile: its parts are damaged");
  }
  return metadata;
}

std::optional<std::string> jpeg_recipe(const JpegFile& jpeg) {
  if (jpeg.comments.empty()) return std::nullopt;
  std::string recipe;
  for (const Bytes part : jpeg.comments) {
    recipe.append(reinterpret_cast<const char*>(part.data()), part.size());
  }
  if (!is_utf8(recipe)) return std::nullopt;
  return recipe;
}

}  // namespace vane
