// SPDX-License-Identifier: Apache-2.0
#include "editing/services/start.h"

#include "engine/run/device.h"
#include "engine/run/threads.h"

namespace vane {

StartResult start(const StartRequest& request, Job&) {
  const int threads = set_compute_threads(request.threads);
  select_compute_device(request.device);
  return {threads};
}

}  // namespace vane
