// SPDX-License-Identifier: Apache-2.0
#pragma once
// Masks of photographs of a scene, without weights: whole things from the scene's geometry, parts
// from the pictures' colours.

#include <vector>

#include "engine/base/job.h"
#include "engine/image/image.h"
#include "generators/language/scene_objects.h"

namespace vane {

/// Looks at the scene from every camera once (at a smaller size where there are many pixels), so
/// that the masks of a thing have the same extent in all views.
class SceneMasks {
 public:
  SceneMasks(const SplatCloud& cloud, const std::vector<Camera>& cameras, Job& job);

  /// Of the photograph that the camera of that index took, 8-bit RGB of any size.
  RegionMaps of(size_t view, const Image& picture) const;

  const SceneObjects& objects() const { return objects_; }

 private:
  std::vector<SceneSurface> surfaces_;
  SceneObjects objects_;
};

}  // namespace vane
