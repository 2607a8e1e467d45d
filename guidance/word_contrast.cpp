// SPDX-License-Identifier: Apache-2.0
#include "guidance/word_contrast.h"

#include <algorithm>
#include <map>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/text/phrase.h"

namespace vane {
namespace {

constexpr size_t kBatch = 256;
constexpr size_t kRivalsAtLeast = 3;  // fewer have no spread to compare with
constexpr double kSmallestSpread = 1e-7;

bool is_article(const std::string& word) { return word == "a" || word == "an" || word == "the"; }

/// Lower case, without punctuation at its end.
std::string plain(std::string word) {
  for (char& c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  while (!word.empty() && std::string_view(".,;:!?").find(word.back()) != std::string_view::npos) {
    word.pop_back();
  }
  return word;
}

std::vector<std::string> plain_words(const std::string& text) {
  std::vector<std::string> words = words_of_text(text);
  for (std::string& word : words) word = plain(word);
  return words;
}

/// The sentence of a vocabulary word with a hole in its place and without articles.
std::string kind_of(const VocabularyWord& word) {
  const size_t at = word.text.find(word.word);
  if (at == std::string::npos) return {};
  std::string frame = word.text.substr(0, at) + " \x01 " + word.text.substr(at + word.word.size());
  std::vector<std::string> kept;
  for (const std::string& part : words_of_text(frame)) {
    if (!is_article(part)) kept.push_back(part);
  }
  return join(kept, " ");
}

std::string with_rival(const std::vector<std::string>& caption, size_t first, size_t end,
                       const std::string& rival) {
  std::vector<std::string> words(caption.begin(), caption.begin() + static_cast<ptrdiff_t>(first));
  const bool vowel = std::string_view("aeiou").find(rival.front()) != std::string_view::npos;
  if (!words.empty() && (words.back() == "a" || words.back() == "an")) {
    words.back() = vowel ? "an" : "a";
  }
  words.push_back(rival);
  words.insert(words.end(), caption.begin() + static_cast<ptrdiff_t>(end), caption.end());
  return join(words, " ");
}

std::vector<double> similarities(const ClipEncoder& clip, const Tensor& seen,
                                 const std::vector<std::string>& texts, Job& job) {
  std::vector<double> values;
  for (size_t i = 0; i < texts.size(); i += kBatch) {
    job.check_cancelled();
    const std::vector<std::string> part(
        texts.begin() + static_cast<ptrdiff_t>(i),
        texts.begin() + static_cast<ptrdiff_t>(std::min(texts.size(), i + kBatch)));
    std::vector<bool> cut;  // asking for it keeps made-up captions out of the cache of phrases
    const Tensor cosines =
        at::mv(unit(clip.text_embedding(part, &cut)), seen).to(at::kDouble).contiguous();
    const double* data = cosines.const_data_ptr<double>();
    values.insert(values.end(), data, data + cosines.numel());
  }
  return values;
}

double deviations(double value, const std::vector<double>& others) {
  const auto count = static_cast<double>(others.size());
  double mean = 0, square = 0;
  for (const double other : others) mean += other / count;
  for (const double other : others) square += (other - mean) * (other - mean) / count;
  return (value - mean) / std::max(std::sqrt(square), kSmallestSpread);
}

}  // namespace

std::vector<WordSpan> word_spans(const std::vector<std::string>& caption,
                                 const std::vector<VocabularyWord>& vocabulary) {
  std::map<std::string, std::string> kind_of_word;  // first kind of an ambiguous word
  std::map<std::string, std::vector<std::string>> words_of_kind;
  size_t longest = 1;
  for (const VocabularyWord& word : vocabulary) {
    const std::string kind = kind_of(word);
    const std::vector<std::string> parts = plain_words(word.word);
    if (kind.empty() || parts.empty() || word.word == word.text) continue;
    longest = std::max(longest, parts.size());
    kind_of_word.emplace(join(parts, " "), kind);
    words_of_kind[kind].push_back(word.word);
  }
  std::vector<std::string> words;
  for (const std::string& word : caption) words.push_back(plain(word));
  std::vector<WordSpan> spans;
  std::vector<bool> taken(words.size(), false);
  for (size_t length = std::min(longest, words.size()); length >= 1; --length) {
    for (size_t first = 0; first + length <= words.size(); ++first) {
      const auto begin = words.begin() + static_cast<ptrdiff_t>(first);
      const std::string phrase =
          join(std::vector<std::string>(begin, begin + static_cast<ptrdiff_t>(length)), " ");
      const auto known = kind_of_word.find(phrase);
      bool free = known != kind_of_word.end();
      for (size_t i = first; i < first + length; ++i) free = free && !taken[i];
      if (!free) continue;
      WordSpan span{first, first + length, {}};
      for (const std::string& rival : words_of_kind[known->second]) {
        if (join(plain_words(rival), " ") == phrase) continue;
        span.rivals.push_back(with_rival(caption, first, first + length, rival));
      }
      if (span.rivals.size() < kRivalsAtLeast) continue;
      for (size_t i = first; i < first + length; ++i) taken[i] = true;
      spans.push_back(std::move(span));
    }
  }
  std::sort(spans.begin(), spans.end(),
            [](const WordSpan& a, const WordSpan& b) { return a.first < b.first; });
  return spans;
}

WordAttribution contrast_words(const ClipEncoder& clip, const Tensor& image_embedding,
                               const std::string& caption,
                               const std::vector<VocabularyWord>& vocabulary,
                               const WordContrastConfig& config, Job& job) {
  const at::NoGradGuard no_grad;
  check_phrase(caption, "the caption");
  const std::vector<std::string> words = words_of_text(caption);
  const std::vector<WordSpan> spans = word_spans(words, vocabulary);
  if (spans.empty()) {
    throw Error(ErrorCode::usage,
                "the vocabulary knows no word of the caption, so none can be "
                "compared with others of its kind")
        .with_hint("give --method attention, or a --vocabulary with these words");
  }
  std::vector<bool> cut;
  const Tensor text = unit(clip.text_embedding({caption}, &cut))[0];
  const Tensor seen = unit(image_embedding.detach().reshape({1, -1}))[0].to(text.options());
  WordAttribution result;
  result.similarity = text.dot(seen).item<double>();
  result.truncated = cut.front();
  for (const std::string& word : words) {
    result.words.push_back({word, std::numeric_limits<double>::quiet_NaN(), false});
  }
  for (size_t i = 0; i < spans.size(); ++i) {
    job.progress(static_cast<int64_t>(i), static_cast<int64_t>(spans.size()), "comparing");
    const double score =
        deviations(result.similarity, similarities(clip, seen, spans[i].rivals, job));
    for (size_t k = spans[i].first; k < spans[i].end; ++k) {
      result.words[k].score = score;
      result.words[k].misaligned = score < config.threshold;
    }
  }
  return result;
}

}  // namespace vane
