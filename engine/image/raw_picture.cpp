// SPDX-License-Identifier: Apache-2.0
#include "engine/image/raw_picture.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <string_view>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/image/exif.h"
#include "engine/image/jpeg.h"
#include "engine/image/tiff_directory.h"
#include "engine/image/tiff_tags.h"
#include "engine/raw/raw_file.h"

namespace vane {
namespace {

using namespace std::string_view_literals;

constexpr uint16_t kSubDirectories = 330, kDngVersion = 50706;
constexpr uint64_t kFilterMosaic = 32803, kLinearRaw = 34892;
/// Directories that are looked at; cameras write fewer than ten.
constexpr uint64_t kMaxDirectories = 64;
/// Fewer bits a pixel than lossy DNG needs for an even grey: pixels that cannot be in the file.
constexpr uint64_t kMostPixelsPerByte = 64;

std::span<const uint8_t> octets(Bytes file) {
  return {reinterpret_cast<const uint8_t*>(file.data()), file.size()};
}

bool has_at(Bytes file, size_t at, std::string_view magic) {
  return file.size() >= at + magic.size() &&
         std::memcmp(file.data() + at, magic.data(), magic.size()) == 0;
}

bool is_mosaic(const TiffReader& reader, const TiffDirectory& directory) {
  if (directory.find(kDngVersion)) return true;
  const TiffEntry* colour = directory.find(tiff_tag::kPhotometric);
  const auto value = colour ? tiff_value(reader, *colour) : std::nullopt;
  return value == kFilterMosaic || value == kLinearRaw;
}

/// Whether any directory of the chain, or one directly below it, holds samples of a sensor.
bool has_mosaic(const TiffReader& reader) {
  uint64_t seen = 0;
  for (uint64_t at = reader.first_directory(); at != 0 && seen < kMaxDirectories; ++seen) {
    const auto directory = read_tiff_directory(reader, at);
    if (!directory) return false;
    if (is_mosaic(reader, *directory)) return true;
    const TiffEntry* below = directory->find(kSubDirectories);
    for (uint64_t i = 0; below && i < below->count && seen < kMaxDirectories; ++i, ++seen) {
      const auto sub_at = tiff_value(reader, *below, i);
      const auto sub = sub_at ? read_tiff_directory(reader, *sub_at) : std::nullopt;
      if (sub && is_mosaic(reader, *sub)) return true;
    }
    at = directory->next;
  }
  return false;
}

ImageHeader checked_header(const RawFile& raw, Bytes file, const Limits& limits) {
  const RawSize size = raw.size();
  ImageHeader header{"raw", size.width, size.height, size.channels, 16};
  check_image_limits(header, file.size(), limits);
  check_image_limits({"raw", size.sensor_width, size.sensor_height, 1, 16}, file.size(), limits);
  if (size.sensor_width * size.sensor_height / kMostPixelsPerByte > file.size()) {
    throw Error(ErrorCode::input,
                fmt::format("truncated raw file: {} x {} pixels cannot come from {} bytes",
                            size.sensor_width, size.sensor_height, file.size()));
  }
  return header;
}

TiffField text_field(uint16_t tag, const std::string& text) {
  std::vector<uint8_t> bytes(text.begin(), text.end());
  bytes.push_back(0);
  return tiff_blob(tag, 2, std::move(bytes));
}

/// Values of at most 4,000,000.
TiffField rational_field(uint16_t tag, const std::vector<double>& values) {
  std::vector<uint32_t> words;
  for (const double value : values) {
    // Short exposures are one over a whole number.
    const double inverse = value > 1e-6 ? 1 / value : 0;
    if (inverse >= 2 && std::abs(inverse - std::round(inverse)) < 1e-3 * inverse) {
      words.insert(words.end(), {1, static_cast<uint32_t>(std::lround(inverse))});
      continue;
    }
    const double scale = value < 400 ? 1e6 : 1e3;
    words.push_back(static_cast<uint32_t>(std::lround(value * scale)));
    words.push_back(static_cast<uint32_t>(scale));
  }
  TiffField field = tiff_long(tag, words);
  field.type = 5;
  field.count = values.size();
  return field;
}

/// The fields that every viewer shows, for containers that are not built like TIFF.
ExifFields fields_of(const RawDescription& raw) {
  ExifFields fields;
  const auto text = [](std::vector<TiffField>& into, uint16_t tag, const std::string& value) {
    if (!value.empty()) into.push_back(text_field(tag, value));
  };
  const auto number = [&](uint16_t tag, double value) {
    if (value > 0 && value < 400'000) fields.exposure.push_back(rational_field(tag, {value}));
  };
  text(fields.picture, 0x010E, raw.description);
  text(fields.picture, 0x010F, raw.maker);
  text(fields.picture, 0x0110, raw.model);
  text(fields.picture, 0x0131, raw.software);
  text(fields.picture, 0x0132, raw.date);
  text(fields.picture, 0x013B, raw.artist);
  number(0x829A, raw.exposure);
  number(0x829D, raw.aperture);
  if (raw.iso >= 1 && raw.iso < 65535) {
    fields.exposure.push_back(tiff_short(0x8827, {static_cast<uint16_t>(std::lround(raw.iso))}));
  }
  text(fields.exposure, 0x9003, raw.date);
  number(0x920A, raw.focal_length);
  if (raw.has_position) {
    const auto& north = raw.latitude;
    const auto& east = raw.longitude;
    fields.gps.push_back(text_field(1, {raw.latitude_reference}));
    fields.gps.push_back(rational_field(2, {north[0], north[1], north[2]}));
    fields.gps.push_back(text_field(3, {raw.longitude_reference}));
    fields.gps.push_back(rational_field(4, {east[0], east[1], east[2]}));
  }
  return fields;
}

/// The EXIF block of the JPEG that Fujifilm's files carry.
std::vector<uint8_t> exif_of_preview(Bytes file, const Limits& limits) {
  const auto at = read_be<uint32_t>(file, 84), size = read_be<uint32_t>(file, 88);
  if (!at || !size || *at > file.size() || *size > file.size() - *at) return {};
  try {
    return jpeg_metadata(parse_jpeg(file.subspan(*at, *size), limits)).exif;
  } catch (const Error&) {
    return {};  // a preview that is broken is no reason to refuse the photograph
  }
}

void copy_blob(const TiffReader& reader, const TiffDirectory& directory, uint16_t tag,
               std::vector<uint8_t>& into) {
  const TiffEntry* entry = directory.find(tag);
  if (!entry || entry->value_bytes > kMaxMetadataBytes) return;
  const auto bytes = reader.bytes().subspan(entry->value_at, entry->value_bytes);
  into.assign(bytes.begin(), bytes.end());
}

ImageMetadata raw_metadata(Bytes file, const RawFile& raw, const Limits& limits) {
  ImageMetadata metadata;
  const TiffReader reader(octets(file));
  if (reader.is_valid()) {
    metadata.exif = exif_block(exif_fields(octets(file)));
    if (const auto first = read_tiff_directory(reader, reader.first_directory())) {
      copy_blob(reader, *first, tiff_tag::kXmp, metadata.xmp);
      copy_blob(reader, *first, tiff_tag::kIptc, metadata.iptc);
    }
  } else if (has_at(file, 0, "FUJIFILMCCD-RAW")) {
    metadata.exif = exif_of_preview(file, limits);
  }
  if (metadata.exif.empty()) metadata.exif = exif_block(fields_of(raw.description()));
  metadata.density = exif_density(metadata.exif);
  if (reader.is_valid() && has_maker_notes(octets(file))) {
    note_left_out(metadata.left_out, "maker notes");
  }
  return metadata;
}

}  // namespace

bool is_raw_file(Bytes file) {
  if (has_at(file, 0, "FUJIFILMCCD-RAW") || has_at(file, 4, "ftypcrx ") ||
      has_at(file, 0, "\0MRM"sv) || has_at(file, 0, "FOVb") || has_at(file, 6, "HEAPCCDR")) {
    return true;
  }
  const TiffReader reader(octets(file));
  if (!reader.is_valid()) return false;
  return reader.is_camera_variant() || (has_at(file, 8, "CR") && file.size() > 16) ||
         has_mosaic(reader);
}

ImageHeader read_raw_header(Bytes file, const Limits& limits) {
  return checked_header(RawFile(file, limits.image_decoded_bytes), file, limits);
}

Image decode_raw(Bytes file, const DecodeOptions& options) {
  RawFile raw(file, options.limits.image_decoded_bytes);
  const ImageHeader header = checked_header(raw, file, options.limits);
  Image image;
  image.metadata = raw_metadata(file, raw, options.limits);
  RawSamples samples = raw.develop(options.tolerate_damage);
  if (samples.width != header.width || samples.height != header.height ||
      samples.channels != header.channels) {
    throw Error(ErrorCode::input, "damaged raw file: its headers contradict each other");
  }
  image.width = static_cast<int>(samples.width);
  image.height = static_cast<int>(samples.height);
  image.channels = samples.channels;
  image.depth = 16;
  image.u16 = std::move(samples.values);
  image.metadata.exif = exif_for_pixels(image.metadata.exif, 1, image.width, image.height);
  image.converted = true;
  return image;
}

}  // namespace vane
