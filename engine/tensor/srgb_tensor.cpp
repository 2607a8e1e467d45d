// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor/srgb_tensor.h"

namespace vane {

// pow() has no gradient at the dark end, so that each branch sees only its own half.
Tensor linear_from_srgb(const Tensor& encoded) {
  const Tensor bright = at::pow((at::clamp_min(encoded, 0.04045) + 0.055) / 1.055, 2.4);
  return at::where(encoded <= 0.04045, encoded / 12.92, bright);
}

Tensor srgb_from_linear(const Tensor& linear) {
  const Tensor bright = at::pow(at::clamp_min(linear, 0.0031308), 1.0 / 2.4) * 1.055 - 0.055;
  return at::where(linear <= 0.0031308, linear * 12.92, bright);
}

}  // namespace vane
