// SPDX-License-Identifier: Apache-2.0
#pragma once
// What differs between two sets of pictures, in words, with a significance on pictures that did not
// choose the words (VisDiff: Dunlap et al. 2024, "Describing differences in image sets with natural
// language"; its language model that proposes is replaced by a vocabulary).

#include <cstdint>
#include <string>
#include <vector>

#include "guidance/direction.h"
#include "guidance/vocabulary.h"

namespace vane {

struct SetDifferenceConfig {
  /// Words of the vocabulary that are proposed for each side.
  int64_t count = 8;
  /// Chance of one false finding or more that is put up with (Holm).
  double level = 0.05;
  /// Of the split into proposing and testing pictures.
  uint64_t seed = 0;
};

/// A phrase on the pictures that did not propose it. A picture scores the cosine of its embedding
/// with the phrase.
struct PhraseDifference {
  std::string phrase;
  /// Probability that a picture of the second set scores higher than one of the first.
  double auroc = 0.5;
  /// Mean score of the second set less that of the first.
  double difference = 0;
  /// Mann-Whitney test, the same for all phrases that were tested (Holm), and Welch's t test.
  double p = 1, adjusted_p = 1, welch_p = 1;
  bool significant = false;
  /// Asked for by the caller rather than proposed.
  bool given = false;
  /// Row of its feature among the vocabulary, or among the given phrases.
  int64_t row = 0;
};

struct SetDifference {
  /// Strongest first on each side: of the first set (AUROC below 0.5) and of the second.
  std::vector<PhraseDifference> first, second;
  /// Pictures that proposed and that tested, of both sets.
  int64_t proposing_first = 0, proposing_second = 0, testing_first = 0, testing_second = 0;
  /// Smallest adjusted p value that pictures so few can reach.
  double reachable_p = 0;

  int64_t significant() const;
};

/// Pictures [N,D] and [M,D] of the two sets, unit rows, at least four each; `phrases` [P,D] with
/// `phrase_names` are tested besides what is proposed, may be undefined. Half of each set, drawn by
/// the seed, ranks the vocabulary by the difference of mean scores and proposes the `count` highest
/// words for each side; the other half tests them. Sets of one size are split alike, so that equal
/// sets differ in nothing. Throws Error{usage} for fewer pictures.
SetDifference set_difference(const Tensor& first, const Tensor& second,
                             const Vocabulary& vocabulary,
                             const std::vector<std::string>& phrase_names, const Tensor& phrases,
                             const SetDifferenceConfig& config = {});

/// The significant phrases as a direction from the first set to the second: n(sum_i (2 AUROC_i - 1)
/// (t_i - t)), t the mean of the vocabulary. Kind "difference". Throws Error{usage} when no phrase
/// is significant.
Direction difference_direction(const SetDifference& difference, const Vocabulary& vocabulary,
                               const Tensor& phrases, const std::string& model_hash);

}  // namespace vane
