// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/region.h"

#include <algorithm>

#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

constexpr int64_t kSide = 256;
// Two box filters of this reach one after the other fall off over a thirty-second of the side.
constexpr int64_t kReach = kSide / 64;

Tensor box_filtered(const Tensor& mask) {
  return at::avg_pool2d(mask, 2 * kReach + 1, 1, kReach, false, /*count_include_pad=*/false);
}

}  // namespace

Tensor region_of(const Image& mask) {
  Tensor region = mask_to_tensor(mask);
  if (std::max(region.size(2), region.size(3)) > kSide) {
    region = resize_area(region, std::min(kSide, region.size(2)), std::min(kSide, region.size(3)));
  }
  return at::round(region.clamp(0, 1) * 255) / 255;
}

Tensor feathered(const Tensor& region, int64_t side) {
  const Tensor square = at::upsample_bilinear2d(region, {kSide, kSide}, false);
  const Tensor soft = box_filtered(box_filtered(square));
  return side < kSide ? resize_area(soft, side, side)
                      : at::upsample_bilinear2d(soft, {side, side}, false);
}

Tensor blended(const Tensor& source, const Tensor& edited, const Tensor& opacity) {
  return source + opacity * (edited - source);
}

}  // namespace vane
