// SPDX-License-Identifier: Apache-2.0
#include "editing/vocabulary_source.h"

#include <filesystem>

#include "engine/clip/clip_load.h"

namespace vane {
namespace {

std::filesystem::path own_vocabulary(const std::string& clip) {
  return find_clip_files(clip).weights.parent_path() / "vocabulary.txt";
}

}  // namespace

bool has_vocabulary(const std::string& clip) {
  std::error_code ignored;
  return std::filesystem::exists(own_vocabulary(clip), ignored);
}

NamedVocabulary wanted_vocabulary(const std::string& value, const std::string& clip,
                                  const Limits& limits) {
  if (value == "tokens") return {"tokens", token_vocabulary()};
  if (!value.empty()) return {value, read_vocabulary(value, limits)};
  if (has_vocabulary(clip)) {
    const std::filesystem::path own = own_vocabulary(clip);
    return {own.string(), read_vocabulary(own, limits)};
  }
  return {"tokens", token_vocabulary()};
}

Tensor phrase_features(const ClipEncoder& clip, const std::vector<std::string>& phrases,
                       const Vocabulary& vocabulary) {
  const at::NoGradGuard no_grad;
  if (phrases.empty()) return {};
  std::vector<Tensor> rows;
  for (const std::string& phrase : phrases) {
    Tensor row;
    for (size_t i = 0; i < vocabulary.words.size() && !row.defined(); ++i) {
      if (vocabulary.words[i].word == phrase) {
        row = vocabulary.features[static_cast<int64_t>(i)].unsqueeze(0);
      }
    }
    rows.push_back(row.defined() ? row : clip.text_features({phrase}).to(at::kFloat));
  }
  return at::cat(rows);
}

}  // namespace vane
