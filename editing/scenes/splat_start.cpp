// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/splat_start.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>

#include "editing/scenes/camera_path.h"
#include "engine/base/error.h"
#include "generators/splats/spherical_harmonics.h"
#include "generators/splats/work_queue.h"

namespace vane {
namespace {

constexpr float kLeastDistance2 = 1e-7f;
/// Published defaults: of opacity adaptive, mcmc, and of mcmc's scales.
constexpr double kStartOpacity = 0.1, kMcmcOpacity = 0.5;
constexpr float kMcmcScale = 0.1f;

/// A k-d tree of points [N,3]: the middle of each range of `order_` splits it.
class PointTree {
 public:
  explicit PointTree(const std::vector<float>& points)
      : points_(points), order_(points.size() / 3), axis_(order_.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    build(0, order_.size());
  }

  /// Squared distances to the nearest three others, least first; infinite where there are none.
  std::array<float, 3> nearest(size_t point) const {
    std::array<float, 3> best;
    best.fill(std::numeric_limits<float>::infinity());
    search(point, 0, order_.size(), best);
    return best;
  }

 private:
  float at(size_t point, size_t axis) const { return points_[3 * point + axis]; }

  void build(size_t begin, size_t end) {
    if (end - begin < 2) return;
    std::array<float, 3> low, high;
    low.fill(std::numeric_limits<float>::infinity());
    high.fill(-std::numeric_limits<float>::infinity());
    for (size_t i = begin; i < end; ++i) {
      for (size_t k = 0; k < 3; ++k) {
        low[k] = std::min(low[k], at(order_[i], k));
        high[k] = std::max(high[k], at(order_[i], k));
      }
    }
    size_t axis = 0;
    for (size_t k = 1; k < 3; ++k) {
      if (high[k] - low[k] > high[axis] - low[axis]) axis = k;
    }
    const size_t middle = begin + (end - begin) / 2;
    const auto place = [&](size_t i) { return order_.begin() + static_cast<std::ptrdiff_t>(i); };
    std::nth_element(place(begin), place(middle), place(end),
                     [&](size_t a, size_t b) { return at(a, axis) < at(b, axis); });
    axis_[middle] = static_cast<uint8_t>(axis);
    build(begin, middle);
    build(middle + 1, end);
  }

  void search(size_t point, size_t begin, size_t end, std::array<float, 3>& best) const {
    if (begin >= end) return;
    const size_t middle = begin + (end - begin) / 2, other = order_[middle];
    if (other != point) {
      float d2 = 0;
      for (size_t k = 0; k < 3; ++k) {
        const float d = at(point, k) - at(other, k);
        d2 += d * d;
      }
      if (d2 < best[2]) {
        best[2] = d2;
        std::sort(best.begin(), best.end());
      }
    }
    const size_t axis = axis_[middle];
    const float beyond = at(point, axis) - at(other, axis);
    const bool left = beyond < 0;
    search(point, left ? begin : middle + 1, left ? middle : end, best);
    if (beyond * beyond < best[2]) {
      search(point, left ? middle + 1 : begin, left ? end : middle, best);
    }
  }

  const std::vector<float>& points_;
  std::vector<size_t> order_;
  std::vector<uint8_t> axis_;
};

/// A cube around the place that the training cameras look at.
std::vector<float> random_positions(const SceneData& data, int64_t count, Rng& rng) {
  std::vector<Camera> cameras;
  for (const size_t v : data.training_views()) cameras.push_back(data.views[v].camera);
  const auto middle = point_of_view(cameras);
  double reach = 0;
  for (const Camera& camera : cameras) {
    const auto c = camera.centre();
    reach = std::max(reach, std::hypot(c[0] - middle[0], c[1] - middle[1], c[2] - middle[2]));
  }
  // Half the way to the farthest camera; the published cube of 1.3 for cameras at 4 is a third.
  const auto half = static_cast<float>(0.5 * (reach > 0 ? reach : 1));
  std::vector<float> positions;
  for (int64_t i = 0; i < count; ++i) {
    for (const double k : middle) {
      positions.push_back(static_cast<float>(k) + rng.uniform(-half, half));
    }
  }
  return positions;
}

}  // namespace

std::vector<float> neighbour_distances(const std::vector<float>& points, int threads) {
  const size_t size = points.size() / 3;
  std::vector<float> means(size, 1.f);
  if (size < 2) return means;
  const PointTree tree(points);
  splats::in_pieces(static_cast<int64_t>(size), 1024, threads, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      float sum = 0, count = 0;
      for (const float d2 : tree.nearest(i)) {
        if (!std::isfinite(d2)) continue;
        sum += d2;
        ++count;
      }
      if (count > 0) means[i] = sum / count;
    }
  });
  return means;
}

SplatCloud starting_splats(const SceneData& data, const SplatFitConfig& config, Rng rng) {
  if (data.training_views().empty()) {
    throw Error(ErrorCode::input, "the data set has no view to fit to");
  }
  SplatCloud cloud;
  cloud.sh_degree = config.sh_degree;
  cloud.antialiased = config.antialiased;
  const auto colour = [](float rgb) { return (rgb - 0.5f) / static_cast<float>(splats::kSh0); };
  if (data.points.empty()) {
    cloud.position = random_positions(data, config.random_points, rng);
    for (size_t i = 0; i < cloud.position.size(); ++i) cloud.sh0.push_back(colour(rng.uniform()));
  } else {
    for (const ScenePoint& point : data.points) {
      for (size_t k = 0; k < 3; ++k) {
        cloud.position.push_back(point.position[k]);
        cloud.sh0.push_back(colour(point.rgb[k]));
      }
    }
  }
  const size_t size = cloud.position.size() / 3;
  const bool mcmc = config.strategy == "mcmc";
  const auto distances = neighbour_distances(
      cloud.position, std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  for (const float d2 : distances) {
    const float scale =
        std::log(std::sqrt(std::max(d2, kLeastDistance2)) * (mcmc ? kMcmcScale : 1.f));
    cloud.log_scale.insert(cloud.log_scale.end(), 3, scale);
    cloud.rotation.insert(cloud.rotation.end(), {1, 0, 0, 0});
  }
  const double o = mcmc ? kMcmcOpacity : kStartOpacity;
  cloud.opacity_logit.assign(size, static_cast<float>(std::log(o / (1 - o))));
  cloud.sh_rest.assign(3 * size * static_cast<size_t>(cloud.rest_coefficients()), 0.f);
  return cloud;
}

}  // namespace vane
