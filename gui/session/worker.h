// SPDX-License-Identifier: Apache-2.0
#pragma once
// One thread that works for the interface.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace vane {

/// Holds at most one waiting task: a newer one takes its place.
class Worker {
 public:
  Worker();
  /// Waits for the running task; a waiting one is dropped.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// `task` must not throw.
  void post(std::function<void()> task);
  /// Nothing runs and nothing waits.
  bool idle() const;
  /// A newer task waits: what runs is no longer wanted.
  bool has_newer() const;
  /// The worker itself is no longer wanted.
  bool ending() const;
  /// Blocks until idle().
  void wait();

 private:
  void run();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> next_;
  bool busy_ = false, ending_ = false;
  std::thread thread_;  // last, so that it starts when everything else is there
};

}  // namespace vane
