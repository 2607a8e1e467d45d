// SPDX-License-Identifier: Apache-2.0
#include "generators/language/scene_surface.h"

#include <cmath>
#include <cstddef>

namespace vane {
namespace {

constexpr float kHalf = 0.5f;

// Camera z at which the Gaussian is densest along origin + z ray; falls back to its centre's where
// that is not a number in front of the camera.
double densest(const SplatCloud& cloud, size_t i, const Camera& camera,
               const std::array<double, 3>& origin, const std::array<double, 3>& ray) {
  std::array<double, 4> q{};
  double norm = 0;
  for (size_t k = 0; k < 4; ++k) {
    q[k] = static_cast<double>(cloud.rotation[4 * i + k]);
    norm += q[k] * q[k];
  }
  std::array<double, 3> centre{};
  for (size_t k = 0; k < 3; ++k) centre[k] = static_cast<double>(cloud.position[3 * i + k]);
  const double at_centre = camera.to_camera(centre)[2];
  const double s = norm > 0 ? 2 / norm : 0, w = q[0], x = q[1], y = q[2], z = q[3];
  // Columns of the rotation: the axes of the Gaussian in the world.
  const double axes[3][3] = {{1 - s * (y * y + z * z), s * (x * y + w * z), s * (x * z - w * y)},
                             {s * (x * y - w * z), 1 - s * (x * x + z * z), s * (y * z + w * x)},
                             {s * (x * z + w * y), s * (y * z - w * x), 1 - s * (x * x + y * y)}};
  double along = 0, square = 0;
  for (size_t k = 0; k < 3; ++k) {
    const double scale = std::exp(-static_cast<double>(cloud.log_scale[3 * i + k]));
    double from = 0, step = 0;
    for (size_t c = 0; c < 3; ++c) {
      from += axes[k][c] * (centre[c] - origin[c]);
      step += axes[k][c] * ray[c];
    }
    along += from * step * scale * scale;
    square += step * step * scale * scale;
  }
  const double depth = along / square;
  return std::isfinite(depth) && depth > 0 ? depth : at_centre;
}

}  // namespace

std::array<double, 3> SceneSurface::point(int column, int row) const {
  const auto& m = camera.world_to_camera;
  const auto z =
      static_cast<double>(depth[static_cast<size_t>(row) * static_cast<size_t>(camera.width) +
                                static_cast<size_t>(column)]);
  const std::array<double, 3> c = {(column + 0.5 - camera.cx) / camera.fx * z - m[3],
                                   (row + 0.5 - camera.cy) / camera.fy * z - m[7], z - m[11]};
  std::array<double, 3> world{};
  for (size_t k = 0; k < 3; ++k) world[k] = m[k] * c[0] + m[4 + k] * c[1] + m[8 + k] * c[2];
  return world;
}

SceneSurface scene_surface(const SplatCloud& cloud, const SplatRaster& raster,
                           const Camera& camera) {
  SceneSurface surface{camera, {}};
  surface.depth.assign(static_cast<size_t>(camera.width) * static_cast<size_t>(camera.height), 0.f);
  const std::array<double, 3> origin = camera.centre();
  const auto& m = camera.world_to_camera;
  raster.visit_weights([&](int, int64_t pixel, const SplatWeight* weights, int count) {
    float sum = 0;
    for (int i = 0; i < count; ++i) {
      sum += weights[i].weight;
      if (sum < kHalf) continue;
      const double x = (static_cast<double>(pixel % camera.width) + 0.5 - camera.cx) / camera.fx;
      const double y = (static_cast<double>(pixel / camera.width) + 0.5 - camera.cy) / camera.fy;
      std::array<double, 3> ray{};
      for (size_t k = 0; k < 3; ++k) ray[k] = m[k] * x + m[4 + k] * y + m[8 + k];
      surface.depth[static_cast<size_t>(pixel)] = static_cast<float>(
          densest(cloud, static_cast<size_t>(weights[i].gaussian), camera, origin, ray));
      return;
    }
  });
  return surface;
}

}  // namespace vane
