// SPDX-License-Identifier: Apache-2.0
#include "gui/session/window_job.h"

#include <utility>

namespace vane {
namespace {

// A plot of more points shows no more.
constexpr size_t kMostPoints = 2000;
// More often would cost more than it shows.
constexpr auto kBetweenPictures = std::chrono::milliseconds(300);

}  // namespace

void WindowJob::progress(int64_t done, int64_t total, std::string_view stage) {
  {
    const std::lock_guard lock(mutex_);
    view_.done = done;
    view_.total = total;
    view_.stage = stage;
  }
  wake_();
}

void WindowJob::metric(std::string_view name, int64_t step, double value) {
  {
    const std::lock_guard lock(mutex_);
    // "loss" is what people watch; otherwise the first that comes.
    if (view_.metric != name) {
      if (!view_.metric.empty() && name != "loss") return;
      view_.metric = name;
      view_.steps.clear();
      view_.values.clear();
    }
    if (view_.steps.size() < kMostPoints) {
      view_.steps.push_back(static_cast<double>(step));
      view_.values.push_back(value);
    }
  }
  wake_();
}

void WindowJob::warn(std::string_view message) { say(true, message); }
void WindowJob::info(std::string_view message) { say(false, message); }

bool WindowJob::wants_preview() const noexcept { return Clock::now() - shown_ > kBetweenPictures; }

void WindowJob::preview(const Image& image, int64_t) {
  auto picture = std::make_shared<const Image>(image);
  {
    const std::lock_guard lock(mutex_);
    view_.picture = std::move(picture);
  }
  shown_ = Clock::now();
  wake_();
}

void WindowJob::say(bool warning, std::string_view message) {
  {
    const std::lock_guard lock(mutex_);
    messages_.push_back({warning, std::string(message)});
  }
  wake_();
}

void WindowJob::begin(const std::string& title) {
  const std::lock_guard lock(mutex_);
  stop_.store(false);
  view_ = {};
  view_.title = title;
  view_.running = true;
  start_ = Clock::now();
}

void WindowJob::stop() {
  const std::lock_guard lock(mutex_);
  if (!view_.running) return;
  view_.stopping = true;
  stop_.store(true);
}

JobView WindowJob::view() const {
  const std::lock_guard lock(mutex_);
  JobView view = view_;
  if (view.running) {
    view.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  }
  return view;
}

std::vector<JobMessage> WindowJob::take_messages() {
  const std::lock_guard lock(mutex_);
  return std::exchange(messages_, {});
}

void WindowJob::end() {
  {
    const std::lock_guard lock(mutex_);
    view_.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    view_.running = view_.stopping = false;
  }
  wake_();
}

}  // namespace vane
