// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor/guided_filter.h"

#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

// Mean over a window that is cut off at the border.
Tensor box_mean(const Tensor& x, int64_t radius) {
  const int64_t side = 2 * radius + 1;
  return at::avg_pool2d(x, {side, side}, {1, 1}, {radius, radius}, false, false);
}

}  // namespace

GuidedCoefficients guided_coefficients(const Tensor& map, const Tensor& guide, int64_t radius,
                                       double epsilon) {
  const Tensor mean_guide = box_mean(guide, radius), mean_map = box_mean(map, radius);
  const Tensor variance = box_mean(guide * guide, radius) - mean_guide * mean_guide;
  const Tensor covariance = box_mean(guide * map, radius) - mean_guide * mean_map;
  const Tensor slope = covariance / (variance.clamp_min(0) + epsilon);
  return {box_mean(slope, radius), box_mean(mean_map - slope * mean_guide, radius)};
}

Tensor guided_filter(const Tensor& map, const Tensor& guide, int64_t radius, double epsilon) {
  const Tensor small = resize_area(guide, map.size(2), map.size(3));
  const GuidedCoefficients coefficients = guided_coefficients(map, small, radius, epsilon);
  const auto spread = [&](const Tensor& plane) {
    return at::upsample_bilinear2d(plane, {guide.size(2), guide.size(3)}, false);
  };
  return spread(coefficients.slope) * guide + spread(coefficients.offset);
}

}  // namespace vane
