// SPDX-License-Identifier: Apache-2.0
#include "engine/text/text_cleaning.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "engine/text/html_entities.h"
#include "engine/text/mojibake.h"
#include "engine/text/mojibake_tables.h"
#include "engine/text/unicode.h"

namespace vane {
namespace {

/// Longest stretch that is repaired as one, in code points.
constexpr size_t kLongestSegment = 1'000'000;

/// Ligatures and digraphs of Latin letters that stand for two or three letters.
std::u32string_view expanded_ligature(char32_t c) {
  switch (c) {
    case 0x132:
      return U"IJ";
    case 0x133:
      return U"ij";
    case 0x149:
      return U"\u02BCn";
    case 0x1C4:
      return U"D\u017D";
    case 0x1C5:
      return U"D\u017E";
    case 0x1C6:
      return U"d\u017E";
    case 0x1C7:
      return U"LJ";
    case 0x1C8:
      return U"Lj";
    case 0x1C9:
      return U"lj";
    case 0x1CA:
      return U"NJ";
    case 0x1CB:
      return U"Nj";
    case 0x1CC:
      return U"nj";
    case 0x1F1:
      return U"DZ";
    case 0x1F2:
      return U"Dz";
    case 0x1F3:
      return U"dz";
    case 0xFB00:
      return U"ff";
    case 0xFB01:
      return U"fi";
    case 0xFB02:
      return U"fl";
    case 0xFB03:
      return U"ffi";
    case 0xFB04:
      return U"ffl";
    case 0xFB05:
      return U"\u017Ft";
    case 0xFB06:
      return U"st";
    default:
      return {};
  }
}

std::u32string expand_ligatures(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (char32_t c : text) {
    const std::u32string_view letters = c < 0x132 ? std::u32string_view() : expanded_ligature(c);
    if (letters.empty()) {
      out.push_back(c);
    } else {
      out += letters;
    }
  }
  return out;
}

std::u32string fix_width(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  const auto table = text_tables::kWidthForms;
  for (char32_t c : text) {
    const auto found = c < 0x3000
                           ? table.end()
                           : std::lower_bound(table.begin(), table.end(), c,
                                              [](const text_tables::WidthForm& f, char32_t value) {
                                                return f.code_point < value;
                                              });
    if (found == table.end() || found->code_point != c) {
      out.push_back(c);
      continue;
    }
    out.push_back(found->first);
    if (found->second != 0) out.push_back(found->second);
  }
  return out;
}

char32_t straight_quote(char32_t c) {
  if (c == 0x2BC || (c >= 0x2018 && c <= 0x201B)) return '\'';
  return c >= 0x201C && c <= 0x201F ? U'"' : c;
}

/// CR, CR LF and the Unicode separators become LF.
std::u32string fix_line_breaks(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    const bool line_break = c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
    out.push_back(line_break ? U'\n' : c);
  }
  return out;
}

/// "ESC [ digits and semicolons letter": colours and the like.
std::u32string remove_terminal_escapes(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with(U"\x1b[")) {
      size_t end = i + 2;
      while (end < text.size() && (text[end] == ';' || is_decimal_digit(text[end]))) ++end;
      if (end < text.size() && text[end] < 0x80 &&
          character_class(text[end]) == CharacterClass::letter) {
        i = end + 1;
        continue;
      }
    }
    out.push_back(text[i++]);
  }
  return out;
}

/// Controls that show nothing: ASCII ones besides white space, old Arabic shaping controls, the
/// byte order mark, interlinear annotation and object replacement.
bool is_invisible_control(char32_t c) {
  if (c < 0x20) return c != '\t' && c != '\n' && c != '\f' && c != '\r';
  return c == 0x7F || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

/// Text that no step changes but the decoding of HTML references.
bool is_plain(std::u32string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char32_t c) { return (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\t'; });
}

std::u32string fix_characters(std::u32string text) {
  text = fix_c1_controls(fix_encoding(std::move(text)));
  text = fix_width(expand_ligatures(text));
  std::transform(text.begin(), text.end(), text.begin(), straight_quote);
  text = remove_terminal_escapes(fix_line_breaks(text));
  std::erase_if(text, is_invisible_control);
  return nfc(text);
}

std::u32string fix_segment(std::u32string_view segment, bool unescape) {
  std::u32string text(segment);
  while (true) {
    std::u32string fixed = unescape ? html_unescape_strict(text) : text;
    if (!is_plain(fixed)) fixed = fix_characters(std::move(fixed));
    if (fixed == text) return text;
    text = std::move(fixed);
  }
}

}  // namespace

std::u32string fix_text(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  bool unescape = true;
  for (size_t begin = 0; begin < text.size();) {
    const size_t line = text.find(U'\n', begin);
    const size_t end = line == text.npos ? text.size() : line + 1;
    const std::u32string_view segment = text.substr(begin, std::min(end - begin, kLongestSegment));
    // A '<' means that the text is HTML itself, here and in the lines below.
    if (segment.find(U'<') != segment.npos) unescape = false;
    out += fix_segment(segment, unescape);
    begin += segment.size();
  }
  return out;
}

std::u32string collapse_spaces(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  bool pending = false;
  for (char32_t c : text) {
    if (is_python_space(c)) {
      pending = !out.empty();
      continue;
    }
    if (pending) out.push_back(' ');
    pending = false;
    out.push_back(c);
  }
  return out;
}

}  // namespace vane
