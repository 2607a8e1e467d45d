// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal_job.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/signals.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr auto kPlainPeriod = std::chrono::seconds(10);
constexpr int kBarCells = 24;

void write_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(2, text.data(), text.size());
    if (written <= 0) return;  // Progress that nobody can see is no error.
    text.remove_prefix(static_cast<size_t>(written));
  }
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TerminalJob::TerminalJob(TerminalStyle style, bool quiet, bool verbose)
    : style_(style), quiet_(quiet), verbose_(verbose), terminal_(::isatty(2) == 1) {
  stage_start_ = last_line_ = Clock::now();
  // The ticker must not be the thread that signals are delivered to.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  ticker_ = std::thread([this] { tick(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TerminalJob::~TerminalJob() { finish(); }

bool TerminalJob::stop_requested() const noexcept { return stop_exit_code() != 0; }

int TerminalJob::stop_code() const noexcept {
  const int code = stop_exit_code();
  return code != 0 ? code : 130;
}

void TerminalJob::progress(int64_t done, int64_t total, std::string_view stage) {
  const std::lock_guard lock(mutex_);
  if (stage != stage_) {
    stage_ = stage;
    stage_start_ = Clock::now();
    first_done_ = done;
    last_line_tenth_ = -1;
    loss_name_.clear();
  }
  done_ = done;
  total_ = total;
  changed_ = true;
  if (!terminal_ && !quiet_) print_plain_progress();
}

void TerminalJob::metric(std::string_view name, int64_t step, double value) {
  const std::lock_guard lock(mutex_);
  // "loss" is what people watch; otherwise the first metric of the stage.
  if (loss_name_.empty() || loss_name_ == name || name == "loss") {
    loss_name_ = name;
    loss_ = value;
    changed_ = true;
  }
  if (verbose_ && !quiet_) print_line(fmt::format("step {}: {} {:.5g}", step, name, value));
}

void TerminalJob::warn(std::string_view message) {
  const std::lock_guard lock(mutex_);
  print_line("vane: warning: " + printable(message, 2000));
}

void TerminalJob::info(std::string_view message) {
  const std::lock_guard lock(mutex_);
  if (!quiet_) print_line("vane: " + printable(message, 2000));
}

void TerminalJob::finish() {
  {
    const std::lock_guard lock(mutex_);
    done_with_ = true;
    erase_bar();
  }
  wake_.notify_all();
  if (ticker_.joinable()) ticker_.join();
}

void TerminalJob::tick() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kTick, [this] { return done_with_; })) {
    if (take_progress_request()) print_progress_json();
    if (terminal_ && !quiet_ && changed_) draw_bar();
  }
}

void TerminalJob::print_line(const std::string& line) {
  erase_bar();
  write_stderr(line + "\n");
}

void TerminalJob::erase_bar() {
  if (!bar_shown_) return;
  write_stderr("\r\033[K");
  bar_shown_ = false;
  changed_ = true;
}

void TerminalJob::draw_bar() {
  std::string line = fmt::format("{:<11} ", stage_);
  if (total_ > 0) {
    const double fraction = static_cast<double>(done_) / static_cast<double>(total_);
    if (style_.width >= 60) line += style_.bar(fraction, kBarCells) + " ";
    line += fmt::format("{}/{}", done_, total_);
  } else {
    line += fmt::format("{}", done_);
  }
  const std::string more = details();
  if (display_width(line + more) < style_.width) line += more;
  write_stderr("\r" + line + "\033[K");
  bar_shown_ = true;
  changed_ = false;
}

void TerminalJob::print_plain_progress() {
  const int64_t tenth = total_ > 0 ? done_ * 10 / total_ : -1;
  const bool new_stage = last_line_tenth_ == -1 && first_done_ == done_;
  const bool due = Clock::now() - last_line_ >= kPlainPeriod || tenth > last_line_tenth_;
  if (!due && !(new_stage && total_ == 0)) return;
  last_line_ = Clock::now();
  last_line_tenth_ = std::max<int64_t>(tenth, 0);
  std::string line = stage_;
  if (total_ > 0) {
    line += fmt::format(" {}/{} ({} %)", done_, total_, done_ * 100 / total_);
  } else if (done_ > 0) {
    line += fmt::format(" {}", done_);
  }
  write_stderr(line + details() + "\n");
}

void TerminalJob::print_progress_json() {
  nlohmann::ordered_json out{{"stage", stage_}, {"done", done_}, {"total", total_}};
  out["steps_per_second"] = steps_per_second();
  if (!loss_name_.empty() && std::isfinite(loss_)) out[loss_name_] = loss_;
  print_line(out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

double TerminalJob::steps_per_second() const {
  const double elapsed = seconds_since(stage_start_);
  return elapsed > 0 ? static_cast<double>(done_ - first_done_) / elapsed : 0;
}

std::string TerminalJob::details() const {
  std::string out;
  if (!loss_name_.empty()) out += fmt::format("  {} {:.4f}", loss_name_, loss_);
  const double speed = steps_per_second();
  if (done_ - first_done_ < 3 || speed <= 0) return out;
  out += speed >= 1 ? fmt::format("  {:.1f} it/s", speed) : fmt::format("  {:.1f} s/it", 1 / speed);
  if (total_ > done_) {
    out += "  " + duration_text(static_cast<double>(total_ - done_) / speed) + " left";
  }
  return out;
}

}  // namespace vane
