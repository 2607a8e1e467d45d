// SPDX-License-Identifier: Apache-2.0
#pragma once
// Photographs of a scene with their cameras: what a scene is fitted to. No torch.

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/scene/camera.h"

namespace vane {

struct SceneView {
  std::string name;             // of the picture, relative to the data set, with '/'
  std::filesystem::path image;  // the file; exists
  Camera camera;                // of the picture as stored
  bool held_out = false;        // measured on, never fitted to
};

struct ScenePoint {
  std::array<float, 3> position;
  std::array<float, 3> rgb;  // sRGB in [0,1]
};

struct SceneData {
  std::string layout;              // "colmap", "nerfstudio", "blender"
  std::vector<SceneView> views;    // sorted by name
  std::vector<ScenePoint> points;  // from structure from motion; may be empty
  bool white_background = false;   // Blender synthetic: transparent pixels show white

  std::vector<size_t> training_views() const;
  std::vector<size_t> held_out_views() const;
  /// 1.1 times the greatest distance of a training camera from their mean centre: the unit of the
  /// learning rates of 3DGS.
  double extent() const;
};

/// Reads a data set of any layout: a COLMAP project (sparse/0 or sparse, binary or text; images/),
/// nerfstudio's transforms.json, Blender's transforms_train.json and its companions; a file
/// transforms*.json may be named directly. Held-out views are the layout's own
/// (transforms_test.json, test_filenames), otherwise every eighth in order of name when there are
/// 16 views or more, else every fourth. Throws Error{input} naming the file and the reason, for
/// lens models with distortion and for names that lead out of the data set too.
SceneData read_scene_data(const std::filesystem::path& dataset, const Limits& limits);

}  // namespace vane
