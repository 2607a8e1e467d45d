// SPDX-License-Identifier: Apache-2.0
#include "gui/session/worker.h"

#include <signal.h>

#include <utility>

namespace vane {

Worker::Worker() {
  // Signals are for the thread that sees to the window.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    next_ = nullptr;
  }
  changed_.notify_all();
  thread_.join();
}

void Worker::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    next_ = std::move(task);
  }
  changed_.notify_all();
}

bool Worker::idle() const {
  const std::lock_guard lock(mutex_);
  return !busy_ && !next_;
}

bool Worker::has_newer() const {
  const std::lock_guard lock(mutex_);
  return ending_ || next_ != nullptr;
}

bool Worker::ending() const {
  const std::lock_guard lock(mutex_);
  return ending_;
}

void Worker::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !busy_ && !next_; });
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || next_; });
    if (ending_) return;
    const std::function<void()> task = std::exchange(next_, nullptr);
    busy_ = true;
    lock.unlock();
    task();
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace vane
