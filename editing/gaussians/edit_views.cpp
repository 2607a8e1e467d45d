// SPDX-License-Identifier: Apache-2.0
#include "editing/gaussians/edit_views.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "generators/splats/splat_raster.h"

namespace vane {
namespace {

constexpr int kLookingSide = 128;  // of the pictures in which things are looked for
constexpr double kMargin = 1.6;
// A view with less than this share of the best one's area shows too little to judge by.
constexpr double kLeastShare = 0.35;
constexpr float kMostly = 0.5f;

struct Sight {
  Camera full, camera;                           // as it was given, and as it looks for things
  int64_t area = 0;                              // pixels, at kLookingSide
  int left = 0, top = 0, right = 0, bottom = 0;  // end exclusive
};

Sight sight_of(const SplatCloud& cloud, const std::vector<int64_t>& rows, const Camera& camera) {
  Sight sight;
  sight.full = camera;
  sight.camera = camera.at_most(kLookingSide);
  const std::vector<float> share = share_of_rows(cloud, rows, sight.camera);
  sight.left = sight.camera.width;
  sight.top = sight.camera.height;
  for (int y = 0; y < sight.camera.height; ++y) {
    for (int x = 0; x < sight.camera.width; ++x) {
      if (share[static_cast<size_t>(y * sight.camera.width + x)] <= kMostly) continue;
      ++sight.area;
      sight.left = std::min(sight.left, x);
      sight.top = std::min(sight.top, y);
      sight.right = std::max(sight.right, x + 1);
      sight.bottom = std::max(sight.bottom, y + 1);
    }
  }
  return sight;
}

Camera close_up(const Sight& sight, int side) {
  const double box = std::max(sight.right - sight.left, sight.bottom - sight.top) * kMargin;
  const double factor = side / box;
  const double left = 0.5 * (sight.left + sight.right) - 0.5 * box;
  const double top = 0.5 * (sight.top + sight.bottom) - 0.5 * box;
  Camera camera = sight.camera;
  camera.width = camera.height = side;
  camera.fx *= factor;
  camera.fy *= factor;
  camera.cx = (camera.cx - left) * factor;
  camera.cy = (camera.cy - top) * factor;
  return camera;
}

}  // namespace

std::vector<float> share_of_rows(const SplatCloud& cloud, const std::vector<int64_t>& rows,
                                 const Camera& camera) {
  std::vector<float> chosen(static_cast<size_t>(cloud.size()), 0.f);
  for (const int64_t row : rows) chosen[static_cast<size_t>(row)] = 1.f;
  RasterOptions options;
  options.active_sh_degree = 0;
  return SplatRaster(cloud, camera, options).draw_features(chosen.data(), 1);
}

EditViews edit_views(const SplatCloud& cloud, const std::vector<int64_t>& rows,
                     const std::vector<Camera>& cameras, const EditViewOptions& options, Job& job) {
  const bool is_part = static_cast<int64_t>(rows.size()) < cloud.size();
  std::vector<Sight> sights;
  int64_t most = 0;
  for (size_t i = 0; i < cameras.size(); ++i) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(i), static_cast<int64_t>(cameras.size()), "looking");
    sights.push_back(sight_of(cloud, rows, cameras[i]));
    most = std::max(most, sights.back().area);
  }
  EditViews views;
  std::vector<Sight> good;
  for (size_t i = 0; i < sights.size(); ++i) {
    if (sights[i].area == 0) continue;
    views.whole.push_back(cameras[i]);
    // Whole pictures are compared in one batch, so they are of one size.
    const bool fits = is_part || good.empty() ||
                      (cameras[i].width == good.front().full.width &&
                       cameras[i].height == good.front().full.height);
    const auto area = static_cast<double>(sights[i].area);
    if (fits && area >= kLeastShare * static_cast<double>(most)) good.push_back(sights[i]);
  }
  if (good.empty()) throw Error(ErrorCode::input, "no camera sees what is to be edited");
  // Evenly over the cameras that are left, which go around the scene in most data sets.
  const auto wanted = static_cast<size_t>(options.guiding + options.held_out);
  const size_t taken = std::min(wanted, good.size());
  for (size_t k = 0; k < taken; ++k) {
    const Sight& sight = good[k * good.size() / taken];
    const Camera camera =
        is_part ? close_up(sight, options.side) : sight.full.at_most(options.side);
    const bool held = k % 3 == 2 && static_cast<int64_t>(views.held_out.size()) < options.held_out;
    (held ? views.held_out : views.guiding).push_back(camera);
  }
  if (views.held_out.empty()) views.held_out.push_back(views.guiding.back());
  return views;
}

double extent_of_rows(const SplatCloud& cloud, const std::vector<int64_t>& rows) {
  double sum = 0;
  for (size_t axis = 0; axis < 3; ++axis) {
    std::vector<float> values;
    for (const int64_t row : rows) {
      values.push_back(cloud.position[3 * static_cast<size_t>(row) + axis]);
    }
    std::sort(values.begin(), values.end());
    const size_t low = values.size() / 20, high = values.size() - 1 - low;
    const auto length = static_cast<double>(values[high] - values[low]);
    sum += length * length;
  }
  return std::max(0.5 * std::sqrt(sum), 1e-6);
}

}  // namespace vane
