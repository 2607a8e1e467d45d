// SPDX-License-Identifier: Apache-2.0
#include "generators/relight/relight_fields.h"

#include <algorithm>

#include "engine/image/resize.h"
#include "engine/image/srgb_view.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

constexpr int64_t kRadius = 4;
constexpr double kEpsilon = 1e-3;
constexpr int64_t kLeastSide = 16;

std::vector<float> values_of(const Tensor& plane) {
  const Tensor flat = plane.contiguous();
  const float* data = flat.const_data_ptr<float>();
  return {data, data + flat.numel()};
}

}  // namespace

GuidedCoefficients guided_stops(const Tensor& stops, const Tensor& guide) {
  return guided_coefficients(stops, guide, kRadius, kEpsilon);
}

Tensor shown_stops(const RelightEstimate& light, const Tensor& guide) {
  const GuidedCoefficients guided = guided_stops(light.stops, guide);
  return sparing_white(guided.slope * guide + guided.offset, guide);
}

Tensor relit_by(const RelightEstimate& light, const Tensor& colours, const Tensor& guide) {
  return relit(colours, shown_stops(light, guide), light.haze);
}

RelightView relight_view(const Image& picture) {
  const at::NoGradGuard no_grad;
  RelightView view;
  Image small = thumbnail(picture, kRelightSide);
  view.guide = guide_of(image_to_tensor(small));
  small.metadata.icc = picture.metadata.icc;
  view.colours = image_to_tensor(srgb_thumbnail(small, kRelightSide));
  view.height = view.guide.size(2);
  view.width = view.guide.size(3);
  // Slivers are continued to what the network needs; there the border is all there is.
  const int64_t bottom = std::max<int64_t>(0, kLeastSide - view.height);
  const int64_t right = std::max<int64_t>(0, kLeastSide - view.width);
  if (bottom > 0 || right > 0) {
    view.guide = at::replication_pad2d(view.guide, {0, right, 0, bottom});
    view.colours = at::replication_pad2d(view.colours, {0, right, 0, bottom});
  }
  return view;
}

RelightPlanes planes_of(const RelightEstimate& light, const RelightView& view) {
  const at::NoGradGuard no_grad;
  const GuidedCoefficients guided = guided_stops(light.stops, view.guide);
  // Full pixels keep to the stops around them, so that no edge gets a halo.
  const Tensor high = at::max_pool2d(light.stops, {3, 3}, {1, 1}, {1, 1});
  const Tensor low = -at::max_pool2d(-light.stops, {3, 3}, {1, 1}, {1, 1});
  const auto plane = [&](const Tensor& t) {
    return values_of(t.slice(2, 0, view.height).slice(3, 0, view.width));
  };
  RelightPlanes planes;
  planes.width = static_cast<int>(view.width);
  planes.height = static_cast<int>(view.height);
  planes.slope = plane(guided.slope);
  planes.offset = plane(guided.offset);
  planes.low = plane(low);
  planes.high = plane(high);
  planes.haze = plane(light.haze);
  return planes;
}

double stops_of_upper_tenth(const RelightPlanes& planes, const Image& picture) {
  const at::NoGradGuard no_grad;
  const Image small = srgb_thumbnail(picture, std::max(planes.width, planes.height));
  const Tensor guide = guide_of(image_to_tensor(small)).contiguous();
  const float* luma = guide.const_data_ptr<float>();
  // A photograph that is smaller than the planes repeats its pixels.
  std::vector<float> stops(planes.slope.size());
  for (int y = 0; y < planes.height; ++y) {
    const auto row = static_cast<size_t>(y * small.height / planes.height);
    for (int x = 0; x < planes.width; ++x) {
      const auto column = static_cast<size_t>(x * small.width / planes.width);
      const auto at = static_cast<size_t>(y * planes.width + x);
      const float guided =
          planes.slope[at] * luma[row * static_cast<size_t>(small.width) + column] +
          planes.offset[at];
      stops[at] = std::clamp(guided, planes.low[at], planes.high[at]);
    }
  }
  const auto tenth = stops.begin() + static_cast<ptrdiff_t>(0.9 * double(stops.size() - 1));
  std::nth_element(stops.begin(), tenth, stops.end());
  return *tenth;
}

RelightPlanes relight_planes(const RelightNetwork& network, const Image& picture) {
  const at::NoGradGuard no_grad;
  const RelightView view = relight_view(picture);
  return planes_of(estimate_light(network, view.colours), view);
}

}  // namespace vane
