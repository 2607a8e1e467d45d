// SPDX-License-Identifier: Apache-2.0
#pragma once
// A few Gaussians in front of two cameras, for the tests of lifting.

#include <cmath>

#include "engine/base/rng.h"
#include "generators/splats/splat_raster.h"

namespace vane::test {

/// `count` round Gaussians in a slab around the origin, opaque and small.
inline SplatCloud random_cloud(int count, uint64_t seed) {
  Rng rng(seed);
  SplatCloud cloud;
  for (int i = 0; i < count; ++i) {
    for (int k = 0; k < 3; ++k) cloud.position.push_back(rng.uniform(-0.5f, 0.5f));
    for (int k = 0; k < 3; ++k) cloud.sh0.push_back(rng.uniform(-1, 1));
    for (int k = 0; k < 3; ++k) cloud.log_scale.push_back(std::log(rng.uniform(0.05f, 0.12f)));
    for (const float q : {1.f, 0.f, 0.f, 0.f}) cloud.rotation.push_back(q);
    cloud.opacity_logit.push_back(rng.uniform(-1, 3));
  }
  return cloud;
}

/// Looks at the origin from distance 3, `angle` around the y axis.
inline Camera camera_at(double angle, int width = 48, int height = 40) {
  Camera camera;
  camera.width = width;
  camera.height = height;
  camera.fx = camera.fy = 90;
  camera.cx = width / 2.0;
  camera.cy = height / 2.0;
  const double c = std::cos(angle), s = std::sin(angle);
  camera.world_to_camera = {c, 0, s, 0, 0, 1, 0, 0, -s, 0, c, 3};
  return camera;
}

}  // namespace vane::test
