// SPDX-License-Identifier: Apache-2.0
#pragma once
// Exposure fusion (Mertens, Kautz and Van Reeth 2007) of renderings of one photograph.

#include <cstdint>
#include <vector>

#include "engine/base/job.h"

namespace vane {

/// Gammas of the three renderings: the photograph itself and two brighter ones.
inline constexpr float kFusionGammas[] = {1.f, 0.6f, 0.35f};

/// `rgb` interleaved [height*width*3] in [0,1] -> the same size, clipped to [0,1]. Weights
/// contrast (absolute Laplacian of the mean of RGB) * saturation (standard deviation of RGB) *
/// prod_c exp(-(x_c - .5)^2 / (2 * .2^2)), blended in Laplacian pyramids of floor(log2(shorter
/// side)) levels, 1 4 6 4 1 kernel, borders repeated. Throws Cancelled.
std::vector<float> exposure_fusion(const std::vector<float>& rgb, int width, int height, Job& job);

/// What exposure_fusion() allocates beside `rgb`.
uint64_t exposure_fusion_bytes(int width, int height);

}  // namespace vane
