// SPDX-License-Identifier: Apache-2.0
#pragma once
// Deterministic tensors from their names, the twin of tests/oracles/named_values.py: weights are
// made from it on both sides, so only outputs need to be stored as fixtures.

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/hash.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// float32, uniform with this mean and standard deviation; element i from splitmix64(fnv1a + i).
inline Tensor named_values(std::string_view name, const std::vector<int64_t>& shape,
                           double deviation = 1.0, double centre = 0.0) {
  const Tensor result = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  auto* data = result.data_ptr<float>();
  const uint64_t base = fnv1a(name);
  const double spread = deviation * std::sqrt(12.0);
  for (int64_t i = 0; i < result.numel(); ++i) {
    const uint64_t bits = splitmix64(base + static_cast<uint64_t>(i)) >> 40;
    const double uniform = static_cast<double>(bits) / double(1 << 24);
    data[i] = static_cast<float>((uniform - 0.5) * spread + centre);
  }
  return result;
}

/// A weight that keeps a small network lively: norms near 1, variances positive.
inline Tensor named_weight(std::string_view name, const std::vector<int64_t>& shape) {
  if (name == "logit_scale") return at::full({}, 2.6592, at::TensorOptions().dtype(at::kFloat));
  if (name.ends_with("running_var")) return named_values(name, shape, 0.2, 1.0);
  bool norm = false;
  for (const std::string_view part :
       {".bn", "ln_", "layer_norm", "layernorm", "layrnorm", ".downsample.1.", "ls_"}) {
    norm = norm || name.find(part) != std::string_view::npos;
  }
  if (norm && (name.ends_with("weight") || name.ends_with("gamma"))) {
    return named_values(name, shape, 0.1, 1.0);
  }
  return named_values(name, shape, 0.08);
}

/// max |a - b| / (rms of b): how far two results are apart on the scale of the reference.
inline double relative_error(const Tensor& actual, const Tensor& reference) {
  const Tensor b = reference.to(at::kDouble);
  const double scale = b.square().mean().sqrt().item<double>();
  return (actual.detach().to(at::kDouble) - b).abs().max().item<double>() / (scale + 1e-30);
}

}  // namespace vane
