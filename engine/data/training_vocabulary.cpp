// SPDX-License-Identifier: Apache-2.0
#include "engine/data/training_vocabulary.h"

#include <map>

#include "engine/data/look_words.h"

namespace vane {
namespace {

bool starts_with_vowel(std::string_view word) {
  return !word.empty() && std::string_view("aeiou").find(word.front()) != std::string::npos;
}

/// "a frog" -> "frog"; "the sea" -> "sea".
std::string without_article(const std::string& phrase) {
  for (const std::string_view article : {"a ", "an ", "the "}) {
    if (phrase.starts_with(article)) return phrase.substr(article.size());
  }
  return phrase;
}

}  // namespace

std::string training_vocabulary(const PhotoLibrary& library, const std::vector<TaughtWord>& more) {
  // Fewer say more about one photograph than about a kind of place.
  constexpr int kPlacePhotographs = 3;
  std::map<std::string, TaughtWord> words;
  const auto add = [&](std::string_view word, const std::string& caption, const char* kind) {
    words.emplace(word, TaughtWord{std::string(word), caption, kind});
  };
  const auto add_adjective = [&](std::string_view adjective) {
    add(adjective,
        std::string(starts_with_vowel(adjective) ? "an " : "a ") + std::string(adjective) +
            " photo",
        "look");
  };
  const auto add_noun = [&](const std::string& phrase, const char* kind) {
    if (!phrase.empty()) add(without_article(phrase), "a photo of " + phrase, kind);
  };
  for (int look = 0; look < kLookCount; ++look) {
    for (const std::string_view adjective : words_of(static_cast<Look>(look)).adjectives) {
      add_adjective(adjective);
    }
  }
  for (const BlendWords& blend : blends()) {
    for (const std::string_view adjective : blend.adjectives) add_adjective(adjective);
  }
  std::map<std::string, int> shown;
  for (const Photograph& photograph : library.photographs) {
    for (const std::string& subject : photograph.subjects) ++shown[subject];
  }
  for (const auto& [subject, count] : shown) {
    add_noun(subject, count >= kPlacePhotographs ? "place" : "thing");
  }
  for (const Cutout& cutout : library.cutouts) {
    add_noun(cutout.name, "thing");
    for (const std::string& kind : cutout.kinds) add_noun(kind, "thing");
  }
  for (const TaughtWord& word : more) words.emplace(word.word, word);
  std::string text =
      "# What this model was taught: a word, the caption that stands for it, and what it tells "
      "of.\n";
  for (const auto& [word, taught] : words) {
    text += word + "\t" + taught.caption + "\t" + taught.kind + "\n";
  }
  return text;
}

}  // namespace vane
