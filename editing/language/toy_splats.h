// SPDX-License-Identifier: Apache-2.0
#pragma once
// A toybox scene as Gaussians, straight from its exact depth: a ground truth for language fields
// that no fit blurs (splatting sheet, section 14).

#include <cstdint>
#include <vector>

#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"
#include "generators/toybox/toy_tracer.h"

namespace vane {

struct ToySplats {
  SplatCloud cloud;
  std::vector<uint8_t> thing;  // [N] thing + 1, 0: the ground
};

/// A flat, opaque Gaussian for each cell that a pixel of a view falls into; cells are about as wide
/// as a pixel there. Colours, normals and things are those of most of the pixels.
ToySplats toy_splats(const std::vector<ToyCamera>& cameras, const std::vector<ToyFrame>& frames);

/// The camera with the mean colour of the frame's sky behind it.
Camera camera_of(const ToyCamera& camera, const ToyFrame& frame);

}  // namespace vane
