// SPDX-License-Identifier: Apache-2.0
#include "guidance/word_attribution.h"

#include <ATen/core/grad_mode.h>

#include <limits>

#include "engine/base/error.h"
#include "engine/clip/text_transformer.h"
#include "engine/text/phrase.h"
#include "engine/text/tokenizer.h"

namespace vane {
namespace {

// Ids of a row with start and end, and where the tokens of each word lie (empty: cut off).
struct Spelled {
  std::vector<int64_t> ids{Tokenizer::kStart};
  std::vector<std::pair<int64_t, int64_t>> spans;
  bool truncated = false;
};

// Byte pairs never cross white space, so the ids of a text are those of its words in a row.
Spelled spell(const std::vector<std::string>& words, const TokenizerOptions& options) {
  const auto room = static_cast<size_t>(options.context_length) - 1;
  Spelled spelled;
  for (const std::string& word : words) {
    const std::vector<int64_t> ids = Tokenizer::builtin().encode(word, options);
    const auto first = static_cast<int64_t>(spelled.ids.size());
    for (const int64_t id : ids) {
      if (spelled.ids.size() < room) spelled.ids.push_back(id);
    }
    spelled.truncated = spelled.truncated || static_cast<size_t>(first) + ids.size() > room;
    spelled.spans.emplace_back(first, static_cast<int64_t>(spelled.ids.size()));
  }
  spelled.ids.push_back(Tokenizer::kEnd);
  return spelled;
}

// R[end,:] of the sheet: [T], float64.
Tensor end_row(const std::vector<Tensor>& attention, const std::vector<Tensor>& gradients,
               int64_t end) {
  Tensor sum;
  for (size_t l = 0; l < attention.size(); ++l) {
    const Tensor row =
        (gradients[l] * attention[l])[0].select(1, end).to(at::kDouble).mean(0).detach();
    sum = sum.defined() ? sum + row : row;
  }
  return sum / static_cast<double>(attention.size());
}

}  // namespace

std::vector<std::string> words_of_text(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : std::string(text) + " ") {
    if (c != ' ' && (c < '\t' || c > '\r')) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

WordAttribution attribute_words(const ClipEncoder& clip, const Tensor& image_embedding,
                                const std::string& caption, const WordAttributionConfig& config) {
  check_phrase(caption, "the caption");
  const TextTransformer* given = clip.text_transformer_tower();
  if (given == nullptr) {
    throw Error(ErrorCode::usage, "this CLIP has no text tower that shows its attention");
  }
  if (clip.info().unigram) {
    throw Error(ErrorCode::usage,
                "words cannot be weighed by a SigLIP: its pieces cross word limits")
        .with_hint("give a --clip of another family");
  }
  std::vector<std::string> words = words_of_text(config.prefix);
  const size_t prefix = words.size();
  for (std::string& word : words_of_text(caption)) words.push_back(std::move(word));
  const Spelled spelled = spell(words, clip.info().tokenizer);
  const auto end = static_cast<int64_t>(spelled.ids.size()) - 1;

  const at::AutoGradMode differentiate(true);
  // Weights need no gradient, so that the graph has to start somewhere above the attention.
  TextTransformer tower = *given;
  tower.positional_embedding = tower.positional_embedding.detach().requires_grad_(true);
  const auto int64 = at::TensorOptions().dtype(at::kLong);
  std::vector<Tensor> attention;
  const Tensor text = text_transformer_with_attention(
      tower, at::tensor(spelled.ids, int64).unsqueeze(0), at::tensor(end, int64).view({1}),
      std::min<int64_t>(config.layers, static_cast<int64_t>(tower.blocks.size())), attention);
  const Tensor seen = unit(image_embedding.detach().view({1, -1})).to(text.options());
  const Tensor similarity = (unit(text) * seen).sum();
  const Tensor row = end_row(attention, torch::autograd::grad({similarity}, attention), end);

  WordAttribution result;
  result.similarity = similarity.item<double>();
  result.truncated = spelled.truncated;
  for (size_t i = prefix; i < words.size(); ++i) {
    const auto [first, last] = spelled.spans[i];
    WordScore& word = result.words.emplace_back();
    word.word = words[i];
    word.score = first < last ? row.slice(0, first, last).mean().item<double>()
                              : std::numeric_limits<double>::quiet_NaN();
    word.misaligned = word.score < config.threshold;
  }
  return result;
}

}  // namespace vane
