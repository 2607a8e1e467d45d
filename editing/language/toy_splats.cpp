// SPDX-License-Identifier: Apache-2.0
#include "editing/language/toy_splats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

namespace vane {
namespace {

constexpr double kUnit = 1.0 / 256;  // side of the finest cells
constexpr double kCellPixels = 1.3;  // side of a cell in pixels, at least
constexpr float kShOfColour = 0.28209479f;
constexpr double kWidth = 0.55, kThickness = 0.12;  // standard deviations in cells
constexpr float kOpacityLogit = 4;
constexpr double kShortNormal = 1e-6;

struct Cell {
  std::array<double, 3> position{}, normal{}, rgb{};
  std::map<uint8_t, int> things;
  int count = 0;
};
using Key = std::tuple<int, int64_t, int64_t, int64_t>;  // power of two of the side; indices

std::array<double, 3> world_of(const ToyCamera& camera, double column, double row, double z) {
  const auto& m = camera.world_to_camera;
  const std::array<double, 3> c = {(column - camera.cx) / camera.fl_x * z - m[3],
                                   (row - camera.cy) / camera.fl_y * z - m[7], z - m[11]};
  std::array<double, 3> world{};
  for (size_t k = 0; k < 3; ++k) world[k] = m[k] * c[0] + m[4 + k] * c[1] + m[8 + k] * c[2];
  return world;
}

// Quaternion (w,x,y,z) that turns z to the unit vector n.
std::array<float, 4> rotation_to(const std::array<double, 3>& n) {
  if (n[2] < -1 + kShortNormal) return {0, 1, 0, 0};
  const double w = 1 + n[2], length = std::sqrt(w * w + n[0] * n[0] + n[1] * n[1]);
  return {static_cast<float>(w / length), static_cast<float>(-n[1] / length),
          static_cast<float>(n[0] / length), 0};
}

void add_splat(const Key& key, const Cell& cell, ToySplats& splats) {
  SplatCloud& cloud = splats.cloud;
  const double side = std::ldexp(kUnit, std::get<0>(key));
  std::array<double, 3> normal = cell.normal;
  const double length = std::hypot(normal[0], normal[1], normal[2]);
  for (double& x : normal) x = length > kShortNormal ? x / length : x;
  if (length <= kShortNormal) normal = {0, 0, 1};
  for (size_t k = 0; k < 3; ++k) {
    cloud.position.push_back(static_cast<float>(cell.position[k] / cell.count));
    cloud.sh0.push_back(static_cast<float>(cell.rgb[k] / cell.count / 255 - 0.5) / kShOfColour);
    cloud.log_scale.push_back(static_cast<float>(std::log(side * (k == 2 ? kThickness : kWidth))));
  }
  for (const float q : rotation_to(normal)) cloud.rotation.push_back(q);
  cloud.opacity_logit.push_back(kOpacityLogit);
  splats.thing.push_back(
      std::max_element(cell.things.begin(), cell.things.end(), [](const auto& a, const auto& b) {
        return a.second < b.second;
      })->first);
}

}  // namespace

ToySplats toy_splats(const std::vector<ToyCamera>& cameras, const std::vector<ToyFrame>& frames) {
  std::map<Key, Cell> cells;
  for (size_t view = 0; view < frames.size(); ++view) {
    const ToyFrame& frame = frames[view];
    const ToyCamera& camera = cameras[view];
    for (size_t i = 0; i < frame.depth.size(); ++i) {
      const double z = static_cast<double>(frame.depth[i]);
      if (z <= 0) continue;
      const auto column = static_cast<double>(i % static_cast<size_t>(frame.width));
      const auto row = static_cast<double>(i / static_cast<size_t>(frame.width));
      const auto world = world_of(camera, column + 0.5, row + 0.5, z);
      const int power = std::max(
          0, static_cast<int>(std::ceil(std::log2(kCellPixels * z / camera.fl_x / kUnit))));
      const double side = std::ldexp(kUnit, power);
      Cell& cell = cells[{power, static_cast<int64_t>(std::floor(world[0] / side)),
                          static_cast<int64_t>(std::floor(world[1] / side)),
                          static_cast<int64_t>(std::floor(world[2] / side))}];
      const Vec3& normal = frame.normal[i];
      const std::array<float, 3> n = {normal.x, normal.y, normal.z};
      for (size_t k = 0; k < 3; ++k) {
        cell.position[k] += world[k];
        cell.normal[k] += static_cast<double>(n[k]);
        cell.rgb[k] += frame.rgb[3 * i + k];
      }
      ++cell.things[frame.instance[i]];
      ++cell.count;
    }
  }
  ToySplats splats;
  for (const auto& [key, cell] : cells) add_splat(key, cell, splats);
  return splats;
}

Camera camera_of(const ToyCamera& camera, const ToyFrame& frame) {
  Camera result;
  result.width = camera.width;
  result.height = camera.height;
  result.fx = camera.fl_x;
  result.fy = camera.fl_y;
  result.cx = camera.cx;
  result.cy = camera.cy;
  result.world_to_camera = camera.world_to_camera;
  std::array<double, 3> sum{};
  int64_t count = 0;
  for (size_t i = 0; i < frame.depth.size(); ++i) {
    if (frame.depth[i] > 0) continue;
    for (size_t k = 0; k < 3; ++k) sum[k] += frame.rgb[3 * i + k];
    ++count;
  }
  for (size_t k = 0; k < 3 && count > 0; ++k) {
    result.background[k] = static_cast<float>(sum[k] / static_cast<double>(count) / 255);
  }
  return result;
}

}  // namespace vane
