// SPDX-License-Identifier: Apache-2.0
#pragma once
// How well a CLIP tells looks and objects apart on photographs that nobody trained on.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "engine/data/looks.h"
#include "engine/data/photo_library.h"

namespace vane {

/// One look against its opposite on the same crops: chance is 0.5.
struct LookScore {
  Look look{}, opposite{};
  int64_t pictures = 0;
  double accuracy = 0;
  /// The same with wordings that training never uses.
  double unseen_wording = 0;
  /// Share of crops whose picture with the look scores higher along the texts' difference than the
  /// one without: blind to where zero lies, and what an edit climbs.
  double ranking = 0;
  /// Mean cosine between the change of the image embedding from the untouched crop and
  /// text("a … photo") - text("a photo"): what a directional loss follows.
  double delta_cosine = 0;
};

struct ClipEvaluation {
  std::vector<LookScore> looks;
  /// One of eight looks: chance 0.125.
  double eight_looks = 0;
  int64_t objects = 0;
  /// Cut-outs on unseen photographs, 20 names to choose from (chance 0.05) and all names.
  double object_of_20 = 0, object_of_all = 0;

  double mean_accuracy() const;
  double mean_ranking() const;
  double mean_unseen_wording() const;
  double mean_delta_cosine() const;
  std::string json() const;
};

struct ClipEvaluationOptions {
  int crops = 4;  // per held-out photograph and look
  int scenes_per_object = 2;
  uint64_t seed = 7;
};

/// Uses the held-out photographs of the library and all of its cut-outs. Deterministic.
ClipEvaluation evaluate_clip(const ClipEncoder& clip, std::shared_ptr<const PhotoLibrary> library,
                             const ClipEvaluationOptions& options, Job& job);

}  // namespace vane
