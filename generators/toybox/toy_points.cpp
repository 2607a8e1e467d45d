// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toy_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "generators/toybox/toy_tracer.h"

namespace vane {
namespace {

static_assert(std::endian::native == std::endian::little, "the PLY is written as it lies");

/// The same view with about `pixels` pixels.
ToyCamera reduced(const ToyCamera& camera, int pixels) {
  const double scale = std::sqrt(double(pixels) / (double(camera.width) * camera.height));
  if (scale >= 1) return camera;
  ToyCamera small = camera;
  small.width = std::max(1, static_cast<int>(camera.width * scale));
  small.height = std::max(1, static_cast<int>(camera.height * scale));
  small.fl_x *= double(small.width) / camera.width;
  small.cx *= double(small.width) / camera.width;
  small.fl_y *= double(small.height) / camera.height;
  small.cy *= double(small.height) / camera.height;
  return small;
}

void append(std::string& bytes, const std::array<double, 3>& point, const uint8_t* rgb) {
  for (const double value : point) {
    const auto coordinate = static_cast<float>(value);
    char raw[sizeof coordinate];
    std::memcpy(raw, &coordinate, sizeof raw);
    bytes.append(raw, sizeof raw);
  }
  bytes.append(reinterpret_cast<const char*>(rgb), 3);
}

}  // namespace

std::string toy_points_ply(ToyScene scene, const std::vector<ToyCamera>& cameras, int per_view,
                           Job& job) {
  std::string points;
  size_t count = 0;
  for (const ToyCamera& camera : cameras) {
    scene.camera = reduced(camera, per_view);
    const ToyFrame frame = render_toybox(scene, {1, 1}, job);
    const auto world = scene.camera.opengl_camera_to_world();
    for (int y = 0; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) {
        const auto i = size_t(y) * size_t(frame.width) + size_t(x);
        const double z = frame.depth[i];
        if (z <= 0) continue;
        // OpenGL axes: y up, z towards the viewer.
        const double here[3] = {(x + 0.5 - scene.camera.cx) / scene.camera.fl_x * z,
                                -(y + 0.5 - scene.camera.cy) / scene.camera.fl_y * z, -z};
        std::array<double, 3> there{};
        for (size_t row = 0; row < 3; ++row) {
          there[row] = world[4 * row] * here[0] + world[4 * row + 1] * here[1] +
                       world[4 * row + 2] * here[2] + world[4 * row + 3];
        }
        append(points, there, &frame.rgb[3 * i]);
        ++count;
      }
    }
  }
  return fmt::format(
             "ply\nformat binary_little_endian 1.0\nelement vertex {}\nproperty float x\n"
             "property float y\nproperty float z\nproperty uchar red\nproperty uchar green\n"
             "property uchar blue\nend_header\n",
             count) +
         points;
}

}  // namespace vane
