// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which words of a caption a picture shows, by what could stand in their place.

#include <string>
#include <vector>

#include "engine/base/job.h"
#include "guidance/vocabulary.h"
#include "guidance/word_attribution.h"

namespace vane {

struct WordContrastConfig {
  /// A word that scores below is misaligned: the picture fits it worse than the mean word of its
  /// kind by so many standard deviations.
  double threshold = 0;
};

/// A word or phrase of the caption that the vocabulary knows, and its rivals.
struct WordSpan {
  /// Words [first, end) of the caption.
  size_t first = 0, end = 0;
  /// The captions with every other word of its kind in its place.
  std::vector<std::string> rivals;
};

/// Spans of vocabulary words in a caption, longest first, without overlap. Two words are of one
/// kind when the vocabulary puts them into the same sentence ("a … photo", "a photo of …"), apart
/// from articles; "a" before the place becomes "an" where the rival wants it.
std::vector<WordSpan> word_spans(const std::vector<std::string>& caption,
                                 const std::vector<VocabularyWord>& vocabulary);

/// Scores every vocabulary word of the caption by z = (y - mean y_k) / std y_k: y the cosine of
/// picture and caption, y_k those of the caption with the rivals in its place. Unlike
/// attribute_words() it compares like with like, so that words that CLIP weighs lightly are judged
/// as well; words that the vocabulary does not know get NaN. Throws Error{usage} for a caption
/// without words and for one without a word that the vocabulary knows.
WordAttribution contrast_words(const ClipEncoder& clip, const Tensor& image_embedding,
                               const std::string& caption,
                               const std::vector<VocabularyWord>& vocabulary,
                               const WordContrastConfig& config, Job& job);

}  // namespace vane
