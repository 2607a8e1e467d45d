// SPDX-License-Identifier: Apache-2.0
#pragma once
// The sRGB transfer function (IEC 61966-2-1) on tensors.

#include "engine/tensor/fwd.h"

namespace vane {

/// sRGB-encoded values to linear light and back, of any shape; differentiable everywhere. Values
/// outside [0,1] follow the nearest branch.
Tensor linear_from_srgb(const Tensor& encoded);
Tensor srgb_from_linear(const Tensor& linear);

}  // namespace vane
