// SPDX-License-Identifier: Apache-2.0
#pragma once
// The surface that a view sees of a cloud of Gaussians: one depth a pixel. No torch.

#include <array>
#include <vector>

#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"
#include "generators/splats/splat_raster.h"

namespace vane {

struct SceneSurface {
  Camera camera;
  std::vector<float> depth;  // [H,W] camera z; 0: less than half of the light is stopped

  /// Where the surface is in the world; the pixel must have a depth.
  std::array<double, 3> point(int column, int row) const;
};

/// The surface lies where half of the light is gone: at the point of the ray at which the Gaussian
/// that takes it past the half is densest. Unlike the mean depth this never lies between a thing
/// and what is behind it. `raster` is of this cloud and camera.
SceneSurface scene_surface(const SplatCloud& cloud, const SplatRaster& raster,
                           const Camera& camera);

}  // namespace vane
