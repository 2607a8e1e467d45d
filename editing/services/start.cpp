// SPDX-License-Identifier: Apache-2.0
#include "editing/services/start.h"

#include "engine/run/threads.h"

namespace vane {

StartResult start(const StartRequest& request, Job&) {
  if (request.device != "cpu") {
    throw Error(ErrorCode::usage, "this build computes on the CPU only")
        .at_key("--device " + request.device)
        .with_hint("leave --device out, or build with ./setup.sh --cuda");
  }
  return {set_compute_threads(request.threads)};
}

}  // namespace vane
