// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a training run says of itself. No torch here.

#include <cstdint>
#include <limits>
#include <string>

namespace vane {

struct TrainingResult {
  int64_t steps = 0;
  double seconds = 0;
  /// Mean of the last 100 steps.
  double loss = std::numeric_limits<double>::quiet_NaN();
  /// False when the time limit came before the last step.
  bool finished = false;
  /// JSON of the component's own measurements.
  std::string evaluation;
};

}  // namespace vane
