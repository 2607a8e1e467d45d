// SPDX-License-Identifier: Apache-2.0
#pragma once
// The projector of StyleGAN2: latent and noise maps by gradient descent, with its exact schedule.
// Source: Karras et al. 2020 (arXiv:1912.04958), appendix D; NVlabs/stylegan2-ada-pytorch,
// projector.py; StyleGAN sheet, section 5.1.

#include <cstdint>
#include <vector>

#include "editing/inversion/latent_statistics.h"
#include "editing/inversion/picture_term.h"
#include "engine/base/job.h"
#include "generators/stylegan/stylegan2.h"

namespace vane {

struct ProjectorConfig {
  int64_t steps = 1000;
  /// One vector for all rows as published, or each row by itself (W+), which reconstructs better
  /// and edits worse.
  bool rows = false;
  double learning_rate = 0.1;
  double rate_ramp_up = 0.05, rate_ramp_down = 0.25;  // shares of the steps
  double exploration = 0.05, exploration_ramp = 0.75;
  double noise_weight = 1e5;
  int64_t view = 256;
  uint64_t seed = 0;
};

/// Learning rate of a step: half a cosine down over the last quarter, linearly up over the first
/// twentieth. Step 0 has rate 0.
double projector_rate(const ProjectorConfig& config, int64_t step);
/// Deviation of what is added to w, in units of the latents' deviation: 0.05 max(0, 1 - t/0.75)^2.
double projector_exploration(const ProjectorConfig& config, int64_t step);

/// Over maps [1,1,r,r] and their 2x2 means down to 8 px: squares of the mean products with
/// themselves shifted by one pixel (circularly) along each axis. 0-dim, differentiable.
Tensor noise_regulariser(const NoiseMaps& maps);
/// Each map to mean 0 and root mean square 1, in place.
void normalise_noise(const NoiseMaps& maps);

struct Projection {
  Tensor w_plus;    // [1,rows,W]
  NoiseMaps noise;  // empty for generators whose noise cannot be given
  std::vector<double> losses, rates;
  /// A stop was requested; the latent is that of the last step.
  bool cancelled = false;
};

/// Distance: what the projector is to bring down (published: LPIPS with VGG16). Pictures beyond
/// `view` are reduced to it by areas. Noise maps of a StyleGAN2 are found along with the latent,
/// from normal numbers on; those of a MobileStyleGAN are part of its weights. Throws Error{numeric}
/// when the loss is not finite, Error{usage} for fewer than 1 step.
Projection project(const StyleGenerator& generator, const std::vector<WeightedTerm>& distance,
                   const LatentStatistics& statistics, const ProjectorConfig& config, Job& job);

}  // namespace vane
