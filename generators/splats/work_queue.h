// SPDX-License-Identifier: Apache-2.0
#pragma once
// Independent pieces of work on several threads.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace vane::splats {

/// Calls work(first, last) for pieces of [0, count) of at most `piece`, on up to `threads` threads.
/// What the first call that fails throws is thrown again here, when all have ended.
template <class Work>
void in_pieces(int64_t count, int64_t piece, int threads, const Work& work) {
  const int64_t pieces = (count + piece - 1) / piece;
  if (pieces <= 0) return;
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr problem;
  const auto run = [&] {
    try {
      for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < pieces;) {
        work(i * piece, std::min(count, (i + 1) * piece));
      }
    } catch (...) {
      next = pieces;
      const std::lock_guard lock(mutex);
      if (!problem) problem = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int64_t i = 1; i < std::min<int64_t>(threads, pieces); ++i) workers.emplace_back(run);
    run();
  }
  if (problem) std::rethrow_exception(problem);
}

}  // namespace vane::splats
