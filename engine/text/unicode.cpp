// SPDX-License-Identifier: Apache-2.0
#include "engine/text/unicode.h"

#include <algorithm>
#include <span>

#include "engine/text/unicode_tables.h"

namespace vane {
namespace {

using text_tables::CodePointRange;

/// The entry of a sorted range table that holds `c`, or null.
template <class Range>
const Range* find_range(std::span<const Range> table, char32_t c) {
  auto after = std::upper_bound(table.begin(), table.end(), c,
                                [](char32_t value, const Range& r) { return value < r.first; });
  if (after == table.begin()) return nullptr;
  const Range& range = *std::prev(after);
  return c <= range.last ? &range : nullptr;
}

bool in_ranges(std::span<const CodePointRange> table, char32_t c) {
  return find_range(table, c) != nullptr;
}

char32_t mapped_by(std::span<const text_tables::LowerRun> table, char32_t c) {
  const auto* run = find_range(table, c);
  if (run == nullptr || (c - run->first) % static_cast<char32_t>(run->step) != 0) return c;
  return static_cast<char32_t>(static_cast<int64_t>(c) + run->delta);
}

char32_t simple_lower(char32_t c, UnicodeRules rules) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  const char32_t lower = mapped_by(text_tables::kLower, c);
  if (lower != c || rules == UnicodeRules::python) return lower;
  return mapped_by(text_tables::kLowerOnlyInTokenizers, c);
}

/// A capital sigma is final when a cased letter stands before it and none after it, looking past
/// characters that case rules ignore (Unicode, Final_Sigma).
bool is_final_sigma(std::u32string_view text, size_t position) {
  size_t before = position;
  while (before > 0 && in_ranges(text_tables::kCaseIgnorable, text[before - 1])) --before;
  if (before == 0 || !in_ranges(text_tables::kCased, text[before - 1])) return false;
  size_t after = position + 1;
  while (after < text.size() && in_ranges(text_tables::kCaseIgnorable, text[after])) ++after;
  return after == text.size() || !in_ranges(text_tables::kCased, text[after]);
}

// Hangul syllables are computed (Unicode 3.12).
constexpr char32_t kSyllables = 0xAC00, kLeads = 0x1100, kVowels = 0x1161, kTails = 0x11A7;
constexpr char32_t kLeadCount = 19, kVowelCount = 21, kTailCount = 28;
constexpr char32_t kSyllableCount = kLeadCount * kVowelCount * kTailCount;

/// A composite of Unicode 13 that the normaliser of tokenizers does not know.
constexpr char32_t kUnknownComposite = 0x11938;

uint8_t combining_class(char32_t c, UnicodeRules rules) {
  if (c < 0x300) return 0;
  if (rules == UnicodeRules::tokenizers && in_ranges(text_tables::kNotMarkInTokenizers, c))
    return 0;
  const auto* range = find_range(text_tables::kCombining, c);
  return range == nullptr ? 0 : range->combining_class;
}

void append_decomposed(std::u32string& out, char32_t c, UnicodeRules rules) {
  if (c < 0xC0 || (c == kUnknownComposite && rules == UnicodeRules::tokenizers)) {
    out.push_back(c);
    return;
  }
  if (c - kSyllables < kSyllableCount) {
    const char32_t index = c - kSyllables;
    out.push_back(kLeads + index / (kVowelCount * kTailCount));
    out.push_back(kVowels + index / kTailCount % kVowelCount);
    if (index % kTailCount != 0) out.push_back(kTails + index % kTailCount);
    return;
  }
  const auto table = text_tables::kDecompositions;
  const auto found = std::lower_bound(
      table.begin(), table.end(), c,
      [](const text_tables::Decomposition& d, char32_t value) { return d.code_point < value; });
  if (found == table.end() || found->code_point != c) {
    out.push_back(c);
    return;
  }
  append_decomposed(out, found->first, rules);
  if (found->second != 0) append_decomposed(out, found->second, rules);
}

/// The primary composite of two code points, or 0.
char32_t composed(char32_t first, char32_t second, UnicodeRules rules) {
  if (first - kLeads < kLeadCount && second - kVowels < kVowelCount) {
    return kSyllables + ((first - kLeads) * kVowelCount + (second - kVowels)) * kTailCount;
  }
  if (first - kSyllables < kSyllableCount && (first - kSyllables) % kTailCount == 0 &&
      second > kTails && second < kTails + kTailCount) {
    return first + (second - kTails);
  }
  const auto table = text_tables::kCompositions;
  const auto found =
      std::lower_bound(table.begin(), table.end(), std::pair(first, second),
                       [](const text_tables::Composition& c, std::pair<char32_t, char32_t> key) {
                         return std::pair(c.first, c.second) < key;
                       });
  const bool hit = found != table.end() && found->first == first && found->second == second;
  if (!hit) return 0;
  const bool unknown = found->composite == kUnknownComposite && rules == UnicodeRules::tokenizers;
  return unknown ? 0 : found->composite;
}

/// Stable-sorts every run of combining marks by combining class.
void order_marks(std::u32string& text, UnicodeRules rules) {
  for (size_t i = 0; i < text.size();) {
    if (combining_class(text[i], rules) == 0) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() && combining_class(text[end], rules) != 0) ++end;
    std::stable_sort(text.begin() + static_cast<std::ptrdiff_t>(i),
                     text.begin() + static_cast<std::ptrdiff_t>(end),
                     [rules](char32_t a, char32_t b) {
                       return combining_class(a, rules) < combining_class(b, rules);
                     });
    i = end;
  }
}

