// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane direction difference`: what differs between two folders, in words. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

/// Method and settings: guidance/set_difference.h.
struct DirectionDifferenceRequest {
  std::filesystem::path from, to;
  std::string vocabulary;
  std::filesystem::path phrases;
  int64_t count = 8;
  double level = 0.05;
  uint64_t seed = 0;
  std::string clip = "clip-mini";
  std::filesystem::path output;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = DirectionDifferenceRequest;
    v.field("from", &C::from, "first folder of pictures",
            {.required = true, .positional = true, .placeholder = "DIR"});
    v.field("to", &C::to, "second folder of pictures",
            {.required = true, .positional = true, .placeholder = "DIR"});
    v.field("vocabulary", &C::vocabulary,
            "words to choose from: a file with one a line, or \"tokens\" for every token of CLIP; "
            "left out: the vocabulary.txt of the model, else its tokens",
            {.placeholder = "FILE"});
    v.field("phrases", &C::phrases, "file with a phrase a line, each tested besides",
            {.placeholder = "FILE"});
    v.field("count", &C::count, "words that are proposed and tested on each side",
            {.min = 1, .max = 1000, .short_flag = "n"});
    v.field("level", &C::level, "chance of a false finding that is put up with",
            {.min = 1e-9, .max = 0.5});
    v.field("clip", &C::clip, "CLIP model: a name, folder or checkpoint", {.placeholder = "MODEL"});
    v.field("output", &C::output, "direction file of the significant phrases",
            {.short_flag = "o", .placeholder = "D.safetensors"});
  }
};

/// On the pictures that did not propose it.
struct DifferingPhrase {
  std::string phrase;
  /// Probability that a picture of the second folder fits it better than one of the first.
  double auroc = 0.5;
  /// Mean cosine of the second folder less that of the first.
  double difference = 0;
  /// Mann-Whitney; the same for all phrases that were tested (Holm); Welch's t test.
  double p = 1, adjusted_p = 1, welch_p = 1;
  bool significant = false, given = false;
};

struct DirectionDifferenceResult {
  std::string from, to, clip, vocabulary;
  /// Words that were chosen from, and pictures that proposed and that tested.
  int64_t words = 0, proposing_from = 0, proposing_to = 0, testing_from = 0, testing_to = 0;
  /// More of the first folder, and more of the second; strongest first.
  std::vector<DifferingPhrase> first, second;
  int64_t significant = 0;
  double level = 0.05;
  /// Smallest adjusted p value that so few pictures can reach.
  double reachable_p = 0;
  std::vector<std::string> skipped;
  std::string output;
};

/// Throws Error{input} for a folder without a readable picture, Error{usage} for one of fewer than
/// four, and when a direction is asked for but nothing is significant.
DirectionDifferenceResult direction_difference(const DirectionDifferenceRequest& request, Job& job);

}  // namespace vane
