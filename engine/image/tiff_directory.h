// SPDX-License-Identifier: Apache-2.0
#pragma once
// Directories of tagged fields: the structure that TIFF files and EXIF blocks share. The reader
// checks every access, the writer makes little-endian directories.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vane {

/// Values of a TIFF structure in its own byte order; nothing where it would read beyond the end.
class TiffReader {
 public:
  explicit TiffReader(std::span<const uint8_t> bytes);

  /// Byte order mark and version (42, 43 for BigTIFF, or a camera's own) are right.
  bool is_valid() const { return is_valid_; }
  /// The version is Olympus' or Panasonic's: a raw file that is built like TIFF otherwise.
  bool is_camera_variant() const { return is_camera_variant_; }
  bool is_little() const { return is_little_; }
  bool is_big_tiff() const { return is_big_tiff_; }
  bool has(uint64_t at, uint64_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }
  /// `bytes` (1, 2, 4 or 8) at `at` as an unsigned number.
  std::optional<uint64_t> number(uint64_t at, int bytes) const;
  /// Offset of the first directory; 0 when there is none.
  uint64_t first_directory() const;
  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  std::span<const uint8_t> bytes_;
  bool is_little_ = true, is_big_tiff_ = false, is_camera_variant_ = false, is_valid_ = false;
};

/// One field. Its value lies inside the structure.
struct TiffEntry {
  uint16_t tag = 0, type = 0;
  uint64_t count = 0;
  uint64_t value_at = 0, value_bytes = 0;
};

struct TiffDirectory {
  std::vector<TiffEntry> entries;  // fields whose value does not lie inside are left out
  uint64_t entry_end = 0;          // where the offset of the next directory stands
  uint64_t next = 0;               // 0: none
  bool has_broken_entries = false;

  const TiffEntry* find(uint16_t tag) const;
};

/// Bytes of one value of a field type, 0 for an unknown type.
int tiff_type_bytes(uint16_t type);

/// At most 512 entries (real directories have fewer than 100); nothing when the directory does not
/// lie inside.
std::optional<TiffDirectory> read_tiff_directory(const TiffReader& reader, uint64_t at);
/// Value `index` of a field of unsigned integers (BYTE, SHORT, LONG, LONG8).
std::optional<uint64_t> tiff_value(const TiffReader& reader, const TiffEntry& entry,
                                   uint64_t index = 0);

/// A field to be written; `value` is little-endian.
struct TiffField {
  uint16_t tag = 0, type = 0;
  uint64_t count = 0;
  std::vector<uint8_t> value;
};

TiffField tiff_short(uint16_t tag, std::vector<uint16_t> values);
TiffField tiff_long(uint16_t tag, std::vector<uint32_t> values);
/// Bytes as type BYTE (1), ASCII (2) or UNDEFINED (7).
TiffField tiff_blob(uint16_t tag, uint16_t type, std::vector<uint8_t> bytes);
/// A copy of a field of another structure in little-endian order.
TiffField tiff_copy(const TiffReader& reader, const TiffEntry& entry);

/// Appends a directory and its values at the (even) end of `out`; returns its offset. Fields are
/// sorted by tag, as the format demands. Throws Error{resource} beyond 4 GiB.
uint32_t append_tiff_directory(std::vector<uint8_t>& out, std::vector<TiffField> fields);

}  // namespace vane
