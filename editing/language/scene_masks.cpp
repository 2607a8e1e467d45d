// SPDX-License-Identifier: Apache-2.0
#include "editing/language/scene_masks.h"

#include <algorithm>
#include <cmath>

namespace vane {
namespace {

constexpr double kMostPixels = 24e6;  // of all views together: about half a gigabyte
constexpr int kLeastSide = 64;

// The reduction that keeps to the limit.
double scale_for(const std::vector<Camera>& cameras) {
  double pixels = 0;
  for (const Camera& camera : cameras) pixels += double(camera.width) * camera.height;
  return std::min(1.0, std::sqrt(kMostPixels / std::max(pixels, 1.0)));
}

Camera reduced(const Camera& camera, double scale) {
  if (scale >= 1) return camera;
  const auto side = [&](int full) {
    return std::min(full, std::max(kLeastSide, static_cast<int>(std::lround(full * scale))));
  };
  return camera.resized(side(camera.width), side(camera.height));
}

}  // namespace

SceneMasks::SceneMasks(const SplatCloud& cloud, const std::vector<Camera>& cameras, Job& job) {
  const double scale = scale_for(cameras);
  RasterOptions options;
  options.active_sh_degree = 0;  // colours do not matter
  for (size_t i = 0; i < cameras.size(); ++i) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(i), static_cast<int64_t>(cameras.size()), "seeing things");
    const Camera camera = reduced(cameras[i], scale);
    surfaces_.push_back(scene_surface(cloud, SplatRaster(cloud, camera, options), camera));
  }
  objects_ = scene_objects(surfaces_, Rng(0));
}

RegionMaps SceneMasks::of(size_t view, const Image& picture) const {
  const Camera& camera = surfaces_[view].camera;
  return object_maps(graph_segmentation(picture), objects_, objects_.labels[view], camera.width,
                     camera.height);
}

}  // namespace vane
