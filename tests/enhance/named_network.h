// SPDX-License-Identifier: Apache-2.0
#pragma once
// An enhancement network whose weights follow from their names, lively enough that every layer and
// every border shows in the map, and pictures for it.

#include "generators/enhance/enhancement_network.h"
#include "tests/support/named_values.h"

namespace vane::testing {

inline EnhancementNetwork named_network() {
  EnhancementNetwork network;
  visit_parameters(
      network, [](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
        if (shape.size() == 4) {
          const bool residual = name.starts_with("Residual");
          const double fan_in = static_cast<double>(shape[1] * shape[2] * shape[3]);
          tensor = named_values(name, shape, (residual ? 0.7 : 1.2) / std::sqrt(fan_in));
        } else if (name == "cond_add1.bias") {
          tensor = at::full(shape, 0.8);
        } else if (name.ends_with(".bias")) {
          tensor = named_values(name, shape, 0.2);
        } else {
          tensor = named_values(name, shape, 0.05, 0.25);
        }
      });
  return network;
}

/// Smooth shades with noise, [N,3,H,W] in [0,1]; regions differ in colour and brightness.
inline Tensor test_picture(int64_t height, int64_t width, int64_t n = 1) {
  const Tensor y = at::linspace(0, 1, height).view({1, 1, height, 1});
  const Tensor x = at::linspace(0, 1, width).view({1, 1, 1, width});
  const Tensor phase = at::arange(3 * n).view({n, 3, 1, 1}) * 0.9;
  const Tensor waves = at::sin(y * 5 + phase) * at::cos(x * 7 - phase) * 0.25 + 0.4 * y + 0.1;
  return (waves + named_values("noise", {n, 3, height, width}, 0.06)).clamp(0, 1).contiguous();
}

}  // namespace vane::testing
