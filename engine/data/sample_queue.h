// SPDX-License-Identifier: Apache-2.0
#pragma once
// Batches made ahead of the consumer, in order.

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/data/captioned_source.h"

namespace vane {

/// Producer threads that sample batches `first`, `first + 1`, … of a source. Batch k holds the
/// samples k*size … (k+1)*size - 1, whatever the number of threads, so a resumed run sees the same
/// data.
class SampleQueue {
 public:
  using Batch = std::vector<CaptionedPicture>;

  SampleQueue(const CaptionedSource& source, int batch_size, int64_t first, int threads,
              int ahead = 4);
  ~SampleQueue();
  SampleQueue(const SampleQueue&) = delete;
  SampleQueue& operator=(const SampleQueue&) = delete;

  /// The next batch in order; waits for it. Rethrows what was thrown while it was made.
  Batch next();

 private:
  void produce();

  const CaptionedSource& source_;
  const int batch_size_;
  const int64_t ahead_;
  std::mutex mutex_;
  std::condition_variable made_, taken_;
  std::map<int64_t, Batch> ready_;
  int64_t next_made_, next_taken_;
  bool stopping_ = false;
  /// By the batch that could not be made.
  std::map<int64_t, std::exception_ptr> failures_;
  std::vector<std::thread> threads_;
};

}  // namespace vane
