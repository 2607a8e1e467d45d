// SPDX-License-Identifier: Apache-2.0
#include "engine/image/exif.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace vane {
namespace {

constexpr uint16_t kOrientation = 0x0112, kExposureLink = 0x8769, kGpsLink = 0x8825,
                   kInteroperabilityLink = 0xA005, kMakerNote = 0x927C, kWidth = 0xA002,
                   kHeight = 0xA003, kThumbnailOffset = 0x0201, kThumbnailBytes = 0x0202,
                   kXResolution = 0x011A, kYResolution = 0x011B, kResolutionUnit = 0x0128;
constexpr uint16_t kShort = 3, kLong = 4;
/// Fields of the first directory that describe the picture and not how it is stored: description,
/// maker, model, orientation, resolution (three), software, date, artist, host, copyright.
constexpr uint16_t kDescriptive[] = {0x010E, 0x010F, 0x0110, 0x0112, 0x011A, 0x011B,
                                     0x0128, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298};
/// More than this in one field is not a description.
constexpr uint64_t kMaxFieldBytes = 64 * 1024;

std::optional<uint64_t> single_value(const TiffReader& reader, const TiffEntry* entry) {
  if (!entry || entry->count != 1 || (entry->type != kShort && entry->type != kLong)) {
    return std::nullopt;
  }
  return tiff_value(reader, *entry);
}

void store(std::vector<uint8_t>& bytes, uint64_t at, uint64_t value, int size, bool is_little) {
  for (int i = 0; i < size; ++i) {
    const int shift = 8 * (is_little ? i : size - 1 - i);
    bytes[at + static_cast<uint64_t>(i)] = static_cast<uint8_t>(value >> shift);
  }
}

void store_entry(std::vector<uint8_t>& bytes, const TiffReader& reader, const TiffEntry* entry,
                 uint64_t value) {
  if (!single_value(reader, entry)) return;
  const bool is_short = entry->type == kShort;
  store(bytes, entry->value_at, is_short ? std::min<uint64_t>(value, 65535) : value,
        is_short ? 2 : 4, reader.is_little());
}

/// Unlinks the second directory and blanks the picture it points to.
void drop_thumbnail(std::vector<uint8_t>& bytes, const TiffReader& reader,
                    const TiffDirectory& directory) {
  if (directory.next == 0) return;
  store(bytes, directory.entry_end, 0, 4, reader.is_little());
  const auto thumbnail = read_tiff_directory(reader, directory.next);
  if (!thumbnail) return;
  const auto at = single_value(reader, thumbnail->find(kThumbnailOffset));
  const auto count = single_value(reader, thumbnail->find(kThumbnailBytes));
  if (!at || !count || *at < directory.entry_end + 4 || !reader.has(*at, *count)) return;
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(*at), *count, uint8_t{0});
  // Thumbnails stand last as a rule, so the block can really shrink.
  if (*at + *count == bytes.size()) bytes.resize(*at);
}

std::optional<TiffDirectory> linked_directory(const TiffReader& reader,
                                              const TiffDirectory& directory, uint16_t link) {
  const TiffEntry* entry = directory.find(link);
  const auto at = entry ? tiff_value(reader, *entry) : std::nullopt;
  return at ? read_tiff_directory(reader, *at) : std::nullopt;
}

void copy_fields(const TiffReader& reader, const std::optional<TiffDirectory>& directory,
                 std::vector<TiffField>& fields) {
  if (!directory) return;
  for (const TiffEntry& entry : directory->entries) {
    const bool is_link = entry.tag == kInteroperabilityLink || entry.tag == kMakerNote;
    if (is_link || entry.type > 12 || entry.value_bytes > kMaxFieldBytes) continue;
    fields.push_back(tiff_copy(reader, entry));
  }
}

}  // namespace

int exif_orientation(std::span<const uint8_t> exif) {
  const TiffReader reader(exif);
  if (!reader.is_valid()) return 1;
  const auto directory = read_tiff_directory(reader, reader.first_directory());
  const auto value = directory ? single_value(reader, directory->find(kOrientation)) : std::nullopt;
  return value && *value >= 1 && *value <= 8 ? static_cast<int>(*value) : 1;
}

PixelDensity exif_density(std::span<const uint8_t> exif) {
  const TiffReader reader(exif);
  if (!reader.is_valid()) return {};
  const auto directory = read_tiff_directory(reader, reader.first_directory());
  if (!directory) return {};
  const auto rational = [&](uint16_t tag) {
    constexpr uint16_t kRational = 5;
    const TiffEntry* entry = directory->find(tag);
    if (!entry || entry->type != kRational || entry->count != 1) return 0.0;
    const auto above = static_cast<double>(reader.number(entry->value_at, 4).value_or(0));
    const auto below = static_cast<double>(reader.number(entry->value_at + 4, 4).value_or(0));
    return below > 0 ? above / below : 0.0;
  };
  const uint64_t unit = single_value(reader, directory->find(kResolutionUnit)).value_or(2);
  if (unit != 2 && unit != 3) return {};
  const double per_inch = unit == 3 ? 2.54 : 1;
  return {rational(kXResolution) * per_inch, rational(kYResolution) * per_inch};
}

void swap_exif_density(std::vector<uint8_t>& exif) {
  const TiffReader reader(exif);
  if (!reader.is_valid()) return;
  const auto directory = read_tiff_directory(reader, reader.first_directory());
  const TiffEntry* across = directory ? directory->find(kXResolution) : nullptr;
  const TiffEntry* down = directory ? directory->find(kYResolution) : nullptr;
  constexpr uint64_t kRationalBytes = 8;
  if (!across || !down || across->value_bytes != kRationalBytes ||
      down->value_bytes != kRationalBytes || across->type != down->type) {
    return;
  }
  for (uint64_t i = 0; i < kRationalBytes; ++i) {
    std::swap(exif[across->value_at + i], exif[down->value_at + i]);
  }
}

