// SPDX-License-Identifier: Apache-2.0
#include "guidance/vocabulary.h"

#include <algorithm>
#include <optional>
#include <set>

#include "engine/base/assets.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/text.h"
#include "engine/tensor/weights.h"
#include "engine/text/tokenizer.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBatch = 256;
constexpr size_t kLongestLine = 512;

fs::path cache_file(const ClipEncoder& clip, const std::vector<VocabularyWord>& words) {
  const ClipInfo& info = clip.info();
  std::string key = std::to_string(info.context_length) + "/" +
                    std::to_string(int(info.tokenizer.cleaning)) + "/" +
                    (info.quick_gelu ? "quick" : "gelu");
  for (const VocabularyWord& word : words) key += "\n" + word.text;
  return cache_folder() / "vocabulary" / (info.hash + "-" + hex64(xxh64(key)) + ".safetensors");
}

/// As the cache keeps them, so that the first run has the numbers of every later one.
Tensor rounded(const Tensor& features) { return unit(features.to(at::kHalf).to(at::kFloat)); }

/// What an earlier run left; nothing when there is none or it does not fit.
std::optional<Tensor> cached(const fs::path& file, int64_t rows, int64_t width) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  try {
    const TensorTable table = open_weights(file);
    const TensorRecord* record = table.find("features");
    if (!record || record->shape != std::vector<int64_t>{rows, width}) {
      return std::nullopt;
    }
    const Tensor features = rounded(tensor_from_record(table, *record));
    if (!at::isfinite(features).all().item<bool>()) return std::nullopt;
    return features;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void remember(const fs::path& file, const Tensor& features) {
  std::error_code ignored;
  fs::create_directories(file.parent_path(), ignored);
  try {
    save_tensors(file, {{"features", features.to(at::kHalf)}});
  } catch (const Error&) {
    // A cache that cannot be written costs time only.
  }
}

}  // namespace

VocabularyWord word_of(const std::string& phrase) { return {phrase, phrase}; }

std::vector<VocabularyWord> read_vocabulary(const fs::path& file, const Limits& limits) {
  const auto source = MappedFile::open(file, limits.yaml_bytes, static_cast<int>(ErrorCode::input));
  const std::span<const std::byte> bytes = source->view();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<VocabularyWord> words;
  std::set<std::string> seen;
  int number = 0;
  for (const std::string& raw : split(text, '\n')) {
    ++number;
    const std::string line = trimmed(raw);
    if (line.empty() || line.front() == '#') continue;
    if (line.size() > kLongestLine) {
      throw Error(ErrorCode::input, "the line is too long for a word")
          .in_file(file)
          .at_line(number, 1);
    }
    const size_t tab = line.find('\t');
    VocabularyWord word = word_of(trimmed(line.substr(0, tab)));
    if (tab != std::string::npos) {
      const size_t second = line.find('\t', tab + 1);
      word.text = trimmed(line.substr(tab + 1, second - tab - 1));
      if (second != std::string::npos) word.kind = trimmed(line.substr(second + 1));
    }
    if (word.word.empty() || word.text.empty()) continue;
    if (seen.insert(word.word).second) words.push_back(std::move(word));
  }
  if (words.empty()) {
    throw Error(ErrorCode::input, "the vocabulary holds no word")
        .in_file(file)
        .with_hint("write one word or phrase on each line");
  }
  return words;
}

std::vector<VocabularyWord> token_vocabulary() {
  const Tokenizer& tokenizer = Tokenizer::builtin();
  std::vector<VocabularyWord> words;
  std::set<std::string> seen;
  for (int64_t id = 0; id < Tokenizer::kVocabulary; ++id) {
    const std::string word = trimmed(tokenizer.token_text(id));
    if (word.empty() || !is_utf8(word)) continue;
    if (seen.insert(word).second) words.push_back(word_of(word));
  }
  return words;
}

Vocabulary embed_vocabulary(const ClipEncoder& clip, std::vector<VocabularyWord> words, Job& job) {
  const at::NoGradGuard no_grad;
  Vocabulary vocabulary;
  const auto count = static_cast<int64_t>(words.size());
  const fs::path file = clip.info().hash.empty() ? fs::path() : cache_file(clip, words);
  if (!file.empty()) {
    if (auto known = cached(file, count, clip.info().embed_dim)) {
      return {std::move(words), *known};
    }
  }
  std::vector<Tensor> rows;
  for (size_t first = 0; first < words.size(); first += kBatch) {
    job.check_cancelled();
    std::vector<std::string> texts;
    for (size_t i = first; i < std::min(words.size(), first + kBatch); ++i) {
      texts.push_back(words[i].text);
    }
    std::vector<bool> cut;  // asking for it keeps thousands of words out of the cache of phrases
    rows.push_back(unit(clip.text_embedding(texts, &cut)));
    job.progress(static_cast<int64_t>(first + texts.size()), count, "reading the vocabulary");
  }
  vocabulary.features = at::cat(rows).to(at::kFloat);
  if (!at::isfinite(vocabulary.features).all().item<bool>()) {
    throw Error(ErrorCode::numeric, "embeddings of the vocabulary are not finite");
  }
  if (!file.empty()) remember(file, vocabulary.features);
  vocabulary.features = rounded(vocabulary.features);
  vocabulary.words = std::move(words);
  return vocabulary;
}

}  // namespace vane
