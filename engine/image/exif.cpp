// SPDX-License-Identifier: Apache-2.0
#include "engine/image/exif.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace vane {
namespace {

/// Real directories have fewer than 100 entries.
constexpr int kMaxEntries = 512;
constexpr uint16_t kOrientation = 0x0112, kExifDirectory = 0x8769, kWidth = 0xA002,
                   kHeight = 0xA003, kThumbnailOffset = 0x0201, kThumbnailBytes = 0x0202;
constexpr uint16_t kShort = 3, kLong = 4;

/// Values of a small TIFF structure, in its own byte order; every access is checked.
class TiffBlock {
 public:
  explicit TiffBlock(std::span<const uint8_t> bytes) : bytes_(bytes) {
    if (bytes.size() < 8) return;
    little_ = bytes[0] == 'I';
    is_valid_ = bytes[0] == bytes[1] && (bytes[0] == 'I' || bytes[0] == 'M') && u16(2) == 42;
  }

  bool is_valid() const { return is_valid_; }
  bool has(uint64_t at, uint64_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }
  std::optional<uint16_t> u16(uint64_t at) const {
    if (!has(at, 2)) return std::nullopt;
    const int first = bytes_[at], second = bytes_[at + 1];
    return static_cast<uint16_t>(little_ ? first | second << 8 : second | first << 8);
  }
  std::optional<uint32_t> u32(uint64_t at) const {
    const auto first = u16(at), second = u16(at + 2);
    if (!first || !second) return std::nullopt;
    return little_ ? *first | uint32_t(*second) << 16 : *second | uint32_t(*first) << 16;
  }
  bool is_little() const { return little_; }

 private:
  std::span<const uint8_t> bytes_;
  bool little_ = true, is_valid_ = false;
};

struct Entry {
  uint16_t tag = 0, type = 0;
  uint32_t count = 0;
  uint64_t value_at = 0;  // the four bytes that hold the value or its offset
};

struct Directory {
  std::vector<Entry> entries;
  uint64_t next_at = 0;  // where the offset of the next directory stands
};

std::optional<Directory> read_directory(const TiffBlock& block, uint64_t at) {
  const auto count = block.u16(at);
  if (at < 8 || !count || *count > kMaxEntries) return std::nullopt;
  Directory directory;
  directory.next_at = at + 2 + uint64_t(*count) * 12;
  if (!block.has(at, 2 + uint64_t(*count) * 12)) return std::nullopt;
  for (uint64_t i = 0; i < *count; ++i) {
    const uint64_t entry = at + 2 + i * 12;
    directory.entries.push_back(
        {*block.u16(entry), *block.u16(entry + 2), *block.u32(entry + 4), entry + 8});
  }
  return directory;
}

const Entry* find(const Directory& directory, uint16_t tag) {
  const auto found = std::find_if(directory.entries.begin(), directory.entries.end(),
                                  [&](const Entry& entry) { return entry.tag == tag; });
  return found == directory.entries.end() ? nullptr : &*found;
}

std::optional<uint32_t> single_value(const TiffBlock& block, const Entry& entry) {
  if (entry.count != 1) return std::nullopt;
  if (entry.type == kShort) return block.u16(entry.value_at);
  if (entry.type == kLong) return block.u32(entry.value_at);
  return std::nullopt;
}

void store(std::vector<uint8_t>& bytes, uint64_t at, uint32_t value, int size, bool little) {
  for (int i = 0; i < size; ++i) {
    const int shift = 8 * (little ? i : size - 1 - i);
    bytes[at + static_cast<uint64_t>(i)] = static_cast<uint8_t>(value >> shift);
  }
}

void store_entry(std::vector<uint8_t>& bytes, const TiffBlock& block, const Entry* entry,
                 uint32_t value) {
  if (!entry || !single_value(block, *entry)) return;
  if (entry->type == kShort) {
    store(bytes, entry->value_at, std::min<uint32_t>(value, 65535), 2, block.is_little());
  } else {
    store(bytes, entry->value_at, value, 4, block.is_little());
  }
}

/// Unlinks the second directory and blanks the picture it points to.
void drop_thumbnail(std::vector<uint8_t>& bytes, const TiffBlock& block,
                    const Directory& directory) {
  const auto next = block.u32(directory.next_at);
  if (!next || *next == 0) return;
  store(bytes, directory.next_at, 0, 4, block.is_little());
  const auto thumbnail = read_directory(block, *next);
  if (!thumbnail) return;
  const Entry* offset = find(*thumbnail, kThumbnailOffset);
  const Entry* size = find(*thumbnail, kThumbnailBytes);
  if (!offset || !size) return;
  const auto at = single_value(block, *offset), count = single_value(block, *size);
  if (!at || !count || *at < directory.next_at + 4 || !block.has(*at, *count)) return;
  std::fill_n(bytes.begin() + *at, *count, uint8_t{0});
  // Thumbnails stand last as a rule, so the block can really shrink.
  if (uint64_t(*at) + *count == bytes.size()) bytes.resize(*at);
}

}  // namespace

int exif_orientation(std::span<const uint8_t> exif) {
  const TiffBlock block(exif);
  if (!block.is_valid()) return 1;
  const auto directory = read_directory(block, block.u32(4).value_or(0));
  const Entry* entry = directory ? find(*directory, kOrientation) : nullptr;
  const auto value = entry ? single_value(block, *entry) : std::nullopt;
  return value && *value >= 1 && *value <= 8 ? static_cast<int>(*value) : 1;
}

std::vector<uint8_t> exif_for_pixels(std::span<const uint8_t> exif, int orientation, int width,
                                     int height) {
  const TiffBlock block(exif);
  if (!block.is_valid()) return {};
  const auto directory = read_directory(block, block.u32(4).value_or(0));
  if (!directory) return {};
  std::vector<uint8_t> bytes(exif.begin(), exif.end());
  store_entry(bytes, block, find(*directory, kOrientation), static_cast<uint32_t>(orientation));
  if (const Entry* link = find(*directory, kExifDirectory)) {
    const auto exif_directory = read_directory(block, single_value(block, *link).value_or(0));
    if (exif_directory) {
      store_entry(bytes, block, find(*exif_directory, kWidth), static_cast<uint32_t>(width));
      store_entry(bytes, block, find(*exif_directory, kHeight), static_cast<uint32_t>(height));
    }
  }
  drop_thumbnail(bytes, block, *directory);
  return bytes;
}

}  // namespace vane
