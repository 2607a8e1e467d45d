// SPDX-License-Identifier: Apache-2.0
#pragma once
// The everyday inversion: rows of W+ from a start, in some 150 steps that look at small pictures
// first.

#include <cstdint>
#include <vector>

#include "editing/inversion/latent_statistics.h"
#include "editing/inversion/picture_term.h"
#include "engine/base/job.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

/// Steps that look at pictures of one side.
struct RefineStage {
  int64_t side = 256, steps = 100;
};

/// The same stages with another number of steps in all, in the same proportions; at least one each.
std::vector<RefineStage> stages_of(std::vector<RefineStage> stages, int64_t steps);

struct RefineConfig {
  /// The last one may have side 0: half of what the generator makes, where a MobileStyleGAN needs
  /// no preview head and every row that is read has its effect.
  std::vector<RefineStage> stages{{128, 60}, {256, 60}, {0, 24}};
  /// Of Adam, in deviations of w along its principal axes (see `least_axis`).
  double learning_rate = 0.15;
  /// An axis counts as long as this share of the longest at least.
  double least_axis = 0.05;
  /// Mean square distance of the rows from the start and from the mean of w in those units.
  double start_weight = 0.0005, mean_weight = 0.001;
  /// Sum over rows of |row - row 0| (e4e's delta penalty).
  double delta_weight = 1e-4;
  /// Preview heads draw some 25 dB of the full picture. What they lack is measured on the full one
  /// every so many steps and added to theirs, so that only gradients come from previews.
  int64_t corrected_every = 20;
  /// Ends a stage when the loss has not fallen by a thousandth for this many steps; 0: never.
  int64_t patience = 25;
};

struct Refinement {
  Tensor w_plus;  // [1,rows,W], the best of the last stage
  int64_t steps = 0;
  double first_loss = 0, last_loss = 0;
  bool cancelled = false;
};

/// `start` [1,rows,W]; `terms` are what the picture is to bring down.
///
/// Rows move along the principal axes of w, each by its own deviation, so that a step is as natural
/// along each of them. Rows that a stage's pictures do not depend on follow the last row that they
/// do depend on. A loss or gradient that is not finite goes back to the best rows at half the rate,
/// at most three times; then Error{numeric}. A stop request ends it within a step with the best so
/// far. Deterministic for one thread count.
Refinement refine_w_plus(const StyleGenerator& generator, const Tensor& start,
                         const std::vector<WeightedTerm>& terms, const LatentStatistics& statistics,
                         const RefineConfig& config, Job& job);

}  // namespace vane
