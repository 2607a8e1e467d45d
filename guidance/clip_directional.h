// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edit moves in CLIP space as the direction points (StyleGAN-NADA), whole or crop by crop.

#include <string>
#include <vector>

#include "guidance/clip_views.h"
#include "guidance/direction.h"
#include "guidance/objective.h"

namespace vane {

struct ClipDirectionalConfig {
  ViewConfig views;
  /// "same": every crop against the same crop of the source; "whole": against the whole source, as
  /// CLIPstyler does.
  std::string source_views = "same";
  /// "cosine", "projection" or "gain"; see directional_distance().
  std::string form = "cosine";
  float softness = 0.02f;
  float tolerance = 0.25f;
  float target = 0.f;
  /// Distances below are set to 0 together with their gradients; CLIPstyler uses 0.7; 0: off.
  float reject = 0.f;

  template <class V>
  static void fields(V& v) {
    using C = ClipDirectionalConfig;
    v.field("views", &C::views, "which views are compared");
    v.field("source_views", &C::source_views,
            "compare a crop with the same crop of the source or with the whole source",
            {.choices = {"same", "whole"}});
    v.field("form", &C::form,
            "cosine of the change, its length along the direction, or that less what moved off it",
            {.choices = {"cosine", "projection", "gain"}});
    v.field("softness", &C::softness, "change of embedding below which the cosine fades out",
            {.min = 1e-6, .max = 1, .log_scale = true});
    v.field("tolerance", &C::tolerance, "form gain: cost of movement off the direction",
            {.min = 0, .max = 10});
    v.field("target", &C::target,
            "form gain: length beyond which more is hardly worth more; 0: off",
            {.min = 0, .max = 2});
    v.field("reject", &C::reject, "views whose distance is below pull no further; 0: off",
            {.min = 0, .max = 2});
  }
};

/// An encoder and the direction in its embedding space.
struct DirectionalGuide {
  WeightedEncoder encoder;
  Direction direction;
};

/// Directional CLIP loss, term "clip_directional": mean over views, batch and encoders (by weight)
/// of directional_distance(). Needs the source. Sources: Gal et al. 2021 (StyleGAN-NADA),
/// directional loss; Kwon & Ye 2022 (CLIPstyler), patch loss with threshold rejection.
class ClipDirectional : public Objective {
 public:
  static constexpr const char* kName = "clip_directional";

  /// Throws Error{checkpoint} when a direction belongs to another model, Error{usage} for an empty
  /// ensemble or an unknown word in the configuration.
  ClipDirectional(std::vector<DirectionalGuide> guides, ClipDirectionalConfig config = {});
  Score evaluate(const Evaluation& evaluation) override;
  bool needs_source() const override { return true; }

 private:
  struct Guide {
    ClipViews views;
    Tensor direction;
    float weight;
  };
  std::vector<Guide> guides_;
  ClipDirectionalConfig config_;
};

}  // namespace vane
