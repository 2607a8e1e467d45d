// SPDX-License-Identifier: Apache-2.0
#pragma once
// Photographs on their way through a batch: while one is worked on, others are read and written.

#include <cstddef>
#include <exception>
#include <functional>

#include "engine/base/job.h"

namespace vane {

/// What happens to item i, in this order. A stage that throws ends the way of its item, which is
/// then retired with that exception; Cancelled and what `retire` throws end the batch.
struct PipelineStages {
  /// On a helper thread, for several items at a time.
  std::function<void(size_t)> load;
  /// On the calling thread, one item after the other.
  std::function<void(size_t)> process;
  /// On a helper thread.
  std::function<void(size_t)> store;
  /// On the calling thread: the item is done with. Null when nothing went wrong.
  std::function<void(size_t, const std::exception_ptr&)> retire;
};

/// Takes `count` items through the stages with at most `jobs` of them between load and retire, so
/// that `jobs` bounds what is in memory; with 1 they follow each other. Only the calling thread
/// talks to `job`. When the batch ends early, by a stop of `job` or an exception, what has been
/// processed is still stored and retired, and what has not is left.
/// Throws: Cancelled, or what ended the batch. `jobs` at least 1.
void run_pipeline(size_t count, size_t jobs, const PipelineStages& stages, const Job& job);

}  // namespace vane
