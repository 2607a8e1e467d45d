// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/weights/aligned_bytes.h"
#include "engine/weights/npy.h"
#include "engine/weights/strided.h"

namespace vane {
namespace {

constexpr uint64_t kVersionAt = 6, kLengthAt = 8;
constexpr size_t kMaxRank = 16;

struct NamedType {
  std::string_view descr;
  DType dtype;
};
constexpr std::array<NamedType, 10> kTypes = {{{"|b1", DType::boolean},
                                               {"|u1", DType::u8},
                                               {"|i1", DType::i8},
                                               {"<i2", DType::i16},
                                               {"<i4", DType::i32},
                                               {"<i8", DType::i64},
                                               {"<f2", DType::f16},
                                               {"<f4", DType::f32},
                                               {"<f8", DType::f64},
                                               {"<c8", DType::complex64}}};

Error fault(std::string message) { return Error(ErrorCode::checkpoint, std::move(message)); }

/// Reads the one kind of text that NumPy writes: {'descr': '<f4', 'fortran_order': False, 'shape':
/// (2, 3), }.
class Header {
 public:
  Header(std::string_view text, uint64_t start) : text_(text), start_(start) {}

  void read() {
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr" && !descr) {
        descr = value_of_descr();
      } else if (key == "fortran_order" && !is_fortran) {
        is_fortran = truth();
      } else if (key == "shape" && !shape) {
        shape = sides();
      } else {
        throw here("header has the unexpected key \"" + printable(key, 40) + "\"");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) throw here("header goes on after its end");
    if (!descr || !is_fortran || !shape) throw here("header lacks descr, fortran_order or shape");
  }

  std::optional<std::string_view> descr;
  std::optional<bool> is_fortran;
  std::optional<std::vector<int64_t>> shape;

 private:
  Error here(std::string message) const { return fault(std::move(message)).at_byte(start_ + at_); }

  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool accept(char sign) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != sign) return false;
    ++at_;
    return true;
  }
  void expect(char sign) {
    if (!accept(sign)) throw here(std::string("header lacks '") + sign + "'");
  }
  std::string_view quoted() {
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) throw here("header ends inside a string");
    const std::string_view value = text_.substr(at_, end - at_);
    at_ = end + 1;
    return value;
  }
  std::string_view value_of_descr() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') throw here("is an array of records, not numbers");
    return quoted();
  }
  bool truth() {
    skip_space();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return word == "True";
      }
    }
    throw here("fortran_order is neither True nor False");
  }
  std::vector<int64_t> sides() {
    std::vector<int64_t> result;
    expect('(');
    while (!accept(')')) {
      skip_space();
      int64_t side = -1;
      const char *begin = text_.data() + at_, *end = text_.data() + text_.size();
      const auto [stop, code] = std::from_chars(begin, end, side);
      if (code != std::errc() || side < 0) throw here("shape is not a tuple of sizes");
      at_ += static_cast<size_t>(stop - begin);
      result.push_back(side);
      if (result.size() > kMaxRank) throw here("shape has more than 16 sides");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return result;
  }

  std::string_view text_;
  uint64_t start_;
  size_t at_ = 0;
};

DType dtype_of(std::string_view descr) {
  for (const NamedType& type : kTypes) {
    if (type.descr == descr) return type.dtype;
  }
  if (descr.find('O') != std::string_view::npos) {
    throw fault("is an array of Python objects, which only running a pickle could read");
  }
  if (descr.starts_with('>')) throw fault("is big-endian; save it as little-endian");
  throw fault("has elements of the unsupported type \"" + printable(descr, 20) + "\"");
}

std::vector<int64_t> strides_of(const std::vector<int64_t>& shape, bool is_fortran) {
  if (!is_fortran) return row_major_strides(shape);
  std::vector<int64_t> strides =
      row_major_strides(std::vector<int64_t>(shape.rbegin(), shape.rend()));
  std::reverse(strides.begin(), strides.end());
  return strides;
}

TensorRecord read(const ByteSource& source, const Limits& limits, TensorTable& table) {
  const std::span<const std::byte> bytes = source.view();
  const auto major = read_le<uint8_t>(bytes, kVersionAt);
  if (!major || *major < 1 || *major > 3) throw fault("is a .npy file of an unknown version");
  const uint64_t length_bytes = *major == 1 ? 2 : 4;
  const auto length = *major == 1 ? std::optional<uint64_t>(read_le<uint16_t>(bytes, kLengthAt))
                                  : std::optional<uint64_t>(read_le<uint32_t>(bytes, kLengthAt));
  if (length && *length > limits.weights_header_bytes) {
    throw fault("header length " + std::to_string(*length) + " is over the limit of " +
                std::to_string(limits.weights_header_bytes) + " bytes");
  }
  const uint64_t start = kLengthAt + length_bytes;
  const auto text = length ? checked_slice(bytes, start, *length) : std::nullopt;
  if (!text) throw fault("header does not fit into the file").with_hint("it may be incomplete");
  Header header(text_view(*text), start);
  header.read();

  TensorRecord record;
  record.name = "array";
  record.dtype = dtype_of(*header.descr);
  record.shape = *header.shape;
  // A side of 0 counts as 1: the strides of an empty array must not overflow either.
  std::optional<uint64_t> size = dtype_bytes(record.dtype);
  bool is_empty = false;
  for (const int64_t side : record.shape) {
    is_empty = is_empty || side == 0;
    if (size) size = checked_mul(*size, std::max<uint64_t>(static_cast<uint64_t>(side), 1));
  }
  if (!size || *size > INT64_MAX) throw fault("shape overflows 64 bits");
  record.strides = strides_of(record.shape, *header.is_fortran);
  const std::span<const std::byte> data = bytes.subspan(static_cast<size_t>(start + *length));
  const uint64_t needed = is_empty ? 0 : *size;
  if (data.size() != needed) {
    throw fault("array needs " + std::to_string(needed) + " bytes of data, the file has " +
                std::to_string(data.size()))
        .at_byte(start + *length);
  }
  record.bytes = aligned_bytes(data, dtype_bytes(record.dtype), table.owners);
  return record;
}

}  // namespace

TensorTable parse_npy(std::shared_ptr<const ByteSource> source, const Limits& limits) {
  TensorTable table;
  table.format = "npy";
  table.path = source->name();
  try {
    table.tensors.push_back(read(*source, limits, table));
  } catch (Error& error) {
    error.set_file_if_empty(source->name());
    throw;
  }
  table.owners.push_back(std::move(source));
  table.reindex();
  return table;
}

}  // namespace vane
