// SPDX-License-Identifier: Apache-2.0
#pragma once
// Clouds and cameras that the tests draw.

#include "engine/base/rng.h"
#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"

namespace vane::testing {

/// `n` Gaussians in front of look_at_camera(), of many sizes, shapes and opacities.
SplatCloud random_cloud(int n, int sh_degree, uint64_t seed);

/// One more Gaussian: opaque to `opacity` in (0,1), round, of one colour.
void add_ball(SplatCloud& cloud, std::array<float, 3> position, float scale, float opacity,
              std::array<float, 3> rgb);

/// At the origin, looking along +z.
Camera straight_camera(int width, int height, double focal);
/// Turned and moved, with fx != fy and its principal point away from the middle.
Camera odd_camera(int width, int height);

}  // namespace vane::testing
