// SPDX-License-Identifier: Apache-2.0
#pragma once
// Another colour for some Gaussians of a .ply, every other byte as it was.

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/scene/splat_file.h"

namespace vane {

/// "#rrggbb" or a name of the commonest colours, sRGB in [0,1]. Throws Error{usage}.
std::array<float, 3> colour_named(const std::string& name);

/// Writes `source` with the Gaussians `indices` of `scene` in `colour`: each as bright against it
/// as it was against their mean luminance, the same from every side (bands 1 to 3 are zero). Throws
/// Error{input} unless the scene is an INRIA .ply.
void recolour_ply(const std::filesystem::path& source, const SplatFile& scene,
                  const std::vector<int64_t>& indices, const std::array<float, 3>& colour,
                  const std::filesystem::path& target, const Limits& limits);

}  // namespace vane
