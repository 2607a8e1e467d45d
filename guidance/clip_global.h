// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edit comes near to phrases or pictures in CLIP space, wherever it started.

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "guidance/clip_views.h"
#include "guidance/objective.h"

namespace vane {

/// A phrase with its pull. A negative weight pushes away.
struct WeightedPrompt {
  std::string text;
  float weight = 1.f;
  /// Distance at which it is satisfied.
  float stop = -std::numeric_limits<float>::infinity();
};

/// "TEXT", "TEXT:WEIGHT" or "TEXT:WEIGHT:STOP", split from the right as VQGAN-CLIP does; a colon
/// followed by no number belongs to the text. Throws Error{usage} for an empty text.
WeightedPrompt parse_prompt(std::string_view prompt);

struct ClipGlobalConfig {
  ViewConfig views;
  /// "cosine": 1 - cos, which is StyleGAN-NADA's and StyleCLIP's global loss at logit scale 100;
  /// "spherical": angle^2/2 (CLIP-guided diffusion).
  std::string distance = "cosine";
  /// "each": the distance to every target; "target": one weighted mean target.
  std::string combine = "each";

  template <class V>
  static void fields(V& v) {
    using C = ClipGlobalConfig;
    v.field("views", &C::views, "which views are compared");
    v.field("distance", &C::distance, "1 - cosine, or half the squared angle",
            {.choices = {"cosine", "spherical"}});
    v.field("combine", &C::combine, "distance to each target, or to their weighted mean",
            {.choices = {"each", "target"}});
  }
};

/// A point in the embedding space of one encoder: unit feature [D], weight and stop as in
/// WeightedPrompt.
struct GlobalTarget {
  Tensor feature;
  float weight = 1.f;
  float stop = -std::numeric_limits<float>::infinity();
};

struct GlobalGuide {
  WeightedEncoder encoder;
  std::vector<GlobalTarget> targets;
};

/// Prompts as targets, each averaged over the templates of the named set: n(mean_j n(T_j)).
std::vector<GlobalTarget> text_targets(const ClipEncoder& clip,
                                       const std::vector<WeightedPrompt>& prompts,
                                       const std::string& templates = "none");

/// Global CLIP loss, term "clip_global": mean over views, batch and encoders (by weight).
///
/// "each":   sum_k |w_k| d_k / sum_k |w_k| with d_k the distance for w_k > 0 and its negative for
///           w_k < 0, held at the stop (clip sheet 4.3 c, VQGAN-CLIP).
/// "target": the distance to n(sum_k w_k T_k / |sum_k w_k|) (v-diffusion).
class ClipGlobal : public Objective {
 public:
  static constexpr const char* kName = "clip_global";

  /// Throws Error{usage} for an empty ensemble, no target, a zero weight, or weights that cancel
  /// (|sum w| < 1e-3) when combined into one target.
  ClipGlobal(std::vector<GlobalGuide> guides, ClipGlobalConfig config = {});
  Score evaluate(const Evaluation& evaluation) override;

 private:
  struct Guide {
    ClipViews views;
    std::vector<GlobalTarget> targets;
    float weight;
  };
  Tensor distance(const Guide& guide, const Tensor& features) const;

  std::vector<Guide> guides_;
  ClipGlobalConfig config_;
};

}  // namespace vane
