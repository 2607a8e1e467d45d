// SPDX-License-Identifier: Apache-2.0
#pragma once
// The vocabulary that `--vocabulary VALUE` stands for.

#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/clip/clip_encoder.h"
#include "guidance/vocabulary.h"

namespace vane {

struct NamedVocabulary {
  std::string name;
  std::vector<VocabularyWord> words;
};

/// "tokens": every token of CLIP; else the file of that name; empty: vocabulary.txt beside the
/// weights of `clip`, or the tokens when there is none. Throws what read_vocabulary() throws.
NamedVocabulary wanted_vocabulary(const std::string& value, const std::string& clip,
                                  const Limits& limits);

/// Whether a model brings a vocabulary.txt.
bool has_vocabulary(const std::string& clip);

/// Unit features [P,D] of phrases, undefined for none; those that are words of the vocabulary mean
/// what they mean there.
Tensor phrase_features(const ClipEncoder& clip, const std::vector<std::string>& phrases,
                       const Vocabulary& vocabulary);

}  // namespace vane
