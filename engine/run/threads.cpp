// SPDX-License-Identifier: Apache-2.0
#include "engine/run/threads.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>
#include <set>
#include <string>

namespace vane {
namespace {

std::atomic<int> asked_threads{0};

std::string first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

int logical_core_count() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 1;
  return std::max(1, CPU_COUNT(&allowed));
}

int physical_core_count() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 1;
  // Hardware threads of one core list the same siblings.
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const std::string siblings = first_line_of(
        fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
    cores.insert(siblings.empty() ? fmt::format("cpu{}", cpu) : siblings);
  }
  return std::max(1, static_cast<int>(cores.size()));
}

int set_compute_threads(int threads) {
  asked_threads.store(std::max(threads, 0));
  at::set_num_threads(threads > 0 ? threads : physical_core_count());
  static std::once_flag once;
  std::call_once(once, [] {
    at::set_num_interop_threads(1);  // may be set only once, before first use
    at::globalContext().setFlushDenormal(true);
    at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
    // Filling fresh memory would cost a pass over every tensor and decides nothing here.
    at::globalContext().setDeterministicFillUninitializedMemory(false);
  });
  return at::get_num_threads();
}

int loop_threads() {
  const int asked = asked_threads.load();
  return asked > 0 ? asked : logical_core_count();
}

}  // namespace vane
