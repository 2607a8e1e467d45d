// SPDX-License-Identifier: Apache-2.0
#include "editing/vocabulary_source.h"

#include <filesystem>

#include "engine/clip/clip_load.h"

namespace vane {

NamedVocabulary wanted_vocabulary(const std::string& value, const std::string& clip,
                                  const Limits& limits) {
  namespace fs = std::filesystem;
  if (value == "tokens") return {"tokens", token_vocabulary()};
  if (!value.empty()) return {value, read_vocabulary(value, limits)};
  const fs::path own = find_clip_files(clip).weights.parent_path() / "vocabulary.txt";
  std::error_code ignored;
  if (fs::exists(own, ignored)) return {own.string(), read_vocabulary(own, limits)};
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
