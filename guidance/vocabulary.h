// SPDX-License-Identifier: Apache-2.0
#pragma once
// A list of words with their embeddings, against which directions are explained.

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// A word as it is shown, and the text that stands for it in CLIP.
struct VocabularyWord {
  std::string word, text;
  /// What it tells of, to rank like with like: "look", "place", "thing"; empty: not known.
  std::string kind = {};
};

/// A word a line, after a tab the text that is encoded instead of the word and after another its
/// kind ("bright\ta bright photo\tlook"); empty lines and lines that begin with # are skipped,
/// repeated words kept once. Throws Error{input} for an unreadable file, one without words, an
/// overlong line.
std::vector<VocabularyWord> read_vocabulary(const std::filesystem::path& file,
                                            const Limits& limits = {});
/// Every token of CLIP's own vocabulary as a word (clip sheet 5): decoded, tokens of bytes that are
/// no text left out, tokens that differ in a trailing space only kept once.
std::vector<VocabularyWord> token_vocabulary();

/// A word of its own for any phrase.
VocabularyWord word_of(const std::string& phrase);

struct Vocabulary {
  std::vector<VocabularyWord> words;
  /// [V,D] unit rows, float32, of numbers that were rounded to float16.
  Tensor features;
};

/// Encodes the words, or takes them from the cache folder, where they are kept under the hash of
/// the model and of the list; rounded to float16 either way. Throws Error{numeric} when an
/// embedding is not finite.
Vocabulary embed_vocabulary(const ClipEncoder& clip, std::vector<VocabularyWord> words, Job& job);

}  // namespace vane
