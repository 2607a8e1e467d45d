// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/camera_path.h"

#include <algorithm>
#include <cmath>

namespace vane {
namespace {

using Vector = std::array<double, 3>;

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
Vector sum(const Vector& a, const Vector& b, double factor = 1) {
  return {a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]};
}
/// `fallback` where there is no direction.
Vector unit(const Vector& v, const Vector& fallback) {
  const double length = std::sqrt(dot(v, v));
  if (!(length > 1e-12)) return fallback;
  return {v[0] / length, v[1] / length, v[2] / length};
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// A camera at `centre` that looks at `target` with `up` towards the top of the picture.
void look_at(Camera& camera, const Vector& centre, const Vector& target, const Vector& up) {
  const Vector forward = unit(sum(target, centre, -1), {0, 0, 1});
  Vector right = cross(forward, up);
  // Straight from above any side will do.
  if (!(dot(right, right) > 1e-12)) right = cross(forward, {1, 0, 0});
  if (!(dot(right, right) > 1e-12)) right = cross(forward, {0, 0, 1});
  right = unit(right, {1, 0, 0});
  const Vector down = cross(forward, right);
  const Vector* rows[3] = {&right, &down, &forward};
  for (size_t row = 0; row < 3; ++row) {
    for (size_t k = 0; k < 3; ++k) camera.world_to_camera[4 * row + k] = (*rows[row])[k];
    camera.world_to_camera[4 * row + 3] = -dot(*rows[row], centre);
  }
}

}  // namespace

std::array<double, 3> point_of_view(const std::vector<Camera>& cameras) {
  // Normal equations of the distances to the axes; a little of the cameras' mean keeps parallel
  // axes solvable.
  constexpr double kPull = 1e-3;
  double a[3][3] = {}, b[3] = {};
  for (const Camera& camera : cameras) {
    const auto& m = camera.world_to_camera;
    const Vector d{m[8], m[9], m[10]}, c = camera.centre();
    for (size_t i = 0; i < 3; ++i) {
      for (size_t j = 0; j < 3; ++j) {
        const double off = (i == j ? 1 + kPull : 0) - d[i] * d[j];
        a[i][j] += off;
        b[i] += off * c[j];
      }
    }
  }
  const auto minor = [&](size_t r, size_t c) {
    const size_t r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3, c2 = (c + 2) % 3;
    return a[r1][c1] * a[r2][c2] - a[r1][c2] * a[r2][c1];
  };
  const double det = a[0][0] * minor(0, 0) + a[0][1] * minor(0, 1) + a[0][2] * minor(0, 2);
  Vector point{};
  for (size_t k = 0; k < 3; ++k) {
    point[k] = (minor(0, k) * b[0] + minor(1, k) * b[1] + minor(2, k) * b[2]) / det;
  }
  return point;
}

Orbit orbit_of(const std::vector<Camera>& cameras) {
  Orbit orbit;
  orbit.middle = point_of_view(cameras);
  Vector up{};
  for (const Camera& camera : cameras) {
    const auto& m = camera.world_to_camera;
    up = sum(up, {-m[4], -m[5], -m[6]});
  }
  orbit.up = unit(up, {0, -1, 0});
  double height = 0, radius = 0;
  for (const Camera& camera : cameras) {
    const Vector away = sum(camera.centre(), orbit.middle, -1);
    const double above = dot(away, orbit.up);
    height += above / static_cast<double>(cameras.size());
    radius += std::sqrt(std::max(0.0, dot(away, away) - above * above)) /
              static_cast<double>(cameras.size());
  }
  const Vector first = sum(cameras.front().centre(), orbit.middle, -1);
  const Vector level = unit(sum(first, orbit.up, -dot(first, orbit.up)),
                            unit(cross(orbit.up, {1, 0, 0}), {0, 0, 1}));
  for (size_t k = 0; k < 3; ++k) orbit.start[k] = radius * level[k] + height * orbit.up[k];
  return orbit;
}

Orbit orbit_of(const SplatCloud& cloud, const Camera& camera) {
  Orbit orbit;
  const auto size = static_cast<size_t>(cloud.size());
  if (size == 0) return orbit;
  for (size_t k = 0; k < 3; ++k) {
    std::vector<double> values(size);
    for (size_t i = 0; i < size; ++i) values[i] = cloud.position[3 * i + k];
    orbit.middle[k] = median(std::move(values));
  }
  std::vector<double> distances(size);
  for (size_t i = 0; i < size; ++i) {
    double d2 = 0;
    for (size_t k = 0; k < 3; ++k) {
      const double d = cloud.position[3 * i + k] - orbit.middle[k];
      d2 += d * d;
    }
    // With what there is of it around its middle.
    const float* scale = cloud.log_scale.data() + 3 * i;
    distances[i] = std::sqrt(d2) + 2 * std::exp(double(std::max({scale[0], scale[1], scale[2]})));
  }
  const auto most = distances.begin() + static_cast<std::ptrdiff_t>(size * 9 / 10);
  std::nth_element(distances.begin(), most, distances.end());
  const double half_view =
      std::min(0.5 * camera.width / camera.fx, 0.5 * camera.height / camera.fy);
  const double distance = std::max(*most, 1e-6) * std::sqrt(1 + 1 / (half_view * half_view));
  // A third of a right angle above the horizon.
  orbit.start = {0, -0.5 * distance, -std::sqrt(0.75) * distance};
  return orbit;
}

Camera usual_camera() {
  constexpr double kHalfView = 0.4663;  // tangent of 25 degrees, across the height
  Camera camera;
  camera.width = 800;
  camera.height = 600;
  camera.fx = camera.fy = 0.5 * camera.height / kHalfView;
  camera.cx = 0.5 * camera.width;
  camera.cy = 0.5 * camera.height;
  return camera;
}

std::vector<Camera> turntable(const Orbit& orbit, const Camera& camera, int count) {
  constexpr double kTurn = 6.283185307179586;
  std::vector<Camera> cameras;
  const double above = dot(orbit.start, orbit.up);
  const Vector level = sum(orbit.start, orbit.up, -above), side = cross(orbit.up, level);
  for (int i = 0; i < count; ++i) {
    const double angle = kTurn * i / count;
    Vector centre = sum(orbit.middle, orbit.up, above);
    centre = sum(sum(centre, level, std::cos(angle)), side, std::sin(angle));
    cameras.push_back(camera);
    look_at(cameras.back(), centre, orbit.middle, orbit.up);
  }
  return cameras;
}

}  // namespace vane
