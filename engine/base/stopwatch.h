// SPDX-License-Identifier: Apache-2.0
#pragma once
// How long a step took, for reports.

#include <chrono>

namespace vane {

/// Runs from its making on.
class Stopwatch {
 public:
  double milliseconds() const {
    const std::chrono::duration<double, std::milli> passed = Clock::now() - start_;
    return passed.count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace vane
