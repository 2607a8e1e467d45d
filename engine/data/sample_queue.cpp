// SPDX-License-Identifier: Apache-2.0
#include "engine/data/sample_queue.h"

namespace vane {

SampleQueue::SampleQueue(const CaptionedSource& source, int batch_size, int64_t first, int threads,
                         int ahead)
    : source_(source),
      batch_size_(batch_size),
      ahead_(ahead),
      next_made_(first),
      next_taken_(first) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { produce(); });
}

SampleQueue::~SampleQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  taken_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void SampleQueue::produce() {
  int64_t index = 0;
  try {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        taken_.wait(lock, [&] { return stopping_ || next_made_ < next_taken_ + ahead_; });
        if (stopping_) return;
        index = next_made_++;
      }
      Batch batch;
      batch.reserve(static_cast<size_t>(batch_size_));
      for (int i = 0; i < batch_size_; ++i) {
        batch.push_back(source_.sample(static_cast<uint64_t>(index * batch_size_ + i)));
      }
      const std::lock_guard lock(mutex_);
      ready_.emplace(index, std::move(batch));
      made_.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failures_[index] = std::current_exception();
    made_.notify_all();
  }
}

SampleQueue::Batch SampleQueue::next() {
  std::unique_lock lock(mutex_);
  // The batches before the one that failed are still delivered.
  made_.wait(lock, [&] { return failures_.count(next_taken_) || ready_.count(next_taken_); });
  const auto found = ready_.find(next_taken_);
  if (found == ready_.end()) std::rethrow_exception(failures_.at(next_taken_));
  Batch batch = std::move(found->second);
  ready_.erase(found);
  ++next_taken_;
  taken_.notify_all();
  return batch;
}

}  // namespace vane
