// SPDX-License-Identifier: Apache-2.0
#include "engine/text/mojibake.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "engine/text/code_page.h"
#include "engine/text/mojibake_bytes.h"
#include "engine/text/mojibake_patterns.h"
#include "engine/text/mojibake_tables.h"
#include "engine/text/unicode.h"

namespace vane {
namespace {

using namespace text_tables;

uint32_t classes_of(char32_t c) {
  if (c < 0x80 && c != ' ') return 0;
  const auto table = kMojibakeCharacters;
  const auto found = std::lower_bound(
      table.begin(), table.end(), c,
      [](const MojibakeCharacter& m, char32_t value) { return m.code_point < value; });
  return found != table.end() && found->code_point == c ? found->classes : 0;
}

std::vector<uint32_t> classes_of(std::u32string_view text) {
  std::vector<uint32_t> classes(text.size());
  std::transform(text.begin(), text.end(), classes.begin(),
                 [](char32_t c) { return classes_of(c); });
  return classes;
}

bool is_ascii(std::u32string_view text) {
  return std::all_of(text.begin(), text.end(), [](char32_t c) { return c < 0x80; });
}

bool matches(const MojibakePattern& pattern, std::u32string_view text,
             const std::vector<uint32_t>& classes, size_t position) {
  if (text.size() - position < pattern.sets.size()) return false;
  for (size_t k = 0; k < pattern.sets.size(); ++k) {
    if (!pattern.sets[k].contains(text[position + k], classes[position + k])) return false;
  }
  return true;
}

/// Length of one misread UTF-8 sequence at `position`, or 0.
size_t misread_sequence(const std::vector<uint32_t>& classes, size_t position) {
  constexpr std::array<uint32_t, 3> kLeads = {kFirstOf2, kFirstOf3, kFirstOf4};
  for (size_t later = 1; later <= kLeads.size(); ++later) {
    if ((classes[position] & kLeads[later - 1]) == 0 || classes.size() - position <= later)
      continue;
    const auto begin = classes.begin() + static_cast<std::ptrdiff_t>(position) + 1;
    const bool all = std::all_of(begin, begin + static_cast<std::ptrdiff_t>(later),
                                 [](uint32_t c) { return (c & kContinuation) != 0; });
    if (all) return later + 1;
  }
  return 0;
}

/// Repairs runs of misread sequences one by one, for text that is right elsewhere. A run that
/// directly follows a continuation is part of a larger garble and left alone.
std::u32string fix_single_sequences(std::u32string_view text) {
  const std::vector<uint32_t> classes = classes_of(text);
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    if (i == 0 || (classes[i - 1] & kContinuationStrict) == 0) {
      while (end < text.size()) {
        const size_t length = misread_sequence(classes, end);
        if (length == 0) break;
        end += length;
      }
    }
    if (end == i) {
      out.push_back(text[i++]);
      continue;
    }
    const std::u32string_view run = text.substr(i, end - i);
    // A run that is the whole text was tried already.
    out += run.size() < text.size() && is_mojibake(run) ? fix_encoding(std::u32string(run))
                                                        : std::u32string(run);
    i = end;
  }
  return out;
}

/// The text that `bytes` spell in UTF-8 once small losses are repaired, if they do.
std::optional<std::u32string> decoded_again(std::string bytes, const CodePage& page) {
  if (page.may_lose_no_break_space) restore_no_break_spaces(bytes);
  if (page.sloppy) replace_lossy_sequences(bytes);
  return decode_utf8_variants(bytes);
}

/// One round of repair; the text itself when there is nothing to do.
std::u32string fix_once(const std::u32string& text) {
  if (is_ascii(text) || !is_mojibake(text)) return text;
  for (const CodePage& page : code_pages()) {
    const std::optional<std::string> bytes = page.encode(text);
    if (!bytes) continue;
    if (auto fixed = decoded_again(*bytes, page)) return *fixed;
  }
  if (std::u32string fixed = fix_single_sequences(text); fixed != text) return fixed;
  return fix_c1_controls(text);
}

}  // namespace

bool is_mojibake(std::u32string_view text) {
  if (is_ascii(text)) return false;
  const std::vector<uint32_t> classes = classes_of(text);
  for (const MojibakePattern& pattern : mojibake_patterns()) {
    const size_t last = pattern.at_start ? 1 : text.size();
    for (size_t i = 0; i < last; ++i) {
      if (matches(pattern, text, classes, i)) return true;
    }
  }
  return false;
}

std::u32string fix_encoding(std::u32string text) {
  while (true) {
    std::u32string fixed = fix_once(text);
    if (fixed == text) return fixed;
    text = std::move(fixed);
  }
}

std::u32string fix_c1_controls(std::u32string text) {
  for (char32_t& c : text) {
    if (c >= 0x80 && c <= 0x9F) c = kSloppyWindows1252[c - 0x80];
  }
  return text;
}

}  // namespace vane
