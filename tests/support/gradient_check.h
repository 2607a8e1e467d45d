// SPDX-License-Identifier: Apache-2.0
#pragma once
// Central differences in float64 against autograd.

#include <functional>

#include "engine/tensor/fwd.h"

namespace vane::testing {

/// Largest difference of the two gradients of a scalar function over all elements of `at_point`
/// (float64), relative to the largest numeric one.
inline double gradient_error(const std::function<Tensor(const Tensor&)>& function,
                             const Tensor& at_point, double step = 1e-5) {
  const Tensor point = at_point.detach().clone().requires_grad_(true);
  const Tensor analytic = torch::autograd::grad({function(point)}, {point})[0];
  const at::NoGradGuard no_grad;
  const Tensor probe = at_point.detach().clone();
  Tensor numeric = at::empty_like(probe);
  double* x = probe.data_ptr<double>();
  for (int64_t i = 0; i < probe.numel(); ++i) {
    const double middle = x[i];
    x[i] = middle + step;
    const double above = function(probe).item<double>();
    x[i] = middle - step;
    const double below = function(probe).item<double>();
    x[i] = middle;
    numeric.data_ptr<double>()[i] = (above - below) / (2 * step);
  }
  const double scale = numeric.abs().max().item<double>();
  return (numeric - analytic).abs().max().item<double>() / scale;
}

}  // namespace vane::testing