bool has_exif_thumbnail(std::span<const uint8_t> exif) {
  const TiffReader reader(exif);
  if (!reader.is_valid()) return false;
  const auto directory = read_tiff_directory(reader, reader.first_directory());
  return directory && directory->next != 0;
}

bool has_maker_notes(std::span<const uint8_t> exif) {
  const TiffReader reader(exif);
  if (!reader.is_valid()) return false;
  const auto directory = read_tiff_directory(reader, reader.first_directory());
  const auto exposure =
      directory ? linked_directory(reader, *directory, kExposureLink) : std::nullopt;
  return exposure && exposure->find(kMakerNote);
}

std::vector<uint8_t> exif_without_gps(std::span<const uint8_t> exif) {
  const TiffReader reader(exif);
  if (!reader.is_valid() || reader.is_big_tiff()) return {};
  const auto directory = read_tiff_directory(reader, reader.first_directory());
  if (!directory) return {};
  std::vector<uint8_t> bytes(exif.begin(), exif.end());
  const TiffEntry* link = directory->find(kGpsLink);
  if (!link) return bytes;
  const auto blank = [&](uint64_t at, uint64_t count) {
    if (reader.has(at, count)) {
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, uint8_t{0});
    }
  };
  if (const auto at = single_value(reader, link)) {
    if (const auto gps = read_tiff_directory(reader, *at)) {
      for (const TiffEntry& entry : gps->entries) blank(entry.value_at, entry.value_bytes);
      blank(*at, gps->entry_end - *at);
    }
  }
  // Close the gap: the fields behind the link move up, and so does what follows them.
  const uint64_t first =
      directory->entry_end - 12 * reader.number(reader.first_directory(), 2).value();
  uint64_t entry_at = first;
  while (reader.number(entry_at, 2) != kGpsLink) entry_at += 12;
  const auto from = exif.begin() + static_cast<std::ptrdiff_t>(entry_at + 12);
  const auto end = exif.begin() + static_cast<std::ptrdiff_t>(directory->entry_end);
  const uint64_t moved = directory->entry_end - entry_at - 12;
  std::copy(from, end, bytes.begin() + static_cast<std::ptrdiff_t>(entry_at));
  store(bytes, entry_at + moved, directory->next, 4, reader.is_little());
  blank(entry_at + moved + 4, 12);
  store(bytes, reader.first_directory(), (directory->entry_end - first) / 12 - 1, 2,
        reader.is_little());
  return bytes;
}

std::vector<uint8_t> orientation_block(int orientation) {
  ExifFields fields;
  fields.picture.push_back(tiff_short(kOrientation, {static_cast<uint16_t>(orientation)}));
  return exif_block(std::move(fields));
}

std::vector<uint8_t> exif_for_pixels(std::span<const uint8_t> exif, int orientation, int width,
                                     int height) {
  const TiffReader reader(exif);
  if (!reader.is_valid() || reader.is_big_tiff()) return {};
  const auto directory = read_tiff_directory(reader, reader.first_directory());
  if (!directory) return {};
  std::vector<uint8_t> bytes(exif.begin(), exif.end());
  store_entry(bytes, reader, directory->find(kOrientation), static_cast<uint64_t>(orientation));
  if (const auto exposure = linked_directory(reader, *directory, kExposureLink)) {
    store_entry(bytes, reader, exposure->find(kWidth), static_cast<uint64_t>(width));
    store_entry(bytes, reader, exposure->find(kHeight), static_cast<uint64_t>(height));
  }
  drop_thumbnail(bytes, reader, *directory);
  return bytes;
}

ExifFields exif_fields(std::span<const uint8_t> tiff) {
  ExifFields fields;
  const TiffReader reader(tiff);
  if (!reader.is_valid()) return fields;
  const auto directory = read_tiff_directory(reader, reader.first_directory());
  if (!directory) return fields;
  for (const TiffEntry& entry : directory->entries) {
    if (std::find(std::begin(kDescriptive), std::end(kDescriptive), entry.tag) ==
            std::end(kDescriptive) ||
        entry.type > 12 || entry.value_bytes > kMaxFieldBytes) {
      continue;
    }
    fields.picture.push_back(tiff_copy(reader, entry));
  }
  copy_fields(reader, linked_directory(reader, *directory, kExposureLink), fields.exposure);
  copy_fields(reader, linked_directory(reader, *directory, kGpsLink), fields.gps);
  return fields;
}

void append_exif_directories(std::vector<uint8_t>& out, ExifFields& fields) {
  if (!fields.exposure.empty()) {
    fields.picture.push_back(
        tiff_long(kExposureLink, {append_tiff_directory(out, std::move(fields.exposure))}));
  }
  if (!fields.gps.empty()) {
    fields.picture.push_back(
        tiff_long(kGpsLink, {append_tiff_directory(out, std::move(fields.gps))}));
  }
}

std::vector<uint8_t> exif_block(ExifFields fields) {
  if (fields.is_empty()) return {};
  std::vector<uint8_t> block = {'I', 'I', 42, 0, 0, 0, 0, 0};
  append_exif_directories(block, fields);
  const uint32_t first = append_tiff_directory(block, std::move(fields.picture));
  store(block, 4, first, 4, true);
  return block;
}

}  // namespace vane
