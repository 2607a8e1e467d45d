// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gaussian splatting in float64, pixel by pixel, straight from the formulas of the paper.

#include <cstdint>
#include <vector>

#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"

namespace vane::testing {

/// A cloud in float64, for central differences.
struct ReferenceCloud {
  explicit ReferenceCloud(const SplatCloud& cloud)
      : sh_degree(cloud.sh_degree),
        antialiased(cloud.antialiased),
        position(cloud.position.begin(), cloud.position.end()),
        sh0(cloud.sh0.begin(), cloud.sh0.end()),
        sh_rest(cloud.sh_rest.begin(), cloud.sh_rest.end()),
        opacity_logit(cloud.opacity_logit.begin(), cloud.opacity_logit.end()),
        log_scale(cloud.log_scale.begin(), cloud.log_scale.end()),
        rotation(cloud.rotation.begin(), cloud.rotation.end()) {}
  int sh_degree;
  bool antialiased;
  std::vector<double> position, sh0, sh_rest, opacity_logit, log_scale, rotation;
};

struct ReferencePicture {
  std::vector<double> rgb, alpha, depth;  // [H,W,3], [H,W], [H,W]
  /// Weight of each Gaussian at each pixel, [H,W,N]; when asked for.
  std::vector<double> weights;
  /// [H,W]: 0 where an opacity or a transmittance lies so near a threshold that float32 may decide
  /// otherwise, or central differences cross it.
  std::vector<uint8_t> certain;
};

/// `margin` is the relative distance from a threshold below which a pixel is not certain.
ReferencePicture reference_render(const ReferenceCloud& cloud, const Camera& camera,
                                  int active_sh_degree, bool with_weights = false,
                                  double margin = 3e-5);
inline ReferencePicture reference_render(const SplatCloud& cloud, const Camera& camera,
                                         int active_sh_degree, bool with_weights = false) {
  return reference_render(ReferenceCloud(cloud), camera, active_sh_degree, with_weights);
}

}  // namespace vane::testing
