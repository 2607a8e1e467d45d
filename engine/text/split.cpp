// SPDX-License-Identifier: Apache-2.0
#include "engine/text/split.h"

#include <array>

namespace vane {
namespace {

constexpr std::array<std::u32string_view, 7> kContractions = {U"'s", U"'t",  U"'re", U"'ve",
                                                              U"'m", U"'ll", U"'d"};

/// Whether `c` is the lower-case letter or sign `letter` when case is ignored. The long s folds to
/// "s"; no other character outside ASCII folds to a letter of the literals matched here.
bool folds_to(char32_t c, char32_t letter, UnicodeRules rules) {
  if (c == letter) return true;
  if (rules == UnicodeRules::tokenizers || letter < 'a' || letter > 'z') return false;
  return c + 32 == letter || (letter == 's' && c == 0x17F);
}

bool starts_with(std::u32string_view text, std::u32string_view literal, UnicodeRules rules) {
  if (text.size() < literal.size()) return false;
  for (size_t i = 0; i < literal.size(); ++i) {
    if (!folds_to(text[i], literal[i], rules)) return false;
  }
  return true;
}

/// Length of the literal alternative at the start of `text`, or 0.
size_t literal_length(std::u32string_view text, const SplitOptions& options) {
  if (text[0] == '\'') {
    for (std::u32string_view contraction : kContractions) {
      if (starts_with(text, contraction, options.rules)) return contraction.size();
    }
  } else if (text[0] == '<' && options.special_pieces) {
    if (starts_with(text, kStartText, options.rules)) return kStartText.size();
    if (starts_with(text, kEndText, options.rules)) return kEndText.size();
  }
  return 0;
}

/// Length of the run of one class at the start of `text`; numbers stand alone.
size_t run_length(std::u32string_view text, UnicodeRules rules) {
  const CharacterClass first = character_class(text[0], rules);
  size_t length = 1;
  if (first == CharacterClass::number) return length;
  while (length < text.size() && character_class(text[length], rules) == first) ++length;
  return length;
}

}  // namespace

void split_pieces(std::u32string_view text, const SplitOptions& options,
                  const std::function<void(std::u32string_view)>& accept) {
  while (!text.empty()) {
    size_t length = literal_length(text, options);
    if (length == 0) {
      const CharacterClass kind = character_class(text[0], options.rules);
      length = run_length(text, options.rules);
      if (kind == CharacterClass::space || kind == CharacterClass::skipped) {
        text.remove_prefix(length);
        continue;
      }
    }
    accept(text.substr(0, length));
    text.remove_prefix(length);
  }
}

}  // namespace vane
