// SPDX-License-Identifier: Apache-2.0
#include "editing/folder_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "engine/base/error.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr auto kQuiet = std::chrono::milliseconds(500), kGone = std::chrono::milliseconds(10'000);
constexpr int kPollMilliseconds = 50;
constexpr uint32_t kEvents =
    IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;

}  // namespace

FolderWatch::FolderWatch(std::vector<fs::path> folders, bool recursive)
    : folders_(std::move(folders)),
      recursive_(recursive),
      fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (fd_ < 0) {
    throw Error(ErrorCode::resource,
                std::string("folders cannot be watched: ") + std::strerror(errno));
  }
  try {
    for (const fs::path& folder : folders_) add(folder, true);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

FolderWatch::~FolderWatch() { ::close(fd_); }

void FolderWatch::add(const fs::path& folder, bool must) {
  const int watch = ::inotify_add_watch(fd_, folder.c_str(), kEvents);
  if (watch < 0 && errno == ENOSPC) {
    throw Error(ErrorCode::resource, "the system allows no further folder to be watched")
        .in_file(folder)
        .with_hint("sysctl fs.inotify.max_user_watches raises the number");
  }
  if (watch < 0 && must) {
    throw Error(ErrorCode::input, std::string("cannot be watched: ") + std::strerror(errno))
        .in_file(folder);
  }
  if (watch < 0) return;  // it has gone again
  watched_[watch] = folder;
  if (!recursive_) return;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    std::error_code ignored;
    if (entry->is_directory(ignored) && !entry->is_symlink(ignored) &&
        !entry->path().filename().string().starts_with('.')) {
      add(entry->path(), false);
    }
  }
}

bool FolderWatch::wait(const Job& job) {
  while (!job.stop_requested()) {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, kPollMilliseconds) > 0) read_events();
    if (take_settled()) return true;
  }
  return false;
}

void FolderWatch::read_events() {
  alignas(inotify_event) std::array<char, 65536> buffer;
  const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
  for (ssize_t at = 0; at < got;) {
    inotify_event event{};
    std::memcpy(&event, buffer.data() + at, sizeof(event));
    const char* const name = buffer.data() + at + sizeof(event);
    at += static_cast<ssize_t>(sizeof(event) + event.len);
    if (event.mask & IN_Q_OVERFLOW) {
      // What was lost may have been folders, or the end of a write.
      changed_.clear();
      for (const fs::path& folder : folders_) {
        add(folder, false);
        changed_[folder] = {Clock::now(), false};
      }
    } else if (event.mask & IN_IGNORED) {
      watched_.erase(event.wd);
    } else if (const auto found = watched_.find(event.wd);
               found != watched_.end() && event.len > 0) {
      note(found->second / name, event.mask);
    }
  }
}

void FolderWatch::note(const fs::path& path, unsigned mask) {
  if (path.filename().string().starts_with('.')) return;  // temporary files, ours among them
  const bool came = mask & (IN_CREATE | IN_MOVED_TO);
  if (mask & IN_ISDIR) {
    if (!came || !recursive_) return;
    std::error_code ignored;
    if (!fs::is_symlink(path, ignored)) add(path, false);
    changed_[path] = {Clock::now(), false};
  } else if (mask & (IN_DELETE | IN_MOVED_FROM)) {
    changed_.erase(path);
  } else {
    changed_[path] = {Clock::now(), (mask & (IN_CREATE | IN_MODIFY)) != 0};
  }
}

bool FolderWatch::settled(const Change& change) const {
  return Clock::now() - change.when >= (change.open ? kGone : kQuiet);
}

bool FolderWatch::is_settled(const fs::path& file) const {
  const auto found = changed_.find(file);
  return found == changed_.end() || settled(found->second);
}

bool FolderWatch::take_settled() {
  return std::erase_if(changed_, [this](const auto& entry) { return settled(entry.second); }) > 0;
}

}  // namespace vane
