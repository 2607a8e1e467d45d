// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>

extern char** environ;

namespace vane::testing {
namespace {

std::vector<std::string> environment_of(const Surroundings& around) {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : around.environment) all[name] = value;
  std::vector<std::string> out;
  for (const auto& [name, value] : all) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

RunningVane::RunningVane(const std::vector<std::string>& arguments, const Surroundings& around) {
  int out[2], err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  std::vector<std::string> words{VANE_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto variables = environment_of(around);
  const auto argv = pointers(words), envp = pointers(variables);
  if (around.stdout_to == "broken pipe") ::close(out[0]);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no process");
  if (pid_ == 0) {
    // The test runner may have been started with signals ignored.
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1}) ::signal(number, SIG_DFL);
    if (!around.folder.empty() && ::chdir(around.folder.c_str()) != 0) ::_exit(126);
    if (!around.stdin_from.empty()) {
      ::dup2(::open(around.stdin_from.c_str(), O_RDONLY | O_CLOEXEC), 0);
    }
    ::dup2(err[1], 2);
    if (around.stdout_to == "closed") {
      ::close(1);
    } else if (around.stdout_to.empty() || around.stdout_to == "broken pipe") {
      ::dup2(out[1], 1);
    } else {
      ::dup2(::open(around.stdout_to.c_str(), O_WRONLY | O_CLOEXEC), 1);
    }
    ::execve(VANE_BINARY, argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  err_ = err[0];
  err_open_ = true;
  if (around.stdout_to != "broken pipe") {
    out_ = out[0];
    out_open_ = true;
  }
}

RunningVane::~RunningVane() {
  if (!waited_ && pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) ::close(out_);
  if (err_ >= 0) ::close(err_);
}

void RunningVane::send(int signal_number) const { ::kill(pid_, signal_number); }

void RunningVane::drain(int fd, std::string& into, bool& open) {
  char buffer[4096];
  const ssize_t got = ::read(fd, buffer, sizeof(buffer));
  if (got > 0) {
    into.append(buffer, static_cast<size_t>(got));
  } else {
    open = false;
  }
}

void RunningVane::pump(int timeout_ms) {
  pollfd both[2] = {{out_open_ ? out_ : -1, POLLIN, 0}, {err_open_ ? err_ : -1, POLLIN, 0}};
  if (::poll(both, 2, timeout_ms) <= 0) return;
  if (both[0].revents) drain(out_, outcome_.out, out_open_);
  if (both[1].revents) drain(err_, outcome_.err, err_open_);
}

bool RunningVane::wait_for_stderr(const std::string& text) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (err_open_ && std::chrono::steady_clock::now() < end) {
    if (outcome_.err.find(text) != std::string::npos) return true;
    pump(100);
  }
  return outcome_.err.find(text) != std::string::npos;
}

Outcome RunningVane::wait() {
  while (out_open_ || err_open_) pump(-1);
  int status = 0;
  rusage usage{};
  ::wait4(pid_, &status, 0, &usage);
  waited_ = true;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start_;
  outcome_.wall_seconds = wall.count();
  outcome_.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  outcome_.peak_bytes = int64_t{usage.ru_maxrss} * 1024;
  outcome_.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return outcome_;
}

Outcome run_vane(const std::vector<std::string>& arguments, const Surroundings& around) {
  return RunningVane(arguments, around).wait();
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "vane-test-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::file(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name, std::ios::binary) << text;
  return (path_ / name).string();
}

}  // namespace vane::testing
