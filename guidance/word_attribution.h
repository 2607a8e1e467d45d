// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which words of a caption a picture shows.

#include <string>
#include <string_view>
#include <vector>

#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"

namespace vane {

struct WordAttributionConfig {
  /// Put before the caption; its words get no score.
  std::string prefix = "A photo depicts";
  /// Text layers, from the last, whose attention is looked at.
  int64_t layers = 3;
  /// A word that scores below is misaligned.
  double threshold = -5e-5;
};

struct WordScore {
  /// As the caption spells it, between white space.
  std::string word;
  /// Mean over its tokens; NaN for a word beyond the length that the model reads.
  double score = 0;
  bool misaligned = false;
};

struct WordAttribution {
  std::vector<WordScore> words;
  /// Cosine of picture and prefixed caption.
  double similarity = 0;
  bool truncated = false;
};

/// Words by white space.
std::vector<std::string> words_of_text(std::string_view text);

/// CLIP4DM's attribution: the contribution of every word to the cosine y of picture and caption,
/// through gradient times attention. With A_l [heads,T,T] the attention of layer l, R = mean over
/// the last layers and the heads of dy/dA_l * A_l (sign kept); a token scores R[end,token], a word
/// the mean of its tokens. Negative: the picture speaks against the word (clip sheet 5).
///
/// `image_embedding` [1,D] or [D], raw or unit. Throws Error{usage} for a caption without words and
/// for a model without a text tower that can be looked into.
WordAttribution attribute_words(const ClipEncoder& clip, const Tensor& image_embedding,
                                const std::string& caption,
                                const WordAttributionConfig& config = {});

}  // namespace vane