/// Length of the well-formed sequence at `position`, 0 when there is none; then `bad` is the length
/// of the maximal part that one U+FFFD replaces.
size_t sequence_length(std::string_view bytes, size_t position, size_t& bad) {
  const auto at = [&](size_t k) {
    return position + k < bytes.size() ? static_cast<unsigned char>(bytes[position + k]) : 0u;
  };
  const unsigned lead = at(0);
  bad = 1;
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte is what excludes overlong forms, surrogates and values above U+10FFFF.
  unsigned low = 0x80, high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  for (size_t k = 1; k < length; ++k) {
    if (at(k) < low || at(k) > high) {
      bad = k;
      return 0;
    }
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

}  // namespace

std::u32string decode_utf8(std::string_view bytes) {
  std::u32string out;
  out.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    size_t bad = 0;
    const size_t length = sequence_length(bytes, i, bad);
    if (length == 0) {
      out.push_back(kReplacementCharacter);
      i += bad;
      continue;
    }
    char32_t c = static_cast<unsigned char>(bytes[i]);
    if (length > 1) c &= 0xFFu >> (length + 1);
    for (size_t k = 1; k < length; ++k) {
      c = c << 6 | (static_cast<unsigned char>(bytes[i + k]) & 0x3Fu);
    }
    out.push_back(c);
    i += length;
  }
  return out;
}

void append_utf8(std::string& out, char32_t c) {
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80u | (c >> shift & 0x3Fu)));
  };
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0u | c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0u | c >> 12));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0u | c >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string encode_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char32_t c : text) append_utf8(out, c);
  return out;
}

std::u32string nfc(std::u32string_view text, UnicodeRules rules) {
  // Nothing below U+0300 decomposes into anything that would not compose again.
  const auto composes = [](char32_t c) { return c >= 0x300; };
  if (std::none_of(text.begin(), text.end(), composes)) return std::u32string(text);
  std::u32string marks;
  marks.reserve(text.size() + text.size() / 2);
  for (char32_t c : text) append_decomposed(marks, c, rules);
  order_marks(marks, rules);
  std::u32string out;
  out.reserve(marks.size());
  size_t starter = std::u32string::npos;
  uint8_t last_class = 0;
  for (char32_t c : marks) {
    const uint8_t current = combining_class(c, rules);
    const bool adjacent = starter != std::u32string::npos && starter + 1 == out.size();
    // A mark is blocked by one of the same or a higher class between it and the starter.
    if (starter != std::u32string::npos && (adjacent || (current != 0 && last_class < current))) {
      if (const char32_t composite = composed(out[starter], c, rules); composite != 0) {
        out[starter] = composite;
        continue;
      }
    }
    if (current == 0) starter = out.size();
    last_class = current;
    out.push_back(c);
  }
  return out;
}

std::u32string lower_case(std::u32string_view text, UnicodeRules rules) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == 0x130) {
      out += U"i\u0307";
    } else if (c == 0x3A3 && rules == UnicodeRules::python) {
      out.push_back(is_final_sigma(text, i) ? 0x3C2 : 0x3C3);
    } else {
      out.push_back(simple_lower(c, rules));
    }
  }
  return out;
}

CharacterClass character_class(char32_t c, UnicodeRules rules) {
  if (c < 0x80) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return CharacterClass::letter;
    if (c >= '0' && c <= '9') return CharacterClass::number;
    return c == ' ' || (c >= 9 && c <= 13) ? CharacterClass::space : CharacterClass::other;
  }
  const bool fast = rules == UnicodeRules::tokenizers;
  if (in_ranges(text_tables::kLetters, c)) {
    const bool absent = fast && in_ranges(text_tables::kNotLetterInTokenizers, c);
    return absent ? CharacterClass::other : CharacterClass::letter;
  }
  if (in_ranges(text_tables::kNumbers, c)) {
    const bool absent = fast && in_ranges(text_tables::kNotNumberInTokenizers, c);
    return absent ? CharacterClass::other : CharacterClass::number;
  }
  if (in_ranges(text_tables::kSpaces, c)) return CharacterClass::space;
  // The iota subscript has letters among its case variants, so that the reference's negated set
  // rejects it while ignoring case, and it is no letter itself: `regex` drops it.
  if (c == 0x345 && !fast) return CharacterClass::skipped;
  return CharacterClass::other;
}

bool is_python_space(char32_t c) {
  return (c >= 0x1C && c <= 0x1F) || in_ranges(text_tables::kSpaces, c);
}

bool is_decimal_digit(char32_t c) { return in_ranges(text_tables::kDecimalDigits, c); }

}  // namespace vane
