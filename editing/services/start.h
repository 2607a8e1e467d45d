// SPDX-License-Identifier: Apache-2.0
#pragma once
// Settings of the whole process that hold for every command. No torch here.

#include <string>

#include "engine/base/job.h"

namespace vane {

struct StartRequest {
  /// 0: as many as physical cores.
  int threads = 0;
  /// "cpu" or "cuda".
  std::string device = "cpu";
};
struct StartResult {
  int threads = 0;
};

/// Called once before any other service. Throws Error{usage} for a device that this build or
/// machine does not have.
StartResult start(const StartRequest& request, Job& job);

}  // namespace vane
