// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a direction means in words, and how to take a meaning out of it.

#include <string>
#include <vector>

#include "guidance/direction.h"
#include "guidance/vocabulary.h"

namespace vane {

/// A word and how far the direction points to it: <v, r> less the mean over the vocabulary, since
/// all texts share a part that says nothing.
struct WordPull {
  std::string word;
  double pull = 0;
  /// In standard deviations of the vocabulary.
  double deviations = 0;
  /// 1 for the word that is pulled to most.
  int64_t rank = 0;
};

/// The strongest words of one kind, judged against that kind only: light is told by words of light
/// first, whatever else the pictures differ in, and a bias of what they show stands out among the
/// words for what is shown.
struct KindPulls {
  std::string kind;
  /// Deviations are those of the kind; ranks still those among all words.
  std::vector<WordPull> toward, away;
};

struct DirectionExplanation {
  /// The strongest words on each side, strongest first.
  std::vector<WordPull> toward, away;
  /// The phrases that were asked for, in their order; their rank is that among the words.
  std::vector<WordPull> phrases;
  double mean = 0, deviation = 0;
  /// Each kind with a dozen words or more, in the order of their names; empty when the vocabulary
  /// tells no kinds.
  std::vector<KindPulls> kinds;
};

/// Ranks the vocabulary against the direction (RAVE's interpretation, Gaintseva et al. 2024,
/// section 3.3). `phrases` [P,D] unit features of `phrase_names`, may be undefined.
DirectionExplanation explain_direction(const Direction& direction, const Vocabulary& vocabulary,
                                       int64_t count, const std::vector<std::string>& phrase_names,
                                       const Tensor& phrases);

/// The direction without what `words` [W,D] say (unit features; less the mean of a vocabulary, a
/// single word's pull becomes zero): c = n(sum_i <v_i, r> v_i),
/// r' = n(r - c <c, r>) (clip sheet 5, after RAVE). tau is made anew when the direction knows its
/// means. `names` go into the origin. Throws Error{usage} when nothing of the direction is left, or
/// when the words say nothing that could be removed.
Direction without_words(const Direction& direction, const Tensor& words,
                        const std::vector<std::string>& names);

/// RAVE's own removal by rank: u = n(n(mean of <v,r> v over the `count` best) + n(mean over the
/// worst)), r' = n(r - u <u, r>) (enhance sheet 3.6). Returns the words that were used.
Direction without_strongest(const Direction& direction, const Vocabulary& vocabulary, int64_t count,
                            std::vector<std::string>* removed);

}  // namespace vane
