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
  std::string method = "auto", vocabulary;
  int64_t layers = 3;
  double threshold = -5e-5, deviations = 0;
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
    v.field("method", &C::method,
            "contrast: each word against others of its kind; attention: what each adds to the "
            "similarity (CLIP4DM); auto: contrast where the model has a vocabulary with its words",
            {.choices = {"auto", "contrast", "attention"}});
    v.field("vocabulary", &C::vocabulary,
            "contrast: file of words and their sentences; left out: the model's own",
            {.placeholder = "FILE"});
    v.field("layers", &C::layers, "attention: last text layers whose attention is looked at",
            {.min = 1, .max = 100});
    v.field(
        "threshold", &C::threshold,
        "words that score below are called wrong; left out: 0 for contrast, -5e-5 for attention",
        {.min = -1, .max = 1});
  }
};

struct DiagnosedWord {
  std::string word;
  /// Contrast: standard deviations above the mean of its rivals; attention: contribution to the
  /// similarity. NaN for a word that was cut off or has no rivals.
  double score = 0;
  bool misaligned = false;
  /// The lowest score of all.
  bool lowest = false;
};

struct DiagnoseResult {
  std::string file, text, clip, method;
  std::vector<DiagnosedWord> words;
  /// Cosine of the picture and the prefixed text, and 2.5 * max(cosine, 0) (Hessel et al.
  /// 2021).
  double similarity = 0, clipscore = 0;
  /// Sum of the scores of misaligned words, at most 0.
  double penalty = 0;
  bool truncated = false;
};

/// Throws Error{usage} for a caption of punctuation only, Error{input} for an unreadable picture.
DiagnoseResult diagnose(const DiagnoseRequest& request, Job& job);

}  // namespace vane
