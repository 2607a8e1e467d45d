// SPDX-License-Identifier: Apache-2.0
#pragma once
// What was done to a document since it was opened, a line each, for the next start after a crash.

#include <filesystem>
#include <optional>
#include <string>

#include "editing/document/history.h"

namespace vane {

/// An append-only file of JSON lines; each is on the disk when its call returns. A line that is
/// torn or not understood, and all that follow it, are left out when it is read.
class Journal {
 public:
  explicit Journal(std::filesystem::path path) : path_(std::move(path)) {}
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Begins anew with the whole history. Throws Error{resource}.
  void begin(const History& history);
  /// The newest state, after commit(); `merged`: it took the place of the one before.
  void note_commit(const History& history, bool merged);
  /// After undo(), redo() and go_to().
  void note_position(const History& history);
  /// The document is saved and closed: nothing is left to recover.
  void remove();

  /// The history that a journal tells; nothing without a journal that holds more than a beginning.
  static std::optional<History> recover(const std::filesystem::path& path);

 private:
  void append(const std::string& line);

  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace vane
