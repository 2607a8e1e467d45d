// SPDX-License-Identifier: Apache-2.0
#include "editing/language/questions.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "editing/language/caption_words.h"
#include "editing/language/noun_phrase.h"
#include "engine/base/text.h"

namespace vane {
namespace {

std::set<std::string> words_of(const std::string& text) {
  // Words that say nothing about which thing is meant.
  static const std::set<std::string> kEmpty = {"",      "a",  "an",   "the",  "of",   "photo",
                                               "image", "in", "on",   "with", "this", "picture",
                                               "and",   "is", "that", "to",   "toy"};
  std::set<std::string> words;
  for (std::string word : split(asked_noun_phrase(text), ' ')) {
    std::erase_if(word, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (kEmpty.count(word) == 0) words.insert(word);
  }
  return words;
}

bool share_a_word(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const std::string& word) { return b.count(word) > 0; });
}

void append(std::vector<float>& rows, const Tensor& feature) {
  const Tensor row = unit(feature.to(at::kFloat)).contiguous();
  rows.insert(rows.end(), row.data_ptr<float>(), row.data_ptr<float>() + row.numel());
}

// [phrases, D] unit: the mean over the frames of captions of each.
Tensor framed_features(const ClipEncoder& clip, const std::vector<std::string>& phrases) {
  std::vector<std::string> framed;
  for (const std::string& phrase : phrases) {
    for (std::string& text : caption_frames(phrase)) framed.push_back(std::move(text));
  }
  if (framed.empty()) return at::empty({0, clip.info().embed_dim});
  const auto count = static_cast<int64_t>(phrases.size());
  return unit(
      clip.text_features(framed).to(at::kFloat).view({count, -1, clip.info().embed_dim}).mean(1));
}

}  // namespace

const std::vector<std::string>& canonical_phrases() {
  static const std::vector<std::string> phrases = {"object", "things", "stuff", "texture"};
  return phrases;
}

bool names_a_thing(const VocabularyWord& word) {
  return word.kind.empty() || word.kind == "thing" || word.kind == "toy" || word.kind == "place";
}

std::vector<Question> text_questions(const ClipEncoder& clip,
                                     const std::vector<std::string>& texts) {
  const at::NoGradGuard no_grad;
  std::vector<std::string> things;
  for (const std::string& text : texts) things.push_back(asked_noun_phrase(text));
  const Tensor features = framed_features(clip, things);
  std::vector<Question> questions;
  for (size_t i = 0; i < texts.size(); ++i) {
    questions.push_back({texts[i], features[static_cast<int64_t>(i)], {}});
  }
  return questions;
}

QuestionSet make_questions(const ClipEncoder& clip, const std::vector<Question>& questions,
                           const std::vector<std::string>& negatives, const Vocabulary& vocabulary,
                           double alike) {
  const at::NoGradGuard no_grad;
  QuestionSet set;
  set.dim = static_cast<int>(clip.info().embed_dim);
  set.rivals.resize(questions.size());
  for (const Question& question : questions) {
    set.texts.push_back(question.text);
    append(set.rows, question.feature);
  }
  int row = set.questions();
  std::vector<std::string> plain = canonical_phrases();
  plain.insert(plain.end(), negatives.begin(), negatives.end());
  const Tensor plain_features = clip.text_features(plain);
  for (size_t i = 0; i < plain.size(); ++i, ++row) {
    append(set.rows, plain_features[static_cast<int64_t>(i)]);
    set.rival_texts.push_back(plain[i]);
    for (size_t q = 0; q < questions.size(); ++q) {
      if (questions[q].rival.defined() || set.texts[q] == plain[i]) continue;
      set.rivals[q].push_back(row);
    }
  }
  std::vector<std::set<std::string>> asked;
  std::vector<Tensor> nearness;
  for (const Question& question : questions) {
    asked.push_back(words_of(question.text));
    if (vocabulary.words.empty()) continue;
    nearness.push_back(at::mv(vocabulary.features, unit(question.feature.to(at::kFloat))));
  }
  for (size_t i = 0; i < vocabulary.words.size(); ++i) {
    const std::set<std::string> words = words_of(vocabulary.words[i].word);
    bool is_used = false;
    for (size_t q = 0; q < questions.size(); ++q) {
      if (questions[q].rival.defined() || share_a_word(asked[q], words) ||
          nearness[q][static_cast<int64_t>(i)].item<double>() > alike) {
        continue;
      }
      set.rivals[q].push_back(row);
      is_used = true;
    }
    if (!is_used) continue;
    append(set.rows, vocabulary.features[static_cast<int64_t>(i)]);
    set.rival_texts.push_back(vocabulary.words[i].word);
    ++row;
  }
  for (size_t q = 0; q < questions.size() && !vocabulary.words.empty(); ++q) {
    if (questions[q].rival.defined()) continue;
    const std::vector<std::string> phrases = in_other_colours(asked_noun_phrase(questions[q].text));
    const Tensor features = framed_features(clip, phrases);
    for (size_t i = 0; i < phrases.size(); ++i) {
      append(set.rows, features[static_cast<int64_t>(i)]);
      set.rival_texts.push_back(phrases[i]);
      set.rivals[q].push_back(row++);
    }
  }
  for (size_t q = 0; q < questions.size(); ++q) {
    if (!questions[q].rival.defined()) continue;
    append(set.rows, questions[q].rival);
    set.rival_texts.push_back("what " + set.texts[q] + " is compared with");
    set.rivals[q].push_back(row++);
  }
  return set;
}

float relevancy(const QuestionSet& set, int question, const float* cosines, double temperature) {
  float rival = -1;
  for (const int row : set.rivals[static_cast<size_t>(question)]) {
    rival = std::max(rival, cosines[row]);
  }
  return static_cast<float>(
      1 / (1 + std::exp(temperature * static_cast<double>(rival - cosines[question]))));
}

}  // namespace vane
