// SPDX-License-Identifier: Apache-2.0
#pragma once
// transforms.json: cameras as nerfstudio, instant-ngp and the Blender scenes of NeRF write them.

#include <array>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/scene/camera.h"

namespace vane {

struct TransformsFrame {
  std::string file_path;  // as inner_name returns it
  /// 0 where the file does not say: then it is the picture's.
  int width = 0, height = 0;
  /// Focal lengths in pixels, or full angles of view in radians.
  std::optional<double> fl_x, fl_y, angle_x, angle_y, cx, cy;
  std::array<double, 12> world_to_camera{};  // OpenCV

  /// The camera of a picture of that size.
  Camera camera(int picture_width, int picture_height) const;
};

struct Transforms {
  std::vector<TransformsFrame> frames;
  std::string ply_file_path;               // empty: none; as inner_name returns it
  bool has_training_list = false;          // train_filenames is there
  std::set<std::string> training;          // its names
  std::set<std::string> validation, test;  // val_filenames, test_filenames
};

/// Parses the text of such a file. Throws Error{input} with the byte: no frames, a matrix that is
/// no camera, a missing focal length, a lens with distortion (naming the parameter), a camera model
/// that is no pinhole (naming it), a path that leads out of the data set.
Transforms parse_transforms(std::span<const std::byte> file, const Limits& limits);

}  // namespace vane
