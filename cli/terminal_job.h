// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Job of the command line: a progress bar on a terminal, plain lines elsewhere, stopped by
// signals.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "cli/terminal_style.h"
#include "engine/base/job.h"

namespace vane {

/// Writes to stderr only. The bar is redrawn at most ten times a second; without a terminal a line
/// comes every 10 s or 10 %. After 3 steps the speed and the time left are shown.
class TerminalJob final : public Job {
 public:
  /// `quiet` leaves only warnings; `verbose` adds every metric.
  TerminalJob(TerminalStyle style, bool quiet, bool verbose);
  ~TerminalJob() override;
  TerminalJob(const TerminalJob&) = delete;
  TerminalJob& operator=(const TerminalJob&) = delete;

  bool stop_requested() const noexcept override;
  int stop_code() const noexcept override;
  void progress(int64_t done, int64_t total, std::string_view stage) override;
  void metric(std::string_view name, int64_t step, double value) override;
  void warn(std::string_view message) override;
  void info(std::string_view message) override;

  /// Takes the bar away; called before results are printed.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  void tick();
  void print_line(const std::string& line);
  void draw_bar();
  void erase_bar();
  void print_plain_progress();
  void print_progress_json();
  double steps_per_second() const;
  /// " 4.2 it/s  1 min 03 s left  loss 0.4127", as far as it is known.
  std::string details() const;

  const TerminalStyle style_;
  const bool quiet_, verbose_, terminal_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool done_with_ = false, bar_shown_ = false, changed_ = false;

  std::string stage_;
  int64_t done_ = 0, total_ = 0, first_done_ = 0;
  Clock::time_point stage_start_, last_line_;
  int64_t last_line_tenth_ = -1;
  std::string loss_name_;
  double loss_ = 0;
  std::thread ticker_;  // last, so that it starts when everything else is there
};

}  // namespace vane
