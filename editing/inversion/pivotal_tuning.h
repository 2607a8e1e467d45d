// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pivotal tuning: the generator is moved until it draws one picture at one latent, so that edits of
// the latent start from the picture itself.
// Source: Roich et al. 2021 (arXiv:2106.05744); danielroich/PTI; StyleGAN sheet, section 5.2.

#include <cstdint>
#include <memory>
#include <vector>

#include "editing/inversion/picture_term.h"
#include "engine/base/job.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

struct PivotalTuningConfig {
  int64_t steps = 350;
  /// Of Adam, on the numbers that were trained (TunableTensor::scale).
  double learning_rate = 3e-4;
  /// Ends when the first term, unweighted, is at most this (published: LPIPS of 0.06).
  double enough = 0.06;
  /// Keeps other faces as they were: at a latent `locality_radius` away from the pivot towards a
  /// random one of truncation 0.5, the tuned picture is held to the original's. Off as published;
  /// then 0.1 for the square and as much for the perceptual distance.
  bool locality = false;
  double locality_weight = 0.1, locality_radius = 30;
  uint64_t seed = 0;
};

struct PivotalTuning {
  std::unique_ptr<StyleGenerator> generator;
  std::vector<double> losses, distances;  // of each step: all terms, and the first unweighted
  bool cancelled = false;
};

/// Distance of two pictures, 0-dim, differentiable in the first; for the regulariser.
using PictureDistance = std::function<Tensor(const Tensor& tuned, const Tensor& original)>;

/// `pivot` [1,rows,W] stays as it is; all of `StyleGenerator::tunable` moves. `terms` look at the
/// full picture; the first of them says when it is enough. The tuned generator is that of the
/// lowest loss. With `locality`, `distance` joins the square there when it is given. Throws
/// Error{numeric} when the loss is not finite.
PivotalTuning tune_pivot(const StyleGenerator& generator, const Tensor& pivot,
                         const std::vector<WeightedTerm>& terms, const PivotalTuningConfig& config,
                         Job& job, const PictureDistance& distance = {});

}  // namespace vane
