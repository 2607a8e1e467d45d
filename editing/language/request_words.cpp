// SPDX-License-Identifier: Apache-2.0
#include "editing/language/request_words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "engine/base/text.h"

namespace vane {
namespace {

constexpr std::array<std::string_view, 44> kOpenings = {"please",
                                                        "can you",
                                                        "could you",
                                                        "would you",
                                                        "i want",
                                                        "i need",
                                                        "i am looking for",
                                                        "i'm looking for",
                                                        "we need",
                                                        "look for",
                                                        "looking for",
                                                        "search for",
                                                        "find me",
                                                        "find",
                                                        "show me",
                                                        "show",
                                                        "give me",
                                                        "point to",
                                                        "point at",
                                                        "point out",
                                                        "locate",
                                                        "select",
                                                        "highlight",
                                                        "segment",
                                                        "mark",
                                                        "where is",
                                                        "where are",
                                                        "where's",
                                                        "which one is",
                                                        "is there",
                                                        "are there",
                                                        "do you see",
                                                        "there is",
                                                        "there are",
                                                        "here is",
                                                        "here are",
                                                        "this is",
                                                        "this image shows",
                                                        "this picture shows",
                                                        "the image shows",
                                                        "a picture of",
                                                        "a photo of",
                                                        "an image of",
                                                        "a render of"};
constexpr std::array<std::string_view, 13> kEndings = {
    "for me",         "to me",         "please",       "in this scene",
    "in the scene",   "in this image", "in the image", "in this picture",
    "in the picture", "in this room",  "in the room",  "here",
    "in it"};
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

bool is_mark(char c) { return c == '?' || c == '!' || c == '.' || c == ',' || c == ' '; }
bool is_vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void trim(std::string& text) {
  while (!text.empty() && is_mark(text.back())) text.pop_back();
  const auto first = std::find_if_not(text.begin(), text.end(), is_mark);
  text.erase(text.begin(), first);
}

// True when one of the phrases was taken off and something is left.
bool take_opening(std::string& text) {
  const std::string plain = lower(text);
  for (const std::string_view opening : kOpenings) {
    if (plain.size() > opening.size() + 1 && plain.starts_with(opening) &&
        is_mark(plain[opening.size()])) {
      std::string rest = text.substr(opening.size() + 1);
      trim(rest);
      if (rest.empty()) continue;
      text = rest;
      return true;
    }
  }
  return false;
}

bool take_ending(std::string& text) {
  const std::string plain = lower(text);
  for (const std::string_view ending : kEndings) {
    if (plain.size() > ending.size() + 1 && plain.ends_with(ending) &&
        is_mark(plain[plain.size() - ending.size() - 1])) {
      std::string rest = text.substr(0, text.size() - ending.size());
      trim(rest);
      if (rest.empty()) continue;
      text = rest;
      return true;
    }
  }
  return false;
}

}  // namespace

std::string thing_asked_for(const std::string& request) {
  std::string text = request;
  trim(text);
  if (text.empty()) return request;
  while (take_opening(text) || take_ending(text)) {
  }
  return text;
}

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
