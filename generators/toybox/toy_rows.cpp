// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toy_rows.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace vane {

void for_each_row(int count, int threads, Job& job, const std::function<void(int)>& work) {
  if (threads <= 0) threads = static_cast<int>(std::thread::hardware_concurrency());
  threads = std::clamp(threads, 1, std::max(count, 1));
  std::atomic<int> next = 0;
  std::atomic<bool> failed = false;
  std::exception_ptr problem;
  std::mutex mutex;
  const auto run = [&] {
    try {
      for (int i = next++; i < count && !failed && !job.stop_requested(); i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!problem) problem = std::current_exception();
      failed = true;
    }
  };
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(run);
    run();
  }
  if (problem) std::rethrow_exception(problem);
  job.check_cancelled();
}

}  // namespace vane
