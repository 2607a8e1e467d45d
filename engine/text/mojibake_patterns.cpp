// SPDX-License-Identifier: Apache-2.0
#include "engine/text/mojibake_patterns.h"

#include "engine/text/mojibake_tables.h"
#include "engine/text/unicode.h"

namespace vane {
namespace {

using namespace text_tables;

bool is_lower_ascii(char32_t c) { return c >= 'a' && c <= 'z'; }
bool is_ascii_letter(char32_t c) { return is_lower_ascii(c | 0x20) && c < 0x80; }
bool is_no_ascii_letter(char32_t c) { return !is_ascii_letter(c); }
bool is_no_newline(char32_t c) { return c != '\n'; }
bool is_word(char32_t c) {
  const CharacterClass kind = character_class(c);
  return c == '_' || kind == CharacterClass::letter || kind == CharacterClass::number;
}

CharacterSet any_of(uint32_t classes, std::u32string_view members = {}) {
  return {classes, members, nullptr};
}
CharacterSet one(std::u32string_view members) { return {0, members, nullptr}; }
CharacterSet where(bool (*holds)(char32_t), uint32_t classes = 0,
                   std::u32string_view members = {}) {
  return {classes, members, holds};
}

/// Juxtapositions of character classes that no language uses.
void add_class_patterns(std::vector<MojibakePattern>& out) {
  const uint32_t accented = kLowerAccented | kUpperAccented;
  const uint32_t symbols = kCurrency | kNumeric | kLaw;
  const uint32_t beside_bad = accented | kBox | kStartPunctuation | kEndPunctuation | symbols;
  const auto add = [&](std::vector<CharacterSet> sets) { out.push_back({std::move(sets), false}); };
  add({any_of(kC1)});
  add({any_of(beside_bad | kBad), any_of(kBad)});
  add({any_of(kBad), any_of(beside_bad)});
  add({where(is_ascii_letter), any_of(kLowerCommon | kUpperCommon), any_of(kBad)});
  add({any_of(kLowerAccented | kLowerCommon | kBox | kEndPunctuation | kCurrency | kNumeric),
       any_of(kUpperAccented)});
  add({any_of(kBox | kEndPunctuation | kCurrency | kNumeric), any_of(kLowerAccented)});
  add({any_of(kLowerAccented | kBox | kEndPunctuation), any_of(kCurrency)});
  add({where(is_python_space), any_of(kUpperAccented), any_of(kCurrency)});
  add({any_of(kUpperAccented | kBox), any_of(kNumeric | kLaw)});
  add({any_of(accented | kBox | kCurrency | kEndPunctuation), any_of(kStartPunctuation),
       any_of(kNumeric)});
  add({any_of(accented | symbols | kBox), any_of(kEndPunctuation), any_of(kStartPunctuation)});
  add({any_of(kCurrency | kNumeric | kBox), any_of(kStartPunctuation)});
  add({where(is_lower_ascii), any_of(kUpperAccented), any_of(kStartPunctuation | kCurrency)});
  add({any_of(kBox), any_of(kKaomoji)});
  add({any_of(accented | symbols | kStartPunctuation | kEndPunctuation), any_of(kBox)});
  add({any_of(kBox), any_of(kEndPunctuation)});
  add({any_of(accented), any_of(kStartPunctuation | kEndPunctuation), where(is_word)});
  add({any_of(kUpperAccented), one(U"°")});
}

/// What frequent characters turn into under a particular code page.
void add_code_page_patterns(std::vector<MojibakePattern>& out) {
  const uint32_t quotes = kStartPunctuation | kEndPunctuation;
  const auto add = [&](std::vector<CharacterSet> sets) { out.push_back({std::move(sets), false}); };
  // Windows-1252.
  add({one(U"Œœ"), where(is_no_ascii_letter)});
  add({one(U"ÂÃÎÐ"), any_of(quotes, U"€œŠš¢£Ÿž\u00a0\u00ad®©°·»–—´")});
  add({one(U"×"), one(U"²³")});
  add({one(U"à"), one(U"²µ¹¼½¾")});
  add({where(is_lower_ascii), one(U"ÃÂ"), one(U" ")});
  add({where(is_lower_ascii), where(is_python_space), one(U"ÃÂ"), one(U" ")});
  out.push_back({{one(U"ÃÂ"), one(U" ")}, true});
  add({where(is_lower_ascii, kEndPunctuation, U".,?!"), one(U"Â"), any_of(quotes, U" ")});
  // Arabic through Windows-1252: its second bytes are common characters, so two pairs are needed.
  const CharacterSet arabic =
      any_of(kCommon | kCurrency | kBad | kNumeric | kStartPunctuation, U"ŸŠ®°µ»");
  add({one(U"ØÙ"), arabic, one(U"ØÙ"), arabic});
  // MacRoman.
  add({one(U"√"), one(U"±∂†≠®™´≤≥¥µø")});
  add({one(U"≈"), one(U"°¢")});
  add({one(U"‚"), one(U"Ä"), one(U"ìîïòôúùû†°¢π")});
  add({one(U"‚"), one(U"âó"), one(U"àä°ê")});
  // Windows-1251: punctuation, then Latin-1 and Cyrillic between two letters, then a double
  // misreading.
  add({one(U"в"), one(U"Ђ")});
  add({one(U"ВГРС"), any_of(kC1 | kBad | quotes | kCurrency, U"°µ"), one(U"ВГРС")});
  add({one(U"Г"), one(U"ў"), one(U"В"), one(U"Ђ"), one(U"В"), where(is_no_newline),
       where(is_ascii_letter, 0, U" ")});
  // Windows-1253.
  add({one(U"β"), one(U"€"), one(U"™\u00a0Ά\u00ad®°")});
  add({one(U"ΒΓΞΟ"), any_of(kC1 | kBad | quotes | kCurrency, U"°"), one(U"ΒΓΞΟ")});
}

}  // namespace

const std::vector<MojibakePattern>& mojibake_patterns() {
  static const std::vector<MojibakePattern> patterns = [] {
    std::vector<MojibakePattern> out;
    add_class_patterns(out);
    add_code_page_patterns(out);
    return out;
  }();
  return patterns;
}

}  // namespace vane
