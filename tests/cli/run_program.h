// SPDX-License-Identifier: Apache-2.0
#pragma once
// Runs the built program as a person or a script would.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace vane::testing {

struct Outcome {
  /// Exit code, or -N when signal N killed it.
  int code = 0;
  std::string out, err;
  /// From the start of the process to its end, and what its processor time and memory came to.
  double wall_seconds = 0, cpu_seconds = 0;
  int64_t peak_bytes = 0;
};

struct Surroundings {
  std::map<std::string, std::string> environment;
  /// Where stdout goes: a path; "closed"; "broken pipe"; empty: captured.
  std::string stdout_to;
  std::filesystem::path folder;
  /// A file that stdin reads; empty: that of the test.
  std::string stdin_from = {};
};

/// Runs `vane ARGUMENTS` to its end.
Outcome run_vane(const std::vector<std::string>& arguments, const Surroundings& around = {});

/// A run that goes on while the test does other things.
class RunningVane {
 public:
  explicit RunningVane(const std::vector<std::string>& arguments, const Surroundings& around = {});
  ~RunningVane();
  RunningVane(const RunningVane&) = delete;
  RunningVane& operator=(const RunningVane&) = delete;

  pid_t pid() const { return pid_; }
  void send(int signal_number) const;
  /// Waits until stderr holds `text`; false when it ends or 60 s pass first.
  bool wait_for_stderr(const std::string& text);
  Outcome wait();

 private:
  void drain(int fd, std::string& into, bool& open);
  void pump(int timeout_ms);

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  bool out_open_ = false, err_open_ = false, waited_ = false;
  Outcome outcome_;
};

/// A fresh folder that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }
  /// Writes a file into it and returns its path.
  std::string file(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace vane::testing
