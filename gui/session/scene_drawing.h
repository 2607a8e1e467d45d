// SPDX-License-Identifier: Apache-2.0
#pragma once
// The picture of a scene for the canvas: drawn at the size that time allows, with what was found
// laid over it.

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/image/image.h"
#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"

namespace vane {

enum class SceneLook { colours, depth, normals };
enum class SceneOverlay { none, heat, selection };

struct SceneDrawing {
  std::shared_ptr<const SplatCloud> cloud;
  /// Rows of the scene as stored (SceneStage::rows), which the two after it are counted in.
  std::shared_ptr<const std::vector<int64_t>> rows;
  std::shared_ptr<const std::vector<float>> relevancy;   // null: no overlay
  std::shared_ptr<const std::vector<int64_t>> selected;  // null: none
  Camera camera;                                         // at the canvas' size
  SceneLook look = SceneLook::colours;
  SceneOverlay overlay = SceneOverlay::heat;
  double opacity = 0.6;
};

/// Draws with both sides times `share`, 0 to 1. 8-bit RGB.
Image draw_scene(const SceneDrawing& drawing, double share);

/// Chooses the share of the sides at which a draft takes about `wanted_ms`, from what earlier
/// pictures took.
class DraftSize {
 public:
  double share(double wanted_ms) const;
  /// A picture of `share` took `ms`.
  void note(double share, double ms);

 private:
  double full_ms_ = 0;
};

}  // namespace vane
