// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/weights/aligned_bytes.h"
#include "engine/weights/dtype.h"
#include "engine/weights/safetensors.h"
#include "engine/weights/strided.h"

namespace vane {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr size_t kMaxRank = 16;

// Bits of every element type that the format defines, loadable here or not (safetensors 0.6).
struct NamedBits {
  std::string_view name;
  uint64_t bits;
};
constexpr std::array<NamedBits, 22> kFormatTypes = {
    {{"BOOL", 8},    {"U8", 8},          {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8},
     {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},
     {"F16", 16},    {"BF16", 16},       {"I32", 32},        {"U32", 32},    {"F32", 32},
     {"I64", 64},    {"U64", 64},        {"F64", 64},        {"C64", 64},    {"F4", 4},
     {"F6_E2M3", 6}, {"F6_E3M2", 6}}};

std::optional<uint64_t> bits_of(std::string_view dtype) {
  for (const NamedBits& row : kFormatTypes) {
    if (row.name == dtype) return row.bits;
  }
  return std::nullopt;
}

struct Entry {
  const std::string* name = nullptr;
  std::string_view dtype;
  uint64_t bits = 0;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

class Reader {
 public:
  Reader(const ByteSource& source, const Limits& limits) : source_(source), limits_(limits) {}

  void read(TensorTable& table) {
    const std::string_view header = locate_header();
    const Json root = parse_header(header);
    std::vector<Entry> entries = read_entries(root, table);
    check_layout(entries);
    for (const Entry& entry : entries) table.tensors.push_back(record(entry, table));
  }

 private:
  Error fault(std::string message) const {
    return Error(ErrorCode::checkpoint, std::move(message)).in_file(source_.name());
  }

  std::string_view locate_header() {
    const std::span<const std::byte> bytes = source_.view();
    const auto length = read_le<uint64_t>(bytes, 0);
    if (!length) {
      throw fault("has " + std::to_string(bytes.size()) +
                  " bytes, a safetensors file starts with an 8-byte header length");
    }
    if (*length > limits_.weights_header_bytes) {
      throw fault("header length " + std::to_string(*length) + " is over the limit of " +
                  std::to_string(limits_.weights_header_bytes) + " bytes")
          .at_byte(0);
    }
    const auto header = checked_slice(bytes, kLengthBytes, *length);
    if (!header) {
      throw fault("header of " + std::to_string(*length) + " bytes does not fit into the file of " +
                  std::to_string(bytes.size()) + " bytes")
          .at_byte(0)
          .with_hint("the download may be incomplete");
    }
    data_ = bytes.subspan(static_cast<size_t>(kLengthBytes + *length));
    data_start_ = kLengthBytes + *length;
    return text_view(*header);
  }

  Json parse_header(std::string_view header) const {
    if (!is_utf8(header)) throw fault("header is not UTF-8").at_byte(kLengthBytes);
    const size_t first = header.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || header[first] != '{') {
      throw fault("header does not start with '{'")
          .at_byte(kLengthBytes + (first == std::string_view::npos ? 0 : first));
    }
    JsonRules rules = JsonRules::from(limits_, ErrorCode::checkpoint);
    rules.max_bytes = limits_.weights_header_bytes;
    // An entry is about ten values; this also bounds memory when a header is one long list.
    rules.max_nodes = std::min(rules.max_nodes, limits_.weights_tensors * 16);
    rules.max_depth = 8;
    try {
      return parse_json(header, rules);
    } catch (const Error& error) {
      throw fault("header: " + error.message()).at_byte(kLengthBytes + error.byte().value_or(0));
    }
  }

  std::vector<Entry> read_entries(const Json& root, TensorTable& table) const {
    std::vector<Entry> entries;
    for (const auto& [name, value] : root.members()) {
      try {
        if (name == "__metadata__") {
          for (const auto& [key, text] : value.members()) table.metadata[key] = text.as_string();
          continue;
        }
        entries.push_back(read_entry(name, value));
      } catch (const Error& error) {
        throw fault("header: " + error.message())
            .at_key(name)
            .at_byte(kLengthBytes + error.byte().value_or(value.byte()));
      }
      if (entries.size() > limits_.weights_tensors) {
        throw fault("holds more than " + std::to_string(limits_.weights_tensors) + " tensors");
      }
    }
    return entries;
  }

