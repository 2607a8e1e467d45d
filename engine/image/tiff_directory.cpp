// SPDX-License-Identifier: Apache-2.0
#include "engine/image/tiff_directory.h"

#include <algorithm>

#include "engine/base/checked.h"
#include "engine/base/error.h"

namespace vane {
namespace {

constexpr uint64_t kMaxEntries = 512;

void append_number(std::vector<uint8_t>& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

/// Bytes that are swapped together: a rational is two numbers of four bytes.
int word_bytes(uint16_t type) {
  if (type == 5 || type == 10) return 4;
  return tiff_type_bytes(type);
}

}  // namespace

TiffReader::TiffReader(std::span<const uint8_t> bytes) : bytes_(bytes) {
  if (bytes.size() < 8) return;
  is_little_ = bytes[0] == 'I';
  const auto version = number(2, 2);
  is_big_tiff_ = version == 43;
  // "RO" and "RS" of Olympus, "U" and NUL of Panasonic.
  is_camera_variant_ = version == 0x4F52 || version == 0x5352 || version == 0x55;
  is_valid_ = bytes[0] == bytes[1] && (bytes[0] == 'I' || bytes[0] == 'M') &&
              (version == 42 || is_camera_variant_ ||
               (is_big_tiff_ && number(4, 2) == 8 && number(6, 2) == 0));
}

std::optional<uint64_t> TiffReader::number(uint64_t at, int bytes) const {
  if (!has(at, static_cast<uint64_t>(bytes))) return std::nullopt;
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    const int index = is_little_ ? bytes - 1 - i : i;
    value = value << 8 | bytes_[at + static_cast<uint64_t>(index)];
  }
  return value;
}

uint64_t TiffReader::first_directory() const {
  return (is_big_tiff_ ? number(8, 8) : number(4, 4)).value_or(0);
}

const TiffEntry* TiffDirectory::find(uint16_t tag) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const TiffEntry& entry) { return entry.tag == tag; });
  return found == entries.end() ? nullptr : &*found;
}

int tiff_type_bytes(uint16_t type) {
  switch (type) {
    case 1:
    case 2:
    case 6:
    case 7:
      return 1;
    case 3:
    case 8:
      return 2;
    case 4:
    case 9:
    case 11:
    case 13:
      return 4;
    case 5:
    case 10:
    case 12:
    case 16:
    case 17:
    case 18:
      return 8;
    default:
      return 0;
  }
}

std::optional<TiffDirectory> read_tiff_directory(const TiffReader& reader, uint64_t at) {
  const bool is_big = reader.is_big_tiff();
  const uint64_t count_bytes = is_big ? 8 : 2, entry_bytes = is_big ? 20 : 12;
  const int offset_bytes = is_big ? 8 : 4;
  const auto count = reader.number(at, static_cast<int>(count_bytes));
  if (at < 8 || !count || *count > kMaxEntries) return std::nullopt;
  if (!reader.has(at, count_bytes + *count * entry_bytes)) return std::nullopt;
  TiffDirectory directory;
  directory.entry_end = at + count_bytes + *count * entry_bytes;
  directory.next = reader.number(directory.entry_end, offset_bytes).value_or(0);
  for (uint64_t i = 0; i < *count; ++i) {
    const uint64_t from = at + count_bytes + i * entry_bytes;
    TiffEntry entry;
    entry.tag = static_cast<uint16_t>(*reader.number(from, 2));
    entry.type = static_cast<uint16_t>(*reader.number(from + 2, 2));
    entry.count = *reader.number(from + 4, offset_bytes);
    const uint64_t value_at = from + 4 + static_cast<uint64_t>(offset_bytes);
    const auto bytes = checked_mul(entry.count, static_cast<uint64_t>(tiff_type_bytes(entry.type)));
    const bool is_inline = bytes && *bytes <= static_cast<uint64_t>(offset_bytes);
    entry.value_at = is_inline ? value_at : *reader.number(value_at, offset_bytes);
    entry.value_bytes = bytes.value_or(UINT64_MAX);
    if (tiff_type_bytes(entry.type) == 0 || !reader.has(entry.value_at, entry.value_bytes)) {
      directory.has_broken_entries = true;
    } else {
      directory.entries.push_back(entry);
    }
  }
  return directory;
}

std::optional<uint64_t> tiff_value(const TiffReader& reader, const TiffEntry& entry,
                                   uint64_t index) {
  const bool is_unsigned =
      entry.type == 1 || entry.type == 3 || entry.type == 4 || entry.type == 13 || entry.type == 16;
  if (!is_unsigned || index >= entry.count) return std::nullopt;
  const int bytes = tiff_type_bytes(entry.type);
  return reader.number(entry.value_at + index * static_cast<uint64_t>(bytes), bytes);
}

TiffField tiff_short(uint16_t tag, std::vector<uint16_t> values) {
  TiffField field{tag, 3, values.size(), {}};
  for (const uint16_t value : values) append_number(field.value, value, 2);
  return field;
}

TiffField tiff_long(uint16_t tag, std::vector<uint32_t> values) {
  TiffField field{tag, 4, values.size(), {}};
  for (const uint32_t value : values) append_number(field.value, value, 4);
  return field;
}

TiffField tiff_blob(uint16_t tag, uint16_t type, std::vector<uint8_t> bytes) {
  const uint64_t count = bytes.size();
  return {tag, type, count, std::move(bytes)};
}

TiffField tiff_copy(const TiffReader& reader, const TiffEntry& entry) {
  TiffField field{entry.tag, entry.type, entry.count, {}};
  const auto from = reader.bytes().subspan(entry.value_at, entry.value_bytes);
  field.value.assign(from.begin(), from.end());
  const int word = word_bytes(entry.type);
  if (reader.is_little() || word == 1) return field;
  for (size_t i = 0; i + static_cast<size_t>(word) <= field.value.size();
       i += static_cast<size_t>(word)) {
    std::reverse(field.value.begin() + static_cast<std::ptrdiff_t>(i),
                 field.value.begin() + static_cast<std::ptrdiff_t>(i) + word);
  }
  return field;
}

uint32_t append_tiff_directory(std::vector<uint8_t>& out, std::vector<TiffField> fields) {
  std::stable_sort(fields.begin(), fields.end(),
                   [](const TiffField& a, const TiffField& b) { return a.tag < b.tag; });
  if (out.size() % 2) out.push_back(0);
  const uint64_t at = out.size();
  uint64_t value_at = at + 2 + 12 * fields.size() + 4;
  std::vector<uint8_t> values;
  append_number(out, fields.size(), 2);
  for (const TiffField& field : fields) {
    append_number(out, field.tag, 2);
    append_number(out, field.type, 2);
    append_number(out, field.count, 4);
    if (field.value.size() <= 4) {
      out.insert(out.end(), field.value.begin(), field.value.end());
      out.insert(out.end(), 4 - field.value.size(), 0);
      continue;
    }
    append_number(out, value_at + values.size(), 4);
    values.insert(values.end(), field.value.begin(), field.value.end());
    if (values.size() % 2) values.push_back(0);
  }
  append_number(out, 0, 4);
  out.insert(out.end(), values.begin(), values.end());
  if (out.size() > UINT32_MAX) {
    throw Error(ErrorCode::resource, "the picture needs more than the 4 GiB of a TIFF file")
        .with_hint("write PNG");
  }
  return static_cast<uint32_t>(at);
}

}  // namespace vane
