// SPDX-License-Identifier: Apache-2.0
#include "engine/text/html_entities.h"

#include <algorithm>
#include <cstring>

#include "engine/text/unicode.h"

namespace vane {
namespace {

using text_tables::HtmlEntity;

constexpr size_t kLongestName = 32;        // characters that a browser reads as a name
constexpr size_t kLongestStrictName = 24;  // the same for ftfy

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_hex(char32_t c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_alphanumeric(char32_t c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool ends_name(char32_t c) {
  return c == '\t' || c == '\n' || c == '\f' || c == ' ' || c == '<' || c == '&' || c == '#' ||
         c == ';';
}

const HtmlEntity* find_entity(std::span<const HtmlEntity> table, std::string_view name) {
  const auto found = std::lower_bound(
      table.begin(), table.end(), name,
      [](const HtmlEntity& entity, std::string_view value) { return entity.name < value; });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

/// What number `number` decodes to; nothing is a valid answer.
std::u32string decoded_number(uint32_t number) {
  for (const auto& replaced : text_tables::kReplacedReferences) {
    if (replaced.number == number) return {replaced.value};
  }
  if ((number >= 0xD800 && number <= 0xDFFF) || number > 0x10FFFF) return {kReplacementCharacter};
  for (const auto& range : text_tables::kInvalidReferences) {
    if (number >= range.first && number <= range.last) return {};
  }
  return {static_cast<char32_t>(number)};
}

/// Copies up to and including the next '&' and moves `position` behind it, or to the end.
void append_to_ampersand(std::u32string_view text, size_t& position, std::u32string& out) {
  const size_t found = text.find(U'&', position);
  const size_t end = found == text.npos ? text.size() : found + 1;
  out += text.substr(position, end - position);
  position = end;
}

struct Decoded {
  size_t length = 0;  // characters read after '&'; 0 when there is no reference
  std::u32string text;
};

/// A reference "#123;" or "#x1f;" at the start of `text`, the semicolon being optional.
Decoded decode_number(std::u32string_view text) {
  const bool hex = text.size() > 1 && (text[1] == 'x' || text[1] == 'X');
  const size_t start = hex ? 2 : 1;
  size_t end = start;
  uint32_t number = 0;
  while (end < text.size() && (hex ? is_hex(text[end]) : is_digit(text[end]))) {
    const char32_t c = text[end++];
    const uint32_t digit = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    number = std::min<uint32_t>(number * (hex ? 16 : 10) + digit, 0x110000);
  }
  if (end == start) return {};
  if (end < text.size() && text[end] == ';') ++end;
  return {end, decoded_number(number)};
}

/// A named reference at the start of `text`: the whole name, else the longest prefix of it that may
/// stand without semicolon, whose rest is kept.
Decoded decode_name(std::u32string_view text) {
  size_t length = 0;
  std::string name;
  while (length < text.size() && length < kLongestName && !ends_name(text[length])) {
    // Names are ASCII; anything else can only follow one.
    name.push_back(text[length] < 0x80 ? static_cast<char>(text[length]) : '\x7f');
    ++length;
  }
  if (length == 0) return {};
  const bool semicolon = length < text.size() && text[length] == ';';
  const HtmlEntity* entity = find_entity(text_tables::kHtmlEntities, name);
  if (entity != nullptr && (semicolon || entity->legacy)) {
    return {length + (semicolon ? 1 : 0), decode_utf8(entity->value)};
  }
  const size_t longest = semicolon ? length : length - 1;
  for (size_t prefix = longest; prefix >= 2; --prefix) {
    entity = find_entity(text_tables::kHtmlEntities, std::string_view(name).substr(0, prefix));
    if (entity != nullptr && entity->legacy) {
      return {prefix, decode_utf8(entity->value)};
    }
  }
  return {};
}

}  // namespace

std::u32string html_unescape(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    append_to_ampersand(text, i, out);
    if (i == text.size()) break;
    Decoded decoded = text[i] == '#' ? decode_number(text.substr(i)) : decode_name(text.substr(i));
    if (decoded.length == 0) continue;
    out.pop_back();
    out += decoded.text;
    i += decoded.length;
  }
  return out;
}

std::u32string html_unescape_strict(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    append_to_ampersand(text, i, out);
    if (i == text.size()) break;
    const bool number = text[i] == '#';
    const size_t start = i + (number ? 1 : 0);
    size_t end = start;
    while (end < text.size() && end - start < kLongestStrictName && is_alphanumeric(text[end]))
      ++end;
    if (end == start || end == text.size() || text[end] != ';') continue;
    std::u32string value;
    if (number) {
      Decoded decoded = decode_number(text.substr(i, end + 1 - i));
      // Only a whole reference counts; and a semicolon itself stays as it is written.
      const bool whole = i + decoded.length == end + 1;
      if (!whole || decoded.text.find(U';') != std::u32string::npos) continue;
      value = decoded.text;
    } else {
      const std::string name(text.begin() + static_cast<std::ptrdiff_t>(start),
                             text.begin() + static_cast<std::ptrdiff_t>(end));
      const HtmlEntity* entity = find_entity(text_tables::kHtmlEntities, name);
      if (entity == nullptr) entity = find_entity(text_tables::kUpperCaseEntities, name);
      if (entity == nullptr) continue;
      value = decode_utf8(entity->value);
    }
    out.pop_back();
    out += value;
    i = end + 1;
  }
  return out;
}

}  // namespace vane
