// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/scene/ply.h"

namespace vane {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr int64_t kMostInList = 1 << 20;
constexpr std::string_view kBlank = " \t\r";

template <class T>
T load_as(const std::byte* at, bool swapped) {
  std::byte bytes[sizeof(T)];
  std::memcpy(bytes, at, sizeof(T));
  if (swapped) std::reverse(bytes, bytes + sizeof(T));
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

double load_number(const std::byte* at, PlyType type, bool swapped) {
  switch (type) {
    case PlyType::i8:
      return load_as<int8_t>(at, swapped);
    case PlyType::u8:
      return load_as<uint8_t>(at, swapped);
    case PlyType::i16:
      return load_as<int16_t>(at, swapped);
    case PlyType::u16:
      return load_as<uint16_t>(at, swapped);
    case PlyType::i32:
      return load_as<int32_t>(at, swapped);
    case PlyType::u32:
      return load_as<uint32_t>(at, swapped);
    case PlyType::f32:
      return double{load_as<float>(at, swapped)};
    case PlyType::f64:
      return load_as<double>(at, swapped);
  }
  return 0;
}

Error fault(std::string message, uint64_t byte) {
  return Error(ErrorCode::input, std::move(message)).at_byte(byte);
}

Error too_few(const PlyElement& element, uint64_t have, uint64_t byte) {
  return fault(fmt::format("declares {} rows of \"{}\", but the file ends after {}", element.count,
                           printable(element.name, 40), have),
               byte)
      .with_hint("the file may be cut off");
}

/// The lines of a text, blank ones left out.
class Lines {
 public:
  Lines(std::string_view text, uint64_t position) : text_(text), position_(position) {}

  bool next() {
    while (position_ < text_.size()) {
      start_ = position_;
      const size_t end = std::min(text_.find('\n', position_), text_.size());
      line_ = text_.substr(start_, end - start_);
      position_ = std::min<uint64_t>(end + 1, text_.size());
      if (line_.find_first_not_of(kBlank) != std::string_view::npos) return true;
    }
    return false;
  }
  std::string_view line() const { return line_; }
  uint64_t start() const { return start_; }
  uint64_t position() const { return position_; }

 private:
  std::string_view text_, line_;
  uint64_t position_ = 0, start_ = 0;
};

uint64_t after_text_rows(std::string_view text, const PlyElement& element, uint64_t position) {
  if (element.properties.empty()) return position;
  Lines lines(text, position);
  for (uint64_t i = 0; i < element.count; ++i) {
    if (!lines.next()) throw too_few(element, i, text.size());
  }
  return lines.position();
}

/// End of a row with lists that begins at `position`.
uint64_t after_row(std::span<const std::byte> file, const PlyElement& element, bool swapped,
                   uint64_t position) {
  for (const PlyProperty& property : element.properties) {
    uint64_t bytes = ply_type_bytes(property.type);
    if (property.count_type) {
      const uint64_t count_bytes = ply_type_bytes(*property.count_type);
      const auto at = checked_slice(file, position, count_bytes);
      if (!at) throw fault("a list is cut off", position);
      const auto count =
          static_cast<int64_t>(load_number(at->data(), *property.count_type, swapped));
      if (count < 0 || count > kMostInList) {
        throw fault(fmt::format("a list of {} entries", count), position);
      }
      position += count_bytes;
      bytes *= static_cast<uint64_t>(count);
    }
    if (!checked_slice(file, position, bytes)) throw fault("a row is cut off", position);
    position += bytes;
  }
  return position;
}

uint64_t after_byte_rows(std::span<const std::byte> file, const PlyElement& element, bool swapped,
                         uint64_t position) {
  if (!element.has_lists) {
    const uint64_t left = file.size() - position;
    if (!fits_in(left, element.count, element.row_bytes)) {
      throw fault(fmt::format("declares {} rows of \"{}\" of {} bytes each, but {} bytes are left",
                              element.count, printable(element.name, 40), element.row_bytes, left),
                  position)
          .with_hint("the file may be cut off");
    }
    return position + element.count * element.row_bytes;
  }
  for (uint64_t i = 0; i < element.count; ++i) {
    position = after_row(file, element, swapped, position);
  }
  return position;
}

}  // namespace

double PlyColumn::load(const std::byte* row) const {
  return load_number(row + offset, type, swapped);
}

PlyTable::PlyTable(std::span<const std::byte> file, const PlyHeader& header,
                   std::string_view element, uint64_t most_rows, std::string_view limit)
    : file_(file), element_(header.find(element)), encoding_(header.encoding) {
  if (element_ == nullptr) {
    throw fault(fmt::format("the PLY file has no element \"{}\"", element), header.data_at);
  }
  if (element_->has_lists) {
    throw fault(fmt::format("the rows of \"{}\" hold lists, which nothing here reads", element),
                header.data_at);
  }
  if (element_->count > most_rows) {
    throw fault(fmt::format("declares {} rows of \"{}\", the limit is {}", element_->count, element,
                            most_rows),
                element_->count_at)
        .with_hint(fmt::format("if the file is trusted, raise --limit {}", limit));
  }
  const bool is_text = encoding_ == PlyEncoding::ascii;
  uint64_t position = header.data_at;
  for (const PlyElement& other : header.elements) {
    begin_ = position;
    if (is_text && &other == element_) break;
    position = is_text
                   ? after_text_rows(text_view(file), other, position)
                   : after_byte_rows(file, other, encoding_ == PlyEncoding::big_endian, position);
    end_ = position;
    if (&other == element_) break;
  }
  if (is_text) {
    read_text();
  } else {
    stride_ = element_->row_bytes;
    rows_ = file.subspan(static_cast<size_t>(begin_), static_cast<size_t>(end_ - begin_));
  }
}

void PlyTable::read_text() {
  const std::string_view text = text_view(file_);
  const size_t columns = element_->properties.size();
  stride_ = columns * sizeof(double);
  end_ = begin_;
  if (columns == 0) return;
  // A number and its blank take two bytes of the file at least.
  const uint64_t possible = (text.size() - begin_) / (2 * columns) + 1;
  parsed_.reserve(static_cast<size_t>(std::min(element_->count, possible) * stride_));
  line_starts_.reserve(static_cast<size_t>(std::min(element_->count, possible)));
  Lines lines(text, begin_);
  for (uint64_t row = 0; row < element_->count; ++row) {
    if (!lines.next()) throw too_few(*element_, row, text.size());
    line_starts_.push_back(lines.start());
    const std::string_view line = lines.line();
    size_t at = 0;
    for (size_t column = 0; column < columns; ++column) {
      at = line.find_first_not_of(kBlank, at);
      if (at == std::string_view::npos) {
        throw fault(fmt::format("row {} has {} numbers, {} are needed", row, column, columns),
                    lines.start());
      }
      if (line[at] == '+') ++at;
      double value = 0;  // "nan" and "inf" are numbers here
      const auto [end, status] =
          std::from_chars(line.data() + at, line.data() + line.size(), value);
      const auto length = static_cast<size_t>(end - line.data());
      const bool is_whole = length == line.size() || kBlank.find(line[length]) != kBlank.npos;
      if (status != std::errc() || !is_whole) {
        throw fault(fmt::format("row {} holds \"{}\" where a number is needed", row,
                                printable(line.substr(std::min(at, line.size())), 40)),
                    lines.start());
      }
      at = length;
      const auto* bytes = reinterpret_cast<const std::byte*>(&value);
      parsed_.insert(parsed_.end(), bytes, bytes + sizeof value);
    }
  }
  rows_ = parsed_;
  end_ = lines.position();
  if (element_->count == 0) end_ = begin_;
}

std::optional<PlyColumn> PlyTable::find_column(std::string_view property) const {
  const PlyProperty* found = element_->find(property);
  if (found == nullptr) return std::nullopt;
  if (encoding_ == PlyEncoding::ascii) {
    const auto index = static_cast<uint64_t>(found - element_->properties.data());
    return PlyColumn{index * sizeof(double), PlyType::f64, false};
  }
  return PlyColumn{found->offset, found->type, encoding_ == PlyEncoding::big_endian};
}

PlyColumn PlyTable::column(std::string_view property) const {
  const auto found = find_column(property);
  if (!found) throw fault(fmt::format("the PLY file has no property \"{}\"", property), begin_);
  return *found;
}

std::span<const std::byte> PlyTable::stored(uint64_t index) const {
  if (encoding_ != PlyEncoding::ascii) {
    return rows_.subspan(static_cast<size_t>(index * stride_), static_cast<size_t>(stride_));
  }
  const uint64_t start = line_starts_[static_cast<size_t>(index)];
  const uint64_t end =
      index + 1 < line_starts_.size() ? line_starts_[static_cast<size_t>(index) + 1] : end_;
  return file_.subspan(static_cast<size_t>(start), static_cast<size_t>(end - start));
}

}  // namespace vane
