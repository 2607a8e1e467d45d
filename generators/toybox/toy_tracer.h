// SPDX-License-Identifier: Apache-2.0
#pragma once
// Ray tracing of toybox scenes: colour, instances, parts, depth and normals at once.

#include <cstdint>
#include <vector>

#include "engine/base/job.h"
#include "engine/image/image.h"
#include "generators/toybox/toy_scene.h"

namespace vane {

struct ToyRenderOptions {
  /// Rays a side of a pixel where the picture has edges; elsewhere one ray suffices.
  int edge_rays = 2;
  /// Threads; the result does not depend on it.
  int threads = 1;
};

/// One view. Arrays are row by row, one element a pixel. Everything but `rgb` is that of the ray
/// through the pixel's centre.
struct ToyFrame {
  int width = 0, height = 0;
  /// sRGB bytes, interleaved.
  std::vector<uint8_t> rgb;
  /// Thing + 1; 0 is ground or sky. ToyPart values.
  std::vector<uint8_t> instance, part;
  /// Distance along the camera's z axis in world units; 0 for the sky.
  std::vector<float> depth;
  /// World axes, unit length; zero for the sky.
  std::vector<Vec3> normal;

  Image picture() const;
};

/// Renders; the same scene gives the same bytes whatever the thread count.
/// Throws Cancelled within 250 ms when the job is stopped, Error{usage} for an empty picture.
ToyFrame render_toybox(const ToyScene& scene, const ToyRenderOptions& options, Job& job);

}  // namespace vane
