// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whole things from the geometry of a scene: what stands on its supports, piece by piece. No torch.

#include <cstdint>
#include <vector>

#include "engine/regions/region_maps.h"
#include "generators/language/scene_surface.h"
#include "generators/language/support_planes.h"

namespace vane {

struct SceneObjects {
  std::vector<SupportPlane> supports;
  int32_t objects = 0;
  /// For each view [H,W]: 0 to supports - 1 a support, from there to supports + objects - 1 an
  /// object, the same number in every view; -1: neither, or nothing is seen.
  std::vector<std::vector<int32_t>> labels;

  int32_t count() const { return static_cast<int32_t>(supports.size()) + objects; }
};

/// Takes away what lies on the supports and puts together what hangs together in the rest: cells
/// about two pixels wide that two views see, with their 26 neighbours (Euclidean clusters). A
/// piece is an object when at least three views (or all) show it at more than 1/1000 of their
/// pixels, it rises above the supports' tolerance, and it is not most of what they show. Without a
/// support there are objects only where space parts them. Same bytes for the same views and rng.
SceneObjects scene_objects(const std::vector<SceneSurface>& views, Rng rng);

/// Masks of a view from its labels and from the three levels of colour regions of its picture,
/// fine to coarse. Wholes are the objects and supports, and coarse regions where there are neither.
/// Parts and subparts are the middle and fine regions inside of the objects, cut where an object
/// ends; pieces below 40 pixels have no mask. Supports have no parts: the pattern of a cloth is
/// not a thing. `labels` is [height,width], scaled to the regions by nearest neighbour. Throws
/// Error{usage} unless there are three regions of one size.
RegionMaps object_maps(const std::vector<RegionMap>& colours, const SceneObjects& objects,
                       const std::vector<int32_t>& labels, int width, int height);

}  // namespace vane
