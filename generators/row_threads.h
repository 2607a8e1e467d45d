// SPDX-License-Identifier: Apache-2.0
#pragma once
// The rows of a picture on several threads.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/base/job.h"

namespace vane {

/// Calls work(row) for every row below `rows` on up to `threads` threads, in chunks of 16. The job
/// is told from this thread only. Throws Cancelled. `work` must not throw.
template <class Function>
void for_rows(int rows, int threads, std::string_view phase, Job& job, const Function& work) {
  constexpr int kRowsPerChunk = 16;
  constexpr auto kPollInterval = std::chrono::milliseconds(50);
  std::atomic<int> next{0}, done{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::condition_variable ended;
  int running = std::clamp((rows + kRowsPerChunk - 1) / kRowsPerChunk, 1, std::max(1, threads));
  const auto run = [&] {
    while (!stop.load(std::memory_order_relaxed)) {
      const int first = next.fetch_add(kRowsPerChunk);
      if (first >= rows) break;
      const int last = std::min(rows, first + kRowsPerChunk);
      for (int row = first; row < last; ++row) work(row);
      done.fetch_add(last - first);
    }
    const std::lock_guard lock(mutex);
    if (--running == 0) ended.notify_one();
  };
  std::vector<std::jthread> workers;
  for (int i = running; i > 0; --i) workers.emplace_back(run);
  std::unique_lock lock(mutex);
  while (running > 0) {
    if (job.stop_requested()) stop = true;
    job.progress(done.load(), rows, phase);
    ended.wait_for(lock, kPollInterval);
  }
  lock.unlock();
  workers.clear();
  job.check_cancelled();
  job.progress(rows, rows, phase);
}

}  // namespace vane
