// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a generator's latents lie: their mean, their spread and the axes along which they vary.

#include <cstdint>

#include "engine/tensor/fwd.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

struct LatentStatistics {
  Tensor mean;  // [W]
  /// Root of the mean of |w - mean|^2 over all dimensions together: the "std" of the projector of
  /// StyleGAN2.
  double deviation = 0;
  /// Principal axes as columns [W,W] with the standard deviation along each [W], largest first.
  Tensor axes, deviations;

  /// Offsets of w [...,W] in units of the deviation along each axis -> the same in w. Axes that w
  /// hardly varies along count as `least` of the largest deviation.
  Tensor to_w(const Tensor& whitened, double least) const;
  /// Its inverse.
  Tensor to_whitened(const Tensor& offset, double least) const;
};

/// Over `samples` latents of a seed; the published projector takes 10,000.
LatentStatistics latent_statistics(const StyleGenerator& generator, int64_t samples = 10000,
                                   uint64_t seed = 123);

}  // namespace vane
