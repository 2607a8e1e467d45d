// SPDX-License-Identifier: Apache-2.0
#pragma once
// The sparse model of COLMAP: cameras, images and points3D, as .bin or as .txt (COLMAP's
// documentation, "Output format"). COLMAP's pixel centres lie at +0.5 and its axes are OpenCV's.

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/scene/camera.h"
#include "engine/scene/scene_data.h"

namespace vane {

struct ColmapImage {
  std::string name;  // as inner_name returns it
  uint32_t camera = 0;
  std::array<double, 12> world_to_camera{};
};

enum class ColmapForm { binary, text };

/// Lenses by id; their cameras have no place yet. Throws Error{input}: lens models that are no
/// pinhole or have distortion (naming model and parameter), sizes beyond 1 to 65500 pixels, focal
/// lengths of 0 or less, an id that occurs twice, a file that is cut off.
std::map<uint32_t, Camera> parse_colmap_cameras(std::span<const std::byte> file, ColmapForm form,
                                                const Limits& limits);

/// Throws Error{input}: names that leave the folder of pictures, quaternions whose length is not
/// within [0.9,1.1], an id that occurs twice, more than scene.views, a file that is cut off.
std::vector<ColmapImage> parse_colmap_images(std::span<const std::byte> file, ColmapForm form,
                                             const Limits& limits);

/// Points that are not finite are left out. Throws Error{input}.
std::vector<ScenePoint> parse_colmap_points(std::span<const std::byte> file, ColmapForm form,
                                            const Limits& limits);

}  // namespace vane
