// SPDX-License-Identifier: Apache-2.0
#pragma once
// A pinhole camera as every 3D generator sees it. No torch.

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "engine/base/json.h"

namespace vane {

/// OpenCV axes (x right, y down, z forward). Pixel (column i, row j) has its centre at
/// (i + 0.5, j + 0.5); a point with camera coordinates (x, y, z) falls on
/// (fx x / z + cx, fy y / z + cy).
struct Camera {
  int width = 0, height = 0;  // pixels
  double fx = 0, fy = 0, cx = 0, cy = 0;
  /// World to camera, row-major 3x4 [R|t]; R is a rotation.
  std::array<double, 12> world_to_camera{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
  /// sRGB-encoded, what shows where nothing is.
  std::array<float, 3> background{0, 0, 0};

  /// Where the camera is in the world: -R^T t.
  std::array<double, 3> centre() const;
  /// Camera coordinates of a point in the world.
  std::array<double, 3> to_camera(const std::array<double, 3>& world) const;
  /// The same view on a raster of another size; the field of view stays as it is.
  Camera resized(int new_width, int new_height) const;
  /// Reduced so that no side is longer than `longest`; as it is when none is.
  Camera at_most(int64_t longest) const;
};

/// The cameras of a camera file of Vane: one {"width","height","fl_x","fl_y","cx","cy",
/// "world_to_camera":[[4x4]],"background":[r,g,b]} (background may be missing: black) or a list of
/// them. Throws Error{input} naming the file, the camera's index and the key for values that are
/// missing, not finite, out of range (1 to 16384 pixels a side, focal length above 0), or whose
/// matrix is not a rigid motion to 1e-3.
std::vector<Camera> read_cameras(const std::filesystem::path& file);
/// One camera as such an object.
nlohmann::ordered_json camera_json(const Camera& camera);

}  // namespace vane
