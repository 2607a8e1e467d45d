// SPDX-License-Identifier: Apache-2.0
#pragma once
// A photograph moved along a direction by its develop settings: the search, without files.

#include <memory>
#include <optional>
#include <vector>

#include "editing/optimise.h"
#include "editing/reach.h"
#include "generators/develop/develop_settings.h"
#include "guidance/clip_directional.h"
#include "guidance/edit_metrics.h"

namespace vane {

struct PhotoEditConfig {
  OptimiseConfig optimise;
  ViewConfig views;
  /// Weight of keeping edges where they are, beside the gain in CLIP.
  float edges = 0.1f;
  /// Least edge_ssim of the result with its source: an edit that would lose more of its edges is
  /// weakened until it keeps them. 0: never. A little above 0.8, since rounding to 8 bits costs
  /// some.
  float structure = 0.81f;
  /// See ClipDirectionalConfig::tolerance.
  float tolerance = 0.1f;
  /// See ClipDirectionalConfig::target.
  float target = 0.3f;
  /// A stop request throws Cancelled instead of giving the best settings so far.
  bool give_up = false;

  template <class V>
  static void fields(V& v) {
    using C = PhotoEditConfig;
    v.field("optimise", &C::optimise, "the search");
    v.field("views", &C::views, "how guidance looks at the picture");
    v.field("edges", &C::edges, "weight of keeping edges", {.min = 0, .max = 100});
    v.field("structure", &C::structure, "least likeness of the edges before and after",
            {.min = 0, .max = 0.99});
    v.field("tolerance", &C::tolerance, "cost of movement off the direction",
            {.min = 0, .max = 10});
    v.field("target", &C::target, "gain beyond which more is hardly worth more; 0: off",
            {.min = 0, .max = 2});
  }
};

struct PhotoEdit {
  /// At strength 1, reduced by `reach.factor` and `kept`; `scaled()` gives others.
  DevelopSettings settings;
  OptimiseResult search;
  Reach reach;
  /// Share of the edit that leaves the edges as PhotoEditConfig::structure wants them; 1: all.
  double kept = 1;
};

/// Finds develop settings that move `working` along the guides' directions.
/// `working` [1,3,h,w] in [0,1] (a reduced copy is enough: settings do not depend on the size),
/// `mask` [1,1,h,w] or undefined. `more` is added to what the guides want; without guides it is all
/// that is wanted, and nothing is reduced by reach. A stop request gives the best settings so far,
/// unless it is to give up; before there are any it throws Cancelled.
PhotoEdit edit_photo(const Tensor& working, const Tensor& mask,
                     const std::vector<DirectionalGuide>& guides, const PhotoEditConfig& config,
                     Job& job, std::unique_ptr<Objective> more = nullptr);

}  // namespace vane
