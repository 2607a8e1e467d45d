// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tells when files have come into folders, and are complete.

#include <chrono>
#include <filesystem>
#include <map>
#include <vector>

#include "engine/base/job.h"

namespace vane {

/// Watches folders by inotify. What changed is not listed: whoever waits looks at the folders
/// again, so that a queue that overflowed loses nothing.
class FolderWatch {
 public:
  /// Begins at once: what comes from now on makes wait() return. With `recursive` folders below are
  /// watched too, also those that come later; hidden ones and links are not.
  /// Throws Error{input} for a folder that cannot be watched, Error{resource} when the system
  /// allows no further watch.
  FolderWatch(std::vector<std::filesystem::path> folders, bool recursive);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  /// Waits until something that changed has been left alone for half a second, or until `job` is to
  /// stop; false then.
  bool wait(const Job& job);
  /// False while a file (FOLDER/NAME with a watched folder as it was given) is being written, and
  /// for half a second after. A writer that is silent for ten seconds has gone.
  bool is_settled(const std::filesystem::path& file) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Change {
    Clock::time_point when;
    bool open = false;
  };

  void add(const std::filesystem::path& folder, bool must);
  void read_events();
  void note(const std::filesystem::path& path, unsigned mask);
  bool settled(const Change& change) const;
  bool take_settled();

  const std::vector<std::filesystem::path> folders_;
  const bool recursive_;
  int fd_ = -1;
  std::map<int, std::filesystem::path> watched_;
  std::map<std::filesystem::path, Change> changed_;
};

}  // namespace vane
