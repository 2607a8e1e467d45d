// SPDX-License-Identifier: Apache-2.0
#include "generators/relight/relight_fields.h"

#include "engine/image/resize.h"
#include "engine/image/srgb_view.h"

namespace vane {
namespace {

constexpr int64_t kRadius = 4;
constexpr double kEpsilon = 1e-3;
constexpr int64_t kLeastSide = 16;

template <class Sample>
Tensor planes_of(const std::vector<Sample>& samples, const Image& picture) {
  const int64_t channels = picture.channels, colours = picture.is_grey() ? 1 : 3;
  Tensor out = at::empty({1, 3, picture.height, picture.width}, at::kFloat);
  float* data = out.mutable_data_ptr<float>();
  const size_t pixels = size_t(picture.width) * size_t(picture.height);
  for (size_t c = 0; c < 3; ++c) {
    const size_t from = colours == 1 ? 0 : c;
    for (size_t i = 0; i < pixels; ++i) {
      data[c * pixels + i] =
          float(samples[i * size_t(channels) + from]) / float(std::numeric_limits<Sample>::max());
    }
  }
  return out;
}

Tensor stored_colours(const Image& picture) {
  return picture.depth == 16 ? planes_of(picture.u16, picture) : planes_of(picture.u8, picture);
}

Tensor srgb_colours(const Image& picture) {
  const std::optional<SrgbView> view = SrgbView::of(picture);
  if (!view) return stored_colours(picture);
  Image converted;
  converted.width = picture.width;
  converted.height = picture.height;
  converted.depth = 16;
  converted.u16.resize(converted.sample_count());
  const void* samples = picture.depth == 16 ? static_cast<const void*>(picture.u16.data())
                                            : static_cast<const void*>(picture.u8.data());
  view->convert(samples, size_t(picture.width) * size_t(picture.height), converted.u16.data());
  return stored_colours(converted);
}

std::vector<float> values_of(const Tensor& plane) {
  const Tensor flat = plane.contiguous();
  const float* data = flat.const_data_ptr<float>();
  return {data, data + flat.numel()};
}

}  // namespace

GuidedCoefficients guided_stops(const Tensor& stops, const Tensor& guide) {
  return guided_coefficients(stops, guide, kRadius, kEpsilon);
}

RelightPlanes relight_planes(const RelightNetwork& network, const Image& picture) {
  const at::NoGradGuard no_grad;
  const Image small = thumbnail(picture, kRelightSide);
  Tensor guide = guide_of(stored_colours(small)), colours = srgb_colours(small);
  // Slivers are continued to what the network needs; there the border is all there is.
  const int64_t bottom = std::max<int64_t>(0, kLeastSide - guide.size(2));
  const int64_t right = std::max<int64_t>(0, kLeastSide - guide.size(3));
  const int64_t height = guide.size(2), width = guide.size(3);
  if (bottom > 0 || right > 0) {
    guide = at::replication_pad2d(guide, {0, right, 0, bottom});
    colours = at::replication_pad2d(colours, {0, right, 0, bottom});
  }
  const RelightEstimate light = estimate_light(network, colours);
  const GuidedCoefficients guided = guided_stops(light.stops, guide);
  // Full pixels keep to the stops around them, so that no edge gets a halo.
  const Tensor high = at::max_pool2d(light.stops, {3, 3}, {1, 1}, {1, 1});
  const Tensor low = -at::max_pool2d(-light.stops, {3, 3}, {1, 1}, {1, 1});
  const auto plane = [&](const Tensor& t) {
    return values_of(t.slice(2, 0, height).slice(3, 0, width));
  };
  RelightPlanes planes;
  planes.width = static_cast<int>(width);
  planes.height = static_cast<int>(height);
  planes.slope = plane(guided.slope);
  planes.offset = plane(guided.offset);
  planes.low = plane(low);
  planes.high = plane(high);
  planes.haze = plane(light.haze);
  return planes;
}

}  // namespace vane