  Entry read_entry(const std::string& name, const Json& value) const {
    if (name.size() > limits_.weights_name_bytes) {
      throw fault("tensor name of " + std::to_string(name.size()) + " bytes is over the limit of " +
                  std::to_string(limits_.weights_name_bytes));
    }
    for (const auto& [field, ignored] : value.members()) {
      if (field != "dtype" && field != "shape" && field != "data_offsets") {
        throw fault("unknown field \"" + printable(field, 40) + "\"");
      }
    }
    Entry entry;
    entry.name = &name;
    entry.dtype = value.at("dtype").as_string();
    const auto bits = bits_of(entry.dtype);
    if (!bits) throw fault("unknown dtype \"" + printable(entry.dtype, 40) + "\"");
    entry.bits = *bits;
    const Json::Array& shape = value.at("shape").items();
    if (shape.size() > kMaxRank) {
      throw fault("shape has " + std::to_string(shape.size()) + " sides, at most " +
                  std::to_string(kMaxRank) + " are supported");
    }
    for (const Json& side : shape) entry.shape.push_back(static_cast<int64_t>(side.as_count()));
    const Json::Array& offsets = value.at("data_offsets").items();
    if (offsets.size() != 2) throw fault("data_offsets must be two integers");
    entry.begin = offsets[0].as_count();
    entry.end = offsets[1].as_count();
    return entry;
  }

  // Entries in the order of their bytes must tile the data buffer exactly: no hole, no overlap.
  void check_layout(std::vector<Entry>& entries) const {
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    uint64_t position = 0;
    const Entry* previous = nullptr;
    for (const Entry& entry : entries) {
      const std::string range =
          "bytes " + std::to_string(entry.begin) + ".." + std::to_string(entry.end);
      if (entry.end < entry.begin)
        throw fault(range + " end before they begin").at_key(*entry.name);
      if (entry.begin < position) {
        throw fault(range + " overlap those of \"" + printable(*previous->name) + "\"")
            .at_key(*entry.name)
            .with_hint("the file is corrupt or crafted; export it again");
      }
      if (entry.begin > position) {
        throw fault(range + " leave a hole after byte " + std::to_string(position))
            .at_key(*entry.name)
            .with_hint("the file is corrupt or crafted; export it again");
      }
      check_size(entry);
      position = entry.end;
      previous = &entry;
    }
    if (position != data_.size()) {
      throw fault("tensors need " + std::to_string(position) + " bytes of data, the file has " +
                  std::to_string(data_.size()))
          .at_byte(data_start_ + std::min<uint64_t>(position, data_.size()))
          .with_hint(position > data_.size() ? "the download may be incomplete"
                                             : "bytes after the last tensor are not allowed");
    }
  }

  void check_size(const Entry& entry) const {
    // A side of 0 counts as 1 here: the strides of an empty tensor must not overflow either.
    std::optional<uint64_t> bits = entry.bits;
    bool is_empty = false;
    for (int64_t side : entry.shape) {
      is_empty = is_empty || side == 0;
      if (bits) bits = checked_mul(*bits, std::max<uint64_t>(static_cast<uint64_t>(side), 1));
    }
    if (!bits) throw fault("shape overflows 64 bits").at_key(*entry.name);
    const uint64_t used = is_empty ? 0 : *bits;
    if (used % 8 != 0) throw fault("does not fill whole bytes").at_key(*entry.name);
    if (used / 8 != entry.end - entry.begin) {
      throw fault("shape and dtype need " + std::to_string(used / 8) +
                  " bytes, data_offsets give " + std::to_string(entry.end - entry.begin))
          .at_key(*entry.name);
    }
  }

  TensorRecord record(const Entry& entry, TensorTable& table) const {
    const auto dtype = dtype_from_name(entry.dtype);
    if (!dtype) {
      throw fault("dtype " + std::string(entry.dtype) + " is not supported")
          .at_key(*entry.name)
          .with_hint("convert the tensor to F32, F16 or BF16");
    }
    TensorRecord tensor;
    tensor.name = *entry.name;
    tensor.dtype = *dtype;
    tensor.shape = entry.shape;
    tensor.strides = row_major_strides(tensor.shape);
    tensor.bytes = aligned_bytes(data_.subspan(static_cast<size_t>(entry.begin),
                                               static_cast<size_t>(entry.end - entry.begin)),
                                 dtype_bytes(*dtype), table.owners);
    return tensor;
  }

  const ByteSource& source_;
  const Limits& limits_;
  std::span<const std::byte> data_;
  uint64_t data_start_ = 0;
};

}  // namespace

TensorTable parse_safetensors(std::shared_ptr<const ByteSource> source, const Limits& limits) {
  TensorTable table;
  table.format = "safetensors";
  table.path = source->name();
  Reader(*source, limits).read(table);
  table.owners.push_back(std::move(source));
  table.reindex();
  return table;
}

}  // namespace vane
