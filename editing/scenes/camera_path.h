// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cameras that go around a scene. No torch.

#include <optional>
#include <vector>

#include "engine/scene/scene_data.h"
#include "engine/scene/splat_cloud.h"

namespace vane {

/// The circle that a turntable goes along.
struct Orbit {
  std::array<double, 3> middle{};         // what is looked at
  std::array<double, 3> up{0, -1, 0};     // unit
  std::array<double, 3> start{0, 0, -1};  // from the middle to the first camera
};

/// The point nearest to the axes of view of the cameras (least squares).
std::array<double, 3> point_of_view(const std::vector<Camera>& cameras);

/// As the cameras of a data set stand: around point_of_view(), at their mean distance and height,
/// beginning at the first.
Orbit orbit_of(const std::vector<Camera>& cameras);
/// Around the middle of a cloud, far enough to see nine tenths of it with `camera`; up is -y, as in
/// splat files of the usual tools.
Orbit orbit_of(const SplatCloud& cloud, const Camera& camera);

/// The lens where no data set tells of one: 800 x 600, 50 degrees across the height.
Camera usual_camera();

/// `count` cameras evenly along the circle, with the raster and lens of `camera`.
std::vector<Camera> turntable(const Orbit& orbit, const Camera& camera, int count);

}  // namespace vane
