// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Job of the window: what runs now, as the interface thread may look at it at any time.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/image/image.h"

namespace vane {

/// What can be seen of a job.
struct JobView {
  std::string title, stage;
  int64_t done = 0, total = 0;
  double seconds = 0;
  bool running = false, stopping = false;
  /// The newest name of a metric, and its values by step.
  std::string metric;
  std::vector<double> steps, values;
  /// The newest picture of what is being searched for; null without one.
  std::shared_ptr<const Image> picture;
};

struct JobMessage {
  bool warning = false;
  std::string text;
};

/// Used by one worker and looked at by the interface. `wake` is called after each change, from the
/// worker; it must not block.
class WindowJob final : public Job {
  using Clock = std::chrono::steady_clock;

 public:
  explicit WindowJob(std::function<void()> wake) : wake_(std::move(wake)) {}

  bool stop_requested() const noexcept override { return stop_.load(); }
  void progress(int64_t done, int64_t total, std::string_view stage) override;
  void metric(std::string_view name, int64_t step, double value) override;
  void warn(std::string_view message) override;
  void info(std::string_view message) override;
  /// A few times a second.
  bool wants_preview() const noexcept override;
  void preview(const Image& image, int64_t step) override;

  /// Interface thread.
  void begin(const std::string& title);
  void stop();
  JobView view() const;
  std::vector<JobMessage> take_messages();
  /// Worker, at its end.
  void end();

 private:
  void say(bool warning, std::string_view message);

  std::function<void()> wake_;
  std::atomic<bool> stop_{false};
  /// Of the worker alone.
  Clock::time_point shown_{};
  mutable std::mutex mutex_;
  JobView view_;
  Clock::time_point start_;
  std::vector<JobMessage> messages_;
};

}  // namespace vane
