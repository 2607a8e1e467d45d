// SPDX-License-Identifier: Apache-2.0
#pragma once
// The descent that both modality inversions use.

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/base/job.h"
#include "engine/tensor/fwd.h"

namespace vane {

struct DescentConfig {
  int64_t iterations = 150;
  float learning_rate = 0.02f, weight_decay = 0.01f;  // AdamW
};

/// Minimises a differentiable loss by AdamW from `start`; returns the best point that was seen and
/// appends the loss of every step to `losses`. A stop request ends it early. Throws Error{numeric}
/// when the loss is not finite.
Tensor descend(const Tensor& start, const std::function<Tensor(const Tensor&)>& loss,
               const DescentConfig& config, std::vector<double>& losses, Job& job);

}  // namespace vane
