// SPDX-License-Identifier: Apache-2.0
#pragma once
// Another colour for some Gaussians, their shading kept. No torch.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/scene/splat_cloud.h"

namespace vane {

/// "#rrggbb" or a name of the commonest colours, sRGB in [0,1]. Throws Error{usage}.
std::array<float, 3> colour_named(const std::string& name);

/// sh0 [n,3] of the Gaussians `indices` in `colour`: each as bright against it as it was against
/// their mean luminance. With bands 1 to 3 at zero it is the same from every side.
std::vector<float> recoloured(const SplatCloud& cloud, const std::vector<int64_t>& indices,
                              const std::array<float, 3>& colour);

}  // namespace vane
