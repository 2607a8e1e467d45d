// SPDX-License-Identifier: Apache-2.0
#pragma once
// The enhancement network in the pieces that tiles are made of: before the pyramid, the pyramid's
// context, after it.

#include "generators/enhance/enhancement_network.h"

namespace vane {

/// Context that the convolutions before and after the pyramid see, in pixels on each side.
inline constexpr int64_t kLocalHalo = 5, kRefineHalo = 12;

/// Which sides of a window are borders of the picture. Each convolution pads there as it would on
/// the whole picture, and loses one pixel on the other sides.
struct WindowBorders {
  bool left = true, right = true, top = true, bottom = true;
};

/// The four small maps that the pyramid spreads over the picture: [N,8,k,k] for k = 1, 2, 3, 6.
using PyramidContext = std::array<Tensor, 4>;

/// cond1 .. ResidualBlock2: [N,3,h,w] -> [N,32,h',w'], kLocalHalo smaller on sides inside.
Tensor local_features(const EnhancementNetwork& network, const Tensor& image,
                      const WindowBorders& borders, EnhancePadding padding);

/// Means [N,32,12,12] of pyramid_means() -> context.
PyramidContext pyramid_context(const EnhancementNetwork& network, const Tensor& means);

/// Rows (or columns) first .. first+count-1 of pyramid_upsampling_matrix(length, k), for each k.
std::array<Tensor, 4> upsampling_slices(int64_t length, int64_t first, int64_t count);

/// fuse .. cond_add1: features [N,32,h,w] and the context spread over their place in the picture
/// -> m [N,1,h',w'], kRefineHalo smaller on sides inside.
Tensor refine(const EnhancementNetwork& network, const Tensor& features,
              const PyramidContext& context, const std::array<Tensor, 4>& rows,
              const std::array<Tensor, 4>& columns, const WindowBorders& borders,
              EnhancePadding padding);

}  // namespace vane
