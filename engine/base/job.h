// SPDX-License-Identifier: Apache-2.0
#pragma once
// One long task as its caller sees it: progress, metrics, previews, cancellation.

#include <cstdint>
#include <string_view>

#include "engine/base/error.h"

namespace vane {

struct Image;

/// Passed by reference into every call that may take longer than 100 ms. The callee polls
/// `check_cancelled()` at least once a step and never more than 250 ms apart.
class Job {
 public:
  virtual ~Job() = default;

  /// Cheap; safe from any thread.
  virtual bool stop_requested() const noexcept = 0;
  /// 130 or 143: what the process will exit with when the stop came from a signal.
  virtual int stop_code() const noexcept { return 130; }
  /// `total` 0 means unknown. Stages are short present participles: "encoding", "optimising".
  virtual void progress(int64_t done, int64_t total, std::string_view stage) = 0;
  /// A named number of this step, such as the loss; shown beside the bar and logged.
  virtual void metric(std::string_view name, int64_t step, double value) = 0;
  virtual void warn(std::string_view message) = 0;
  virtual void info(std::string_view message) = 0;
  /// False: do not decode for nothing.
  virtual bool wants_preview() const noexcept { return false; }
  virtual void preview(const Image& image, int64_t step);

  /// Throws Cancelled when a stop was requested.
  void check_cancelled() const {
    if (stop_requested()) throw Cancelled{stop_code()};
  }
};

/// Ignores everything and is never cancelled; for tests and library callers.
class QuietJob final : public Job {
 public:
  bool stop_requested() const noexcept override { return false; }
  void progress(int64_t, int64_t, std::string_view) override {}
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}
};

}  // namespace vane
