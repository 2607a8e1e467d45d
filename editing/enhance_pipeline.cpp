// SPDX-License-Identifier: Apache-2.0
#include "editing/enhance_pipeline.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace vane {
namespace {

// How long a stop request may go unnoticed while the calling thread has nothing to do.
constexpr auto kPoll = std::chrono::milliseconds(50);

std::exception_ptr exception_of(const std::function<void(size_t)>& stage, size_t item) {
  try {
    stage(item);
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

bool is_cancelled(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

/// Signals belong to the main thread; faults stay with whoever causes them (mapping_guard.h).
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    for (const int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL}) ::sigdelset(&all, fault);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

class Pipeline {
 public:
  Pipeline(size_t count, size_t jobs, const PipelineStages& stages, const Job& job)
      : count_(count), jobs_(jobs), stages_(stages), job_(job) {
    const SignalsBlocked blocked;  // threads inherit the mask
    const size_t helpers = std::min(std::max<size_t>(jobs, 2) - 1, std::max<size_t>(count, 1));
    for (size_t i = 0; i < helpers; ++i) threads_.emplace_back([this] { help(); });
  }

  ~Pipeline() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = closing_ = true;
    }
    helpers_wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void run() {
    while (step()) {
    }
    if (end_) std::rethrow_exception(end_);
  }

 private:
  struct Finished {
    size_t item;
    std::exception_ptr error;
  };

  /// One thing for the calling thread to do; false when nothing is left.
  bool step() {
    std::unique_lock lock(mutex_);
    caller_wakes_.wait_for(
        lock, kPoll, [this] { return !finished_.empty() || !loaded_.empty() || !more_to_come(); });
    if (job_.stop_requested() && !stopping_) {
      end_ = std::make_exception_ptr(Cancelled{job_.stop_code()});
      stopping_ = true;
    }
    if (stopping_) discard_loaded();
    if (!finished_.empty()) {
      const Finished done = std::move(finished_.front());
      finished_.pop_front();
      lock.unlock();
      retire(done);
      lock.lock();
      --in_flight_;
      helpers_wake_.notify_all();
    } else if (!loaded_.empty()) {
      const size_t item = *loaded_.begin();
      loaded_.erase(loaded_.begin());
      lock.unlock();
      const std::exception_ptr error = exception_of(stages_.process, item);
      lock.lock();
      processed(item, error);
    }
    return more_to_come();
  }

  bool more_to_come() const { return in_flight_ > 0 || (!stopping_ && next_ < count_); }

  void processed(size_t item, const std::exception_ptr& error) {
    if (!error) {
      to_store_.push_back(item);
      helpers_wake_.notify_one();
    } else if (is_cancelled(error)) {
      stop(error);
      --in_flight_;
    } else {
      finished_.push_back({item, error});
    }
  }

  void retire(const Finished& done) {
    try {
      stages_.retire(done.item, done.error);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      stop(std::current_exception());
    }
  }

  /// The first reason to end is the one that the caller is told.
  void stop(const std::exception_ptr& reason) {
    if (!end_) end_ = reason;
    stopping_ = true;
  }

  void discard_loaded() {
    in_flight_ -= loaded_.size();
    loaded_.clear();
  }

  void help() {
    std::unique_lock lock(mutex_);
    while (true) {
      helpers_wake_.wait(lock, [this] { return closing_ || !to_store_.empty() || can_load(); });
      if (!to_store_.empty()) {  // before anything else, since it frees memory
        const size_t item = to_store_.front();
        to_store_.pop_front();
        lock.unlock();
        std::exception_ptr error = exception_of(stages_.store, item);
        lock.lock();
        finished_.push_back({item, std::move(error)});
      } else if (can_load()) {
        const size_t item = next_++;
        ++in_flight_;
        lock.unlock();
        std::exception_ptr error = exception_of(stages_.load, item);
        lock.lock();
        if (error) {
          finished_.push_back({item, std::move(error)});
        } else {
          loaded_.insert(item);
        }
      } else {
        return;  // closing
      }
      caller_wakes_.notify_one();
    }
  }

  bool can_load() const { return !stopping_ && next_ < count_ && in_flight_ < jobs_; }

  const size_t count_, jobs_;
  const PipelineStages& stages_;
  const Job& job_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable helpers_wake_, caller_wakes_;
  size_t next_ = 0, in_flight_ = 0;
  std::set<size_t> loaded_;
  std::deque<size_t> to_store_;
  std::deque<Finished> finished_;
  bool stopping_ = false, closing_ = false;
  std::exception_ptr end_;
  std::vector<std::thread> threads_;  // last, so that they start when everything else is there
};

}  // namespace

void run_pipeline(size_t count, size_t jobs, const PipelineStages& stages, const Job& job) {
  if (jobs == 0) throw Error(ErrorCode::usage, "a batch needs at least one job");
  Pipeline(count, jobs, stages, job).run();
}

}  // namespace vane
