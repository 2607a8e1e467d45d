// SPDX-License-Identifier: Apache-2.0
#pragma once
// The optimisation editor: moves any generator's parameters down any objective.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "generators/generator.h"
#include "guidance/objective.h"

namespace vane {

struct OptimiseConfig {
  int64_t steps = 120;
  /// Longer side in pixels of the views that guidance looks at.
  int64_t view_long_side = 256;
  /// Multiplies the learning rate of every parameter group.
  float rate = 1.f;
  /// Weight of Generator::prior beside the objective.
  float prior_weight = 1.f;
  /// Stop when the smoothed loss has not fallen for this many steps; 0: never.
  int64_t patience = 30;
  /// Try the generator's moves one by one before the descent (see search_start).
  bool probe = true;
  uint64_t seed = 0;

  template <class V>
  static void fields(V& v) {
    using C = OptimiseConfig;
    v.field("steps", &C::steps, "optimisation steps at most", {.min = 1, .max = 100000});
    v.field("view", &C::view_long_side, "longer side of the views that guidance looks at",
            {.min = 32, .max = 4096, .unit = "px"});
    v.field("rate", &C::rate, "multiplies every learning rate",
            {.min = 1e-4, .max = 100, .log_scale = true});
    v.field("prior", &C::prior_weight, "weight of the generator's preference for natural settings",
            {.min = 0, .max = 1000, .log_scale = true});
    v.field("patience", &C::patience, "stop after this many steps without progress; 0: never",
            {.min = 0, .max = 100000});
    v.field("probe", &C::probe, "try single sliders before the descent");
    v.field("seed", &C::seed, "random seed of crops and augmentations");
  }
};

struct OptimiseResult {
  /// The parameters with the lowest smoothed loss; detached.
  Latent latent;
  int64_t steps = 0;
  double first_loss = std::numeric_limits<double>::quiet_NaN();
  double last_loss = std::numeric_limits<double>::quiet_NaN();
  /// A stop was requested; `latent` is the best so far.
  bool cancelled = false;
  /// Unweighted values of the terms at the last step.
  std::vector<std::pair<std::string, double>> terms;
};

/// Adam on the enabled parameter groups of `generator`, from `start`.
///
/// `evaluation` carries source and mask at view size (as Generator::render gives them); image, step
/// and rng are filled in here. The learning rate warms up over 5 steps and falls by a half cosine.
/// A non-finite loss or gradient restores the last good parameters and halves the rate, at most
/// three times; then Error{numeric} names the term. Two runs with one seed and thread count agree
/// bit for bit.
OptimiseResult optimise(const Generator& generator, const Latent& start, Objective& objective,
                        const Evaluation& evaluation, const OptimiseConfig& config, Job& job);

}  // namespace vane
