// SPDX-License-Identifier: Apache-2.0
#pragma once
// Another colour for some Gaussians of a .ply, every other byte as it was.

#include <array>
#include <filesystem>
#include <vector>

#include "engine/base/limits.h"
#include "engine/scene/splat_file.h"
#include "generators/splats/splat_recolour.h"

namespace vane {

/// Writes `source` with the Gaussians `indices` of `scene` in `colour`
/// (recoloured()). Throws Error{input} unless the scene is an INRIA .ply.
void recolour_ply(const std::filesystem::path& source, const SplatFile& scene,
                  const std::vector<int64_t>& indices, const std::array<float, 3>& colour,
                  const std::filesystem::path& target, const Limits& limits);

}  // namespace vane
