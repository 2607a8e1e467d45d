// SPDX-License-Identifier: Apache-2.0
#pragma once
// How well things are found in scenes whose truth is known: toyboxes, as splats from exact depth.

#include <string>
#include <vector>

#include "editing/language/field_search.h"
#include "editing/language/scene_lifter.h"
#include "engine/config/fields.h"

namespace vane {

/// 24 sentences with {} in the place of a thing, which no caption has
/// (generators/toybox/toy_captions.h); written by somebody who had not read noun_phrase.cpp.
const std::vector<std::string>& unseen_wording();

struct LanguageEvaluationConfig {
  std::string clip = "clip-mini";
  int scenes = 8, views = 24, side = 256;
  uint64_t seed = 100;
  std::string kind = "still-life";
  std::string crops = "context", segmentation = "scene", method = "direct";
  int64_t iterations = 3000;
  bool contrast = true;
  double temperature = 10, threshold = 0.425, part_margin = 0.1, alike = 0.9, least_overlap = 0.5;

  template <class V>
  static void fields(V& v) {
    using C = LanguageEvaluationConfig;
    v.field("clip", &C::clip, "CLIP model", {.placeholder = "M"});
    v.field("scenes", &C::scenes, "toybox scenes", {.min = 1, .max = 10000});
    v.field("views", &C::views, "views of each; every eighth is held out", {.min = 5, .max = 1000});
    v.field("side", &C::side, "side of the views", {.min = 32, .max = 2048, .unit = "px"});
    v.field("seed", &C::seed, "of the scenes");
    v.field("kind", &C::kind, "kind of scenes", {.choices = {"still-life", "scene", "any"}});
    v.field("crops", &C::crops, "how masks are shown to CLIP",
            {.choices = {"cutout", "context", "both"}});
    v.field("segmentation", &C::segmentation, "where the built-in masks come from",
            {.choices = {"scene", "colour"}});
    v.field("method", &C::method, "how features come to the Gaussians, as in `vane lift`",
            {.choices = {"direct", "langsplat"}});
    v.field("iterations", &C::iterations, "of langsplat", {.min = 1, .max = 1e7});
    v.field("contrast", &C::contrast, "let phrases compete with the words of the model");
    v.field("temperature", &C::temperature, "of the relevancy", {.min = 0.1, .max = 1000});
    v.field("threshold", &C::threshold, "relevancy below which a thing is not there",
            {.min = 0, .max = 1});
    v.field("part-margin", &C::part_margin, "how much more relevant a part must be than a whole",
            {.min = 0, .max = 1});
    v.field("alike", &C::alike, "words nearer to the phrase (cosine) do not compete with it",
            {.min = -1, .max = 1});
    v.field("least-overlap", &C::least_overlap, "overlap of masks that are one object",
            {.min = 0, .max = 2});
  }
};

/// Means over things of scenes (in space) or over things in held-out views.
struct LanguageScores {
  int things = 0, sights = 0, absent = 0, recoloured = 0;
  /// The point lies in the thing's box; in the thing itself.
  double localisation = 0, pointing = 0;
  double miou = 0;
  /// The same, asked in sentences that no caption has.
  double miou_unseen = 0;
  /// The first two with masks by LangSplat's rule instead of the drawn selection.
  double range_miou = 0, range_miou_unseen = 0;
  /// Things that are there and were called so; phrases of things that are not there and were called
  /// absent; phrases with another colour than the thing has, called absent.
  double present = 0, absent_right = 0, recoloured_right = 0;
  /// Of the Gaussians selected in space, those of the thing; of the thing's, those selected.
  double precision = 0, recall = 0;
  double masks_a_view = 0;
  std::vector<std::string> notes;  // a line a thing, for people
};

struct LanguageEvaluation {
  LanguageScores built_in, true_masks;
  double lift_seconds = 0, query_seconds = 0;
  int64_t gaussians = 0;
  std::string json() const;
};

/// `vocabulary` is what phrases compete with when the configuration asks for it.
LanguageEvaluation evaluate_language(const ClipEncoder& clip, const Vocabulary& vocabulary,
                                     const LanguageEvaluationConfig& config, Job& job);

}  // namespace vane
