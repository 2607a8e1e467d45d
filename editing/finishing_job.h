// SPDX-License-Identifier: Apache-2.0
#pragma once
// What still has to happen after a stop: writing the best so far.

#include "engine/base/job.h"

namespace vane {

/// Reports to another job but ignores its stop request, so that a person who pressed Ctrl+C during
/// the search still gets a picture. Only for work of a few seconds.
class FinishingJob final : public Job {
 public:
  explicit FinishingJob(Job& job) : job_(job) {}
  bool stop_requested() const noexcept override { return false; }
  void progress(int64_t done, int64_t total, std::string_view stage) override {
    job_.progress(done, total, stage);
  }
  void metric(std::string_view name, int64_t step, double value) override {
    job_.metric(name, step, value);
  }
  void warn(std::string_view message) override { job_.warn(message); }
  void info(std::string_view message) override { job_.info(message); }

 private:
  Job& job_;
};

}  // namespace vane
