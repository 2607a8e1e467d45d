// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tensor type of public headers, at the lowest include cost.

#include <ATen/core/Tensor.h>

namespace vane {
using Tensor = at::Tensor;
}  // namespace vane
