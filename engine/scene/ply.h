// SPDX-License-Identifier: Apache-2.0
#pragma once
// The PLY container (Turk 1994): a text header that names elements and their properties, then rows
// as text or as bytes of either order. What the properties mean is for others.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vane {

enum class PlyType : uint8_t { i8, u8, i16, u16, i32, u32, f32, f64 };
enum class PlyEncoding : uint8_t { ascii, little_endian, big_endian };

uint64_t ply_type_bytes(PlyType type);

struct PlyProperty {
  std::string name;
  PlyType type = PlyType::f32;
  std::optional<PlyType> count_type;  // of a list
  uint64_t offset = 0;                // in a row, when the element has no lists
};

struct PlyElement {
  std::string name;
  uint64_t count = 0;
  std::vector<PlyProperty> properties;
  bool has_lists = false;
  uint64_t row_bytes = 0;  // of a row as bytes, when there are no lists
  /// Where the header states `count`, in bytes of the file.
  uint64_t count_at = 0, count_bytes = 0;

  const PlyProperty* find(std::string_view property) const;
};

struct PlyHeader {
  PlyEncoding encoding = PlyEncoding::ascii;
  std::vector<PlyElement> elements;
  std::vector<std::string> comments;
  uint64_t data_at = 0;  // first byte after the header

  const PlyElement* find(std::string_view element) const;
};

bool is_ply(std::span<const std::byte> file);

/// Reads the header: at most 1 MiB, lines of at most 4096 bytes, ended by \n or \r\n. Throws
/// Error{input} with line and byte for anything that the format does not know, for names that occur
/// twice, and for counts that are no plain decimal number of 64 bits.
PlyHeader parse_ply_header(std::span<const std::byte> file);

/// One property of the rows of a table.
struct PlyColumn {
  uint64_t offset = 0;
  PlyType type = PlyType::f32;
  bool swapped = false;

  bool is_native_float() const { return type == PlyType::f32 && !swapped; }
  double load(const std::byte* row) const;
};

/// The rows of one element. Text is parsed into numbers; bytes stay where they are.
class PlyTable {
 public:
  /// Finds the rows of `element` in `file`, walking over what lies before them; both must outlive
  /// the table. Throws Error{input}: no such element, one with lists, more rows than `most_rows`
  /// (naming `limit`), rows that the file does not hold.
  PlyTable(std::span<const std::byte> file, const PlyHeader& header, std::string_view element,
           uint64_t most_rows, std::string_view limit);
  PlyTable(const PlyTable&) = delete;
  PlyTable& operator=(const PlyTable&) = delete;

  uint64_t count() const { return element_->count; }
  const PlyElement& element() const { return *element_; }
  const std::byte* row(uint64_t index) const { return rows_.data() + index * stride_; }
  /// Throws Error{input} when the element has no such property.
  PlyColumn column(std::string_view property) const;
  std::optional<PlyColumn> find_column(std::string_view property) const;

  /// Row `index` as it stands in the file, with the end of its line when it is text.
  std::span<const std::byte> stored(uint64_t index) const;
  /// Where the rows begin and end in the file.
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }

 private:
  void read_text();

  std::span<const std::byte> file_;
  const PlyElement* element_ = nullptr;
  PlyEncoding encoding_ = PlyEncoding::ascii;
  uint64_t begin_ = 0, end_ = 0, stride_ = 0;
  std::span<const std::byte> rows_;
  std::vector<std::byte> parsed_;      // text: doubles in the order of the properties
  std::vector<uint64_t> line_starts_;  // text: of each row
};

}  // namespace vane
