// SPDX-License-Identifier: Apache-2.0
#pragma once
// The folder of a training run: who may write there, and its logs.

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace vane {

/// A file of one JSON object a line. Lines beyond `step` are left over from before a resume.
class JsonLines {
 public:
  JsonLines(const std::filesystem::path& path, int64_t step);
  void write(const nlohmann::json& entry);

 private:
  std::ofstream stream_;
};

/// One process a run folder: two would write each other's checkpoints. Makes the folder.
class FolderLock {
 public:
  /// Throws Error{usage} when another process holds it, Error{resource} when it cannot be written.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace vane
