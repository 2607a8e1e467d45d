// SPDX-License-Identifier: Apache-2.0
#include "guidance/guided_filter.h"

#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

// Mean over a window that is cut off at the border.
Tensor box_mean(const Tensor& x, int64_t radius) {
  const int64_t side = 2 * radius + 1;
  return at::avg_pool2d(x, {side, side}, {1, 1}, {radius, radius}, false, false);
}

}  // namespace

Tensor guided_filter(const Tensor& map, const Tensor& guide, int64_t radius, double epsilon) {
  const Tensor small = resize_area(guide, map.size(2), map.size(3));
  const Tensor mean_guide = box_mean(small, radius), mean_map = box_mean(map, radius);
  const Tensor variance = box_mean(small * small, radius) - mean_guide * mean_guide;
  const Tensor covariance = box_mean(small * map, radius) - mean_guide * mean_map;
  const Tensor slope = covariance / (variance.clamp_min(0) + epsilon);
  const Tensor offset = mean_map - slope * mean_guide;
  const auto spread = [&](const Tensor& coefficients) {
    return at::upsample_bilinear2d(box_mean(coefficients, radius), {guide.size(2), guide.size(3)},
                                   false);
  };
  return spread(slope) * guide + spread(offset);
}

}  // namespace vane
