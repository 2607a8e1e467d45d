// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/scene/ply.h"

namespace vane {
namespace {

constexpr uint64_t kMostHeaderBytes = 1 << 20, kMostLineBytes = 4096;

constexpr std::pair<std::string_view, PlyType> kTypeNames[] = {
    {"char", PlyType::i8},     {"int8", PlyType::i8},     {"uchar", PlyType::u8},
    {"uint8", PlyType::u8},    {"short", PlyType::i16},   {"int16", PlyType::i16},
    {"ushort", PlyType::u16},  {"uint16", PlyType::u16},  {"int", PlyType::i32},
    {"int32", PlyType::i32},   {"uint", PlyType::u32},    {"uint32", PlyType::u32},
    {"float", PlyType::f32},   {"float32", PlyType::f32}, {"double", PlyType::f64},
    {"float64", PlyType::f64},
};

class HeaderReader {
 public:
  explicit HeaderReader(std::span<const std::byte> file) : text_(text_view(file)) {}

  PlyHeader read() {
    if (!next_line() || line_ != "ply") throw fault("is no PLY file: its first line is not ply");
    bool has_format = false;
    while (true) {
      if (!next_line()) {
        throw fault(text_.size() > kMostHeaderBytes ? "the PLY header has no end within 1 MiB"
                                                    : "the PLY header ends too early");
      }
      const auto words = words_of(line_);
      if (words.empty() || words[0] == "obj_info") continue;
      if (words[0] == "comment") {
        header_.comments.emplace_back(line_.substr(std::min<size_t>(line_.size(), 8)));
      } else if (words[0] == "format") {
        read_format(words, has_format);
        has_format = true;
      } else if (words[0] == "element") {
        read_element(words);
      } else if (words[0] == "property") {
        read_property(words);
      } else if (line_ == "end_header") {
        break;
      } else {
        throw fault("unknown word \"" + printable(words[0], 40) + "\" in the PLY header");
      }
    }
    if (!has_format) throw fault("the PLY header states no format");
    header_.data_at = position_;
    return std::move(header_);
  }

 private:
  Error fault(std::string message) const {
    return Error(ErrorCode::input, std::move(message))
        .at_line(number_, 1)
        .at_byte(std::min<uint64_t>(start_, text_.size()));
  }

  static std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (size_t at = 0; at < line.size();) {
      const size_t begin = line.find_first_not_of(" \t", at);
      if (begin == std::string_view::npos) break;
      at = std::min(line.find_first_of(" \t", begin), line.size());
      words.push_back(line.substr(begin, at - begin));
    }
    return words;
  }

  bool next_line() {
    start_ = position_;
    ++number_;
    const size_t end = text_.find('\n', position_);
    const bool is_over = end == std::string_view::npos || end >= kMostHeaderBytes;
    const size_t length = (end == std::string_view::npos ? text_.size() : end) - position_;
    if (length > kMostLineBytes) {
      throw fault(fmt::format("a line of the PLY header has more than {} bytes", kMostLineBytes));
    }
    if (is_over) return false;
    line_ = text_.substr(position_, length);
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    position_ = end + 1;
    return true;
  }

  void read_format(const std::vector<std::string_view>& words, bool has_format) {
    constexpr std::pair<std::string_view, PlyEncoding> kFormats[] = {
        {"ascii", PlyEncoding::ascii},
        {"binary_little_endian", PlyEncoding::little_endian},
        {"binary_big_endian", PlyEncoding::big_endian}};
    if (has_format) throw fault("the PLY header states a second format");
    for (const auto& [name, encoding] : kFormats) {
      if (words.size() != 3 || words[1] != name || words[2] != "1.0") continue;
      header_.encoding = encoding;
      return;
    }
    throw fault("unknown PLY format \"" + printable(line_, 60) + "\"")
        .with_hint("known are ascii, binary_little_endian and binary_big_endian 1.0");
  }

  void read_element(const std::vector<std::string_view>& words) {
    PlyElement element;
    if (words.size() != 3) throw fault("expected \"element NAME COUNT\"");
    element.name = words[1];
    const std::string_view count = words[2];
    const auto [end, status] =
        std::from_chars(count.data(), count.data() + count.size(), element.count);
    if (status != std::errc() || end != count.data() + count.size()) {
      throw fault("\"" + printable(count, 40) + "\" is no number of rows");
    }
    element.count_at = static_cast<uint64_t>(count.data() - text_.data());
    element.count_bytes = count.size();
    if (header_.find(element.name) != nullptr) {
      throw fault("a second element \"" + printable(element.name, 40) + "\"");
    }
    header_.elements.push_back(std::move(element));
  }

  PlyType type_of(std::string_view word) const {
    for (const auto& [name, type] : kTypeNames) {
      if (word == name) return type;
    }
    throw fault("unknown type \"" + printable(word, 40) + "\"");
  }

  void read_property(const std::vector<std::string_view>& words) {
    if (header_.elements.empty()) throw fault("a property before the first element");
    PlyElement& element = header_.elements.back();
    PlyProperty property;
    if (words.size() == 5 && words[1] == "list") {
      property.count_type = type_of(words[2]);
      if (*property.count_type == PlyType::f32 || *property.count_type == PlyType::f64) {
        throw fault("the length of a list is no whole number");
      }
      element.has_lists = true;
    } else if (words.size() != 3) {
      throw fault("expected \"property TYPE NAME\" or \"property list TYPE TYPE NAME\"");
    }
    property.type = type_of(words[words.size() - 2]);
    property.name = words.back();
    property.offset = element.row_bytes;
    if (element.find(property.name) != nullptr) {
      throw fault("a second property \"" + printable(property.name, 40) + "\"");
    }
    element.row_bytes += ply_type_bytes(property.type);
    element.properties.push_back(std::move(property));
  }

  std::string_view text_, line_;
  uint64_t position_ = 0, start_ = 0;
  int number_ = 0;
  PlyHeader header_;
};

}  // namespace

uint64_t ply_type_bytes(PlyType type) {
  constexpr std::array<uint64_t, 8> kBytes = {1, 1, 2, 2, 4, 4, 4, 8};
  return kBytes[static_cast<size_t>(type)];
}

const PlyProperty* PlyElement::find(std::string_view property) const {
  const auto found = std::find_if(properties.begin(), properties.end(),
                                  [&](const PlyProperty& p) { return p.name == property; });
  return found == properties.end() ? nullptr : &*found;
}

const PlyElement* PlyHeader::find(std::string_view element) const {
  const auto found = std::find_if(elements.begin(), elements.end(),
                                  [&](const PlyElement& e) { return e.name == element; });
  return found == elements.end() ? nullptr : &*found;
}

bool is_ply(std::span<const std::byte> file) {
  const std::string_view text = text_view(file);
  return text.starts_with("ply\n") || text.starts_with("ply\r\n");
}

PlyHeader parse_ply_header(std::span<const std::byte> file) { return HeaderReader(file).read(); }

}  // namespace vane
