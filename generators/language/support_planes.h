// SPDX-License-Identifier: Apache-2.0
#pragma once
// Grounds, tables and walls: the planes that things stand on and in front of (Fischler & Bolles
// 1981, random sample consensus). No torch.

#include <array>
#include <vector>

#include "engine/base/rng.h"
#include "generators/language/scene_surface.h"

namespace vane {

struct SupportPlane {
  std::array<double, 3> normal{};  // unit, towards the cameras
  double offset = 0;               // of points x of the plane: normal . x
  /// Points nearer than this many pixels (at their depth) are of the plane: three standard
  /// deviations of what lies on it.
  double tolerance = 0;
  double share = 0;  // of the surface that the views see

  double height(const std::array<double, 3>& point) const {
    return normal[0] * point[0] + normal[1] * point[1] + normal[2] * point[2] - offset;
  }
};

/// Planes in the order in which they were found, the largest first; none where nothing is flat. A
/// support is a flat plane (what lies near it is spread by less than two pixels) with nine in ten
/// cameras on one side of it that either takes a quarter of what is seen, or a twelfth with next to
/// nothing behind it. The face of a thing is neither.
std::vector<SupportPlane> support_planes(const std::vector<SceneSurface>& views, Rng rng);

/// How wide a pixel is at this depth, world units.
double pixel_width(const Camera& camera, double depth);

}  // namespace vane
