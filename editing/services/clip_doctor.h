// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane clip doctor`: why another program's embedding of a picture differs from ours. No torch
// here.

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct ClipDoctorRequest {
  std::string clip = "clip-mini";
  std::filesystem::path image, expect;
  Limits limits{};

  template <class V>
  static void fields(V& v) {
    using C = ClipDoctorRequest;
    v.field("clip", &C::clip, "CLIP model: a folder, a checkpoint file or a built-in name",
            {.placeholder = "M"});
    v.field("image", &C::image, "picture that was embedded elsewhere",
            {.required = true, .placeholder = "I"});
    v.field("expect", &C::expect,
            "the other program's embedding, key image_embeddings [1,D] or [D]",
            {.required = true, .placeholder = "E.safetensors"});
  }
};

/// One way to arrive at an embedding.
struct ClipDoctorTrial {
  std::string name;
  double cosine = 0;

  template <class V>
  static void fields(V& v) {
    using C = ClipDoctorTrial;
    v.field("name", &C::name, "what was done differently");
    v.field("cosine", &C::cosine, "cosine with the expected embedding");
  }
};

struct ClipDoctorResult {
  /// True when our embedding is the expected one: cosine at least 0.9999, and no trial comes ten
  /// times closer.
  bool agrees = false;
  double cosine = 0;
  /// Ratio of the lengths, expected / ours; 1 / our length when theirs is normalised.
  double length_ratio = 1;
  /// The trial that explains the difference ("gelu instead of quick_gelu"); empty when none does.
  std::string cause;
  /// What to change, and where.
  std::string advice;
  /// All trials, best first; the first entry "as configured" among them.
  std::vector<ClipDoctorTrial> trials;

  template <class V>
  static void fields(V& v) {
    using C = ClipDoctorResult;
    v.field("agrees", &C::agrees, "whether both embeddings are the same");
    v.field("cosine", &C::cosine, "cosine of ours and the expected embedding");
    v.field("length_ratio", &C::length_ratio, "length of the expected one over ours");
    v.field("cause", &C::cause, "what explains the difference");
    v.field("advice", &C::advice, "what to do");
    v.field("trials", &C::trials, "what was tried, best first");
  }
};

ClipDoctorResult clip_doctor(const ClipDoctorRequest& request, Job& job);

}  // namespace vane
