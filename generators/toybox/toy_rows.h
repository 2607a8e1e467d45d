// SPDX-License-Identifier: Apache-2.0
#pragma once
// Independent pieces of work over a few threads.

#include <functional>

#include "engine/base/job.h"

namespace vane {

/// Calls `work(i)` once for each i in [0, count), in any order, on `threads` threads (0: one for
/// each processor). Stops early and throws Cancelled when the job is stopped; rethrows the first
/// exception of `work`.
void for_each_row(int count, int threads, Job& job, const std::function<void(int)>& work);

}  // namespace vane
