// SPDX-License-Identifier: Apache-2.0
#include "editing/language/caption_words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "engine/base/text.h"

namespace vane {
namespace {

constexpr std::array<std::string_view, 7> kFrames = {"{}",
                                                     "a picture of {}",
                                                     "a photo of {}",
                                                     "a render of {}",
                                                     "an image of {}",
                                                     "a toy scene with {}",
                                                     "here is {}"};
constexpr std::array<std::string_view, 11> kColours = {"red",   "orange", "yellow", "green",
                                                       "blue",  "purple", "pink",   "brown",
                                                       "white", "black",  "grey"};

bool is_vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::vector<std::string> caption_frames(const std::string& phrase) {
  std::vector<std::string> texts;
  for (const std::string_view frame : kFrames) {
    std::string text(frame);
    texts.push_back(text.replace(text.find("{}"), 2, phrase));
  }
  return texts;
}

std::vector<std::string> in_other_colours(const std::string& phrase) {
  const std::vector<std::string> words = split(phrase, ' ');
  const auto is_colour = [](const std::string& word) {
    return std::find(kColours.begin(), kColours.end(), lower(word)) != kColours.end();
  };
  const auto named = std::find_if(words.begin(), words.end(), is_colour);
  std::vector<std::string> phrases;
  if (named == words.end()) return phrases;
  const auto place = static_cast<size_t>(named - words.begin());
  for (const std::string_view colour : kColours) {
    if (colour == lower(*named)) continue;
    std::vector<std::string> other = words;
    other[place] = std::string(colour);
    if (place > 0 && (lower(other[place - 1]) == "a" || lower(other[place - 1]) == "an")) {
      other[place - 1] = is_vowel(colour.front()) ? "an" : "a";
    }
    std::string text;
    for (const std::string& word : other) text += (text.empty() ? "" : " ") + word;
    phrases.push_back(text);
  }
  return phrases;
}

}  // namespace vane
