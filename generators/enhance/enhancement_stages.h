// SPDX-License-Identifier: Apache-2.0
#pragma once
// The enhancement network in the pieces that tiles are made of: before the pyramid, the pyramid's
// context, after it.

#include "generators/enhance/enhancement_network.h"

namespace vane {

/// Context that the convolutions before and after the pyramid see, in pixels on each side: so far
/// from a side where a window of a picture was cut out, results are those of the whole picture.
inline constexpr int64_t kLocalHalo = 5, kRefineHalo = 12;

/// How convolutions continue a window: those with a bias, and those of the residual blocks.
struct StagePadding {
  EnhancePadding biased = EnhancePadding::reflect, residual = EnhancePadding::reflect;
};

/// The four small maps that the pyramid spreads over the picture: [N,8,k,k] for k = 1, 2, 3, 6.
using PyramidContext = std::array<Tensor, 4>;

/// cond1 .. ResidualBlock2: [N,3,h,w] -> [N,32,h,w].
Tensor local_features(const EnhancementNetwork& network, const Tensor& image,
                      const StagePadding& padding);

/// Means [N,32,12,12] of pyramid_means() -> context.
PyramidContext pyramid_context(const EnhancementNetwork& network, const Tensor& means);

/// Rows (or columns) first .. first+count-1 of pyramid_upsampling_matrix(length, k), for each k.
std::array<Tensor, 4> upsampling_slices(int64_t length, int64_t first, int64_t count);

/// fuse .. cond_add1: features [N,32,h,w] and the context spread over their place in the picture
/// -> m [N,1,h,w]. Takes the features over, so that their memory is free when it is needed.
Tensor refine(const EnhancementNetwork& network, Tensor features, const PyramidContext& context,
              const std::array<Tensor, 4>& rows, const std::array<Tensor, 4>& columns,
              const StagePadding& padding);

}  // namespace vane
