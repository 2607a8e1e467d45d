// SPDX-License-Identifier: Apache-2.0
#include "engine/text/phrase.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/text/unicode.h"

namespace vane {
namespace {

// Miscellaneous Symbols to Dingbats, and the planes of emoji.
bool is_pictograph(char32_t c) {
  return (c >= 0x2600 && c <= 0x27BF) || (c >= 0x1F000 && c <= 0x1FAFF);
}

}  // namespace

bool says_something(std::string_view text) {
  const std::u32string points = decode_utf8(text);
  return std::any_of(points.begin(), points.end(), [](char32_t c) {
    const CharacterClass kind = character_class(c);
    return kind == CharacterClass::letter || kind == CharacterClass::number || is_pictograph(c);
  });
}

void check_phrase(std::string_view text, const std::string& what) {
  if (says_something(text)) return;
  throw Error(ErrorCode::usage, what + " says nothing: \"" + printable(text, 40) + "\"")
      .with_hint("use a word or a phrase");
}

void check_phrase_bytes(std::string_view text, const std::string& what, const Limits& limits) {
  if (text.size() <= limits.text_prompt_bytes) return;
  const std::string size = std::to_string(text.size());
  throw Error(ErrorCode::usage, what + " has " + size + " bytes, the limit text.prompt_bytes is " +
                                    std::to_string(limits.text_prompt_bytes))
      .with_hint(
          "CLIP reads about 77 tokens of it; shorten it, or pass --limit text.prompt_bytes=" +
          size);
}

void check_phrase_bytes(const std::vector<std::string>& texts, const std::string& what,
                        const Limits& limits) {
  for (const std::string& text : texts) check_phrase_bytes(text, what, limits);
}

}  // namespace vane
