// SPDX-License-Identifier: Apache-2.0
#pragma once
// The coordinates that text-driven edits of a latent are made of, each in standard deviations over
// what the generator makes by itself.

#include <memory>
#include <string>
#include <vector>

#include "editing/latent/latent_move.h"
#include "engine/base/job.h"
#include "engine/tensor/fwd.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

/// Samples of the prior whose levels (rows of one resolution) come from different seeds, so that
/// what a level does can be told from what the others do.
struct MixedLatents {
  /// Rows of each level, coarse to fine; rows that nothing reads, and levels that change no preview
  /// of the side that was asked for, are in none.
  std::vector<std::vector<int64_t>> levels;
  Tensor w;       // [N,levels,W]
  Tensor common;  // [N,W], in the rows of no level

  /// Samples `first` to `first + count` as [count,rows,W].
  Tensor w_plus(const StyleGenerator& generator, int64_t first, int64_t count) const;
};

/// Sample i depends on `i` and the generator only. psi is that of StyleCLIP's statistics, 0.7.
MixedLatents mixed_latents(const StyleGenerator& generator, int64_t count, int64_t side);

/// C coordinates of a latent. Differentiable.
class EditChannels {
 public:
  virtual ~EditChannels() = default;
  virtual int64_t count() const = 0;
  /// Standardised coordinates [N,C] of samples: mean 0, deviation 1 over the prior.
  virtual Tensor coordinates(const StyleGenerator& generator, const MixedLatents& latents,
                             int64_t first, int64_t count) const = 0;
  /// The move along coordinates [C].
  virtual LatentMove move(const Tensor& coordinates) const = 0;
};

/// Principal components of W at each level: 95 % of the variance, at most 256 of them. Any
/// generator has them, and its previews show them as cheaply as it can.
std::unique_ptr<EditChannels> component_channels(const StyleGenerator& generator,
                                                 const MixedLatents& latents);
/// The styles of the convolutions (StyleSpace, Wu et al. 2021), as StyleCLIP's global directions
/// have them.
std::unique_ptr<EditChannels> style_channels(const StyleGenerator& generator,
                                             const MixedLatents& latents, Job& job);

}  // namespace vane
