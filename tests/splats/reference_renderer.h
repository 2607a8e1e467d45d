// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gaussian splatting in float64, pixel by pixel, straight from the formulas of the paper.

#include <cstdint>
#include <vector>

#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"

namespace vane::testing {

struct ReferencePicture {
  std::vector<double> rgb, alpha, depth;  // [H,W,3], [H,W], [H,W]
  /// Weight of each Gaussian at each pixel, [H,W,N]; when asked for.
  std::vector<double> weights;
  /// [H,W]: 0 where an opacity or a transmittance lies so near a threshold that float32 may decide
  /// otherwise.
  std::vector<uint8_t> certain;
};

ReferencePicture reference_render(const SplatCloud& cloud, const Camera& camera,
                                  int active_sh_degree, bool with_weights = false);

}  // namespace vane::testing
