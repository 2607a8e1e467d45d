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

std::string training_vocabulary(const PhotoLibrary& library,
                                const std::vector<std::pair<std::string, std::string>>& more) {
  std::map<std::string, std::string> words;
  const auto add_adjective = [&](std::string_view adjective) {
    words.emplace(adjective, std::string(starts_with_vowel(adjective) ? "an " : "a ") +
                                 std::string(adjective) + " photo");
  };
  const auto add_thing = [&](const std::string& phrase) {
    if (!phrase.empty()) words.emplace(without_article(phrase), "a photo of " + phrase);
  };
  for (int look = 0; look < kLookCount; ++look) {
    for (const std::string_view adjective : words_of(static_cast<Look>(look)).adjectives) {
      add_adjective(adjective);
    }
  }
  for (const BlendWords& blend : blends()) {
    for (const std::string_view adjective : blend.adjectives) add_adjective(adjective);
  }
  for (const Photograph& photograph : library.photographs) {
    for (const std::string& subject : photograph.subjects) add_thing(subject);
  }
  for (const Cutout& cutout : library.cutouts) {
    add_thing(cutout.name);
    for (const std::string& kind : cutout.kinds) add_thing(kind);
  }
  words.insert(more.begin(), more.end());
  std::string text =
      "# What this model was taught: a word, and after the tab the caption that stands for it.\n";
  for (const auto& [word, caption] : words) text += word + "\t" + caption + "\n";
  return text;
}

}  // namespace vane
