// SPDX-License-Identifier: Apache-2.0
#include "engine/base/mapping_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/base/mapped_pages.h"

namespace vane {
namespace {

constexpr int kSlots = 1024;

// The part that the signal handler reads.
struct Slot {
  std::atomic<uintptr_t> begin{0}, end{0};  // begin 0: free
  std::atomic<bool> shrank{false};
};
static_assert(std::atomic<uintptr_t>::is_always_lock_free);

struct Owner {
  std::string name;
  ErrorCode code = ErrorCode::input;
};

std::array<Slot, kSlots> slots;
uintptr_t page_bytes = 4096;
struct sigaction previous_action {};

std::mutex mutex;  // guards what follows; never taken by the handler
std::array<Owner, kSlots> owners;
std::optional<Owner> gone;

Slot* slot_of(uintptr_t address) {
  for (Slot& slot : slots) {
    const uintptr_t begin = slot.begin.load();
    if (begin != 0 && address >= begin && address < slot.end.load()) return &slot;
  }
  return nullptr;
}

bool put_zeros(const Slot& slot, uintptr_t address) {
  const uintptr_t page = address & ~(page_bytes - 1);
  return ::mmap(reinterpret_cast<void*>(page), slot.end.load() - page, PROT_READ,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

// mmap is a bare system call, which makes this async-signal-safe in practice.
void on_bus_error(int number, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  if (Slot* const slot = slot_of(address); slot && put_zeros(*slot, address)) {
    slot->shrank.store(true);
    errno = saved_errno;
    return;
  }
  if (previous_action.sa_flags & SA_SIGINFO) {
    previous_action.sa_sigaction(number, info, context);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(number);
  } else {
    ::signal(number, SIG_DFL);  // the instruction runs again and ends the process
  }
}

void install_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    page_bytes = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, &previous_action);
  });
}

Error shrank(const Owner& owner) {
  return Error(owner.code, "file shrank while being read")
      .in_file(owner.name)
      .with_hint("another program changed it; run this again when it is complete");
}

}  // namespace

MappingGuard::MappingGuard(std::span<const std::byte> mapping, std::string name, ErrorCode code) {
  if (mapping.empty()) return;
  install_once();
  const std::lock_guard lock(mutex);
  for (int i = 0; i < kSlots; ++i) {
    Slot& slot = slots[static_cast<size_t>(i)];
    if (slot.begin.load() != 0) continue;
    owners[static_cast<size_t>(i)] = {std::move(name), code};
    slot.shrank.store(false);
    const auto begin = reinterpret_cast<uintptr_t>(mapping.data());
    slot.end.store(begin + mapping.size());
    slot.begin.store(begin);
    slot_ = i;
    return;
  }
}

MappingGuard::~MappingGuard() {
  if (slot_ < 0) return;
  const auto at = static_cast<size_t>(slot_);
  const std::lock_guard lock(mutex);
  slots[at].begin.store(0);
  if (slots[at].shrank.load()) gone = std::move(owners[at]);
}

void release_mapped_pages(std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex);  // so that the mapping is not taken away meanwhile
  const auto first = reinterpret_cast<uintptr_t>(bytes.data());
  const Slot* const slot = slot_of(first);
  if (!slot || bytes.size() > slot->end.load() - first) return;
  const uintptr_t begin = (first + page_bytes - 1) & ~(page_bytes - 1);
  const uintptr_t end = (first + bytes.size()) & ~(page_bytes - 1);
  if (begin >= end) return;
  // A failure leaves the pages where they are, which is no harm.
  (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void check_mappings() {
  const std::lock_guard lock(mutex);
  if (gone) throw shrank(*std::exchange(gone, std::nullopt));
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].begin.load() != 0 && slots[i].shrank.load()) throw shrank(owners[i]);
  }
}

}  // namespace vane
