// SPDX-License-Identifier: Apache-2.0
#pragma once
// How well a CLIP tells looks and objects apart on photographs that nobody trained on.

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "engine/data/face_set.h"
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
  /// Share of crops where that cosine is positive.
  double delta_sign = 0;
};

/// One attribute on pictures that nobody trained on.
struct AttributeScore {
  /// "toybox character mouth", "face smile".
  std::string name;
  int64_t values = 0, pictures = 0;
  /// Mean over the values of the share that is told right among all values; chance is 1 / values.
  double balanced_accuracy = 0;
  /// Mean share that is nearer to the true value than to one other, over all others; chance 0.5.
  double pair_accuracy = 0;
  /// `balanced_accuracy` in a wording that training never uses.
  double unseen_wording = 0;
  /// Of the same picture with another value of this attribute only: mean cosine of image change and
  /// text change, and share of positive ones. NaN: the picture cannot be made with another value.
  double delta_cosine = std::numeric_limits<double>::quiet_NaN(),
         delta_sign = std::numeric_limits<double>::quiet_NaN();
};

struct ClipEvaluation {
  std::vector<LookScore> looks;
  /// One of eight looks, each a mean of phrases, of pictures of which just one of the eight is true
  /// (a hazy picture is often bright as well): chance 0.125.
  double eight_looks = 0;
  /// The same without the pictures that people might also call by another of the eight.
  double eight_looks_clear = 0;
  int64_t eight_looks_clear_pictures = 0;
  /// The same with one phrase, "a warm photo".
  double eight_looks_one_phrase = 0;
  int64_t eight_looks_pictures = 0;
  /// Of these, by the look that is there and the look that is guessed.
  std::map<std::string, std::map<std::string, int64_t>> eight_confusion;
  /// One of eight looks, of all pictures; the look that was applied must win.
  double eight_looks_all = 0;
  int64_t objects = 0;
  /// Cut-outs on unseen photographs, 20 names to choose from (chance 0.05) and all names.
  double object_of_20 = 0, object_of_all = 0;
  /// Among these names and every other caption of the cut-outs' package, most of them of letters,
  /// coins and drawings that are never shown.
  int64_t captions = 0;
  double object_of_captions = 0;

  std::vector<AttributeScore> attributes;

  double mean_accuracy() const;
  double mean_ranking() const;
  double mean_unseen_wording() const;
  double mean_delta_cosine() const;
  std::string json() const;
};

struct ClipEvaluationOptions {
  int crops = 4;  // per held-out photograph and look
  int scenes_per_object = 2;
  int toys_per_question = 150;
  uint64_t seed = 7;
};

/// What a CLIP is measured on.
struct ClipEvaluationData {
  std::shared_ptr<const PhotoLibrary> library;
  /// Null: faces are not asked about.
  std::shared_ptr<const FaceSet> faces;
};

/// Uses the held-out photographs of the library, all of its cut-outs, the held-out faces, and
/// toybox scenes of another seed. Deterministic.
ClipEvaluation evaluate_clip(const ClipEncoder& clip, const ClipEvaluationData& data,
                             const ClipEvaluationOptions& options, Job& job);

}  // namespace vane
