// SPDX-License-Identifier: Apache-2.0
#include "cli/signals.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <string_view>

#include "engine/base/atomic_file.h"

namespace vane {
namespace {

constexpr long kSecondSignalSeconds = 5;

std::atomic<int> stop_code{0};
std::atomic<long> first_stop_second{0};
std::atomic<bool> progress_wanted{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<long>::is_always_lock_free);

long monotonic_second() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

// Everything here is async-signal-safe.
void on_stop(int signal_number) {
  const int code = signal_number == SIGINT ? 130 : 143;
  const long now = monotonic_second();
  int expected = 0;
  if (!stop_code.compare_exchange_strong(expected, code)) {
    if (now - first_stop_second.load() <= kSecondSignalSeconds) {
      unlink_temporaries();
      ::_exit(expected);
    }
    first_stop_second.store(now);
    return;
  }
  first_stop_second.store(now);
  constexpr std::string_view kMessage = "\nvane: stopping and saving; once more to quit at once\n";
  [[maybe_unused]] const auto written = ::write(2, kMessage.data(), kMessage.size());
}

void on_progress_request(int) { progress_wanted.store(true); }

void handle(int signal_number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal_number, &action, nullptr);
}

}  // namespace

void install_signal_handlers() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    // nohup and background jobs ask for a signal to be ignored; that stays so.
    struct sigaction current {};
    if (::sigaction(number, nullptr, &current) == 0 && current.sa_handler == SIG_IGN) continue;
    handle(number, on_stop);
  }
  handle(SIGPIPE, SIG_IGN);
  handle(SIGXFSZ, SIG_IGN);
  handle(SIGUSR1, on_progress_request);
}

int stop_exit_code() noexcept { return stop_code.load(); }
bool take_progress_request() noexcept { return progress_wanted.exchange(false); }

}  // namespace vane
