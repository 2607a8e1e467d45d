// SPDX-License-Identifier: Apache-2.0
#pragma once
// Points on what the cameras of a scene see: the start of a splat fit, as structure from motion
// would give it.

#include <string>
#include <vector>

#include "engine/base/job.h"
#include "generators/toybox/toy_scene.h"

namespace vane {

/// A binary little-endian PLY of float x y z (world) and uchar red green blue, `per_view` points of
/// each camera at most, spread evenly over the picture; the sky has none. The same arguments give
/// the same bytes. Throws Cancelled when the job is stopped.
std::string toy_points_ply(ToyScene scene, const std::vector<ToyCamera>& cameras, int per_view,
                           Job& job);

}  // namespace vane
