// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane diagnose`: which words of a caption the picture does not show. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct DiagnoseRequest {
  std::filesystem::path image;
  std::string text;
  std::string prefix = "A photo depicts";
  std::string clip = "clip-mini";
  int64_t layers = 3;
  double threshold = -5e-5;
  Limits limits{};

  template <class V>
  static void fields(V& v) {
    using C = DiagnoseRequest;
    v.field("image", &C::image, "picture",
            {.required = true, .positional = true, .placeholder = "IMAGE"});
    v.field("text", &C::text, "caption to examine", {.required = true, .placeholder = "CAPTION"});
    v.field("prefix", &C::prefix, "words put before the caption, without a score of their own",
            {.placeholder = "WORDS"});
    v.field("clip", &C::clip, "CLIP model: a folder, a checkpoint file or a built-in name",
            {.placeholder = "M"});
    v.field("layers", &C::layers, "last text layers whose attention is looked at",
            {.min = 1, .max = 100});
    v.field("threshold", &C::threshold, "words that score below are called wrong",
            {.min = -1, .max = 1});
  }
};

struct DiagnosedWord {
  std::string word;
  /// Contribution to the similarity; NaN for a word that was cut off.
  double score = 0;
  bool misaligned = false;
  /// The lowest score of all.
  bool lowest = false;
};

struct DiagnoseResult {
  std::string file, text, clip;
  std::vector<DiagnosedWord> words;
  /// Cosine of the picture and the prefixed text, and 2.5 * max(cosine, 0) (Hessel et al.
  /// 2021).
  double similarity = 0, clipscore = 0;
  /// Sum of the scores of misaligned words, at most 0: how much they take from the similarity.
  double penalty = 0;
  bool truncated = false;
};

/// Throws Error{usage} for a caption of punctuation only, Error{input} for an unreadable picture.
DiagnoseResult diagnose(const DiagnoseRequest& request, Job& job);

}  // namespace vane
