// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a batch has finished, a line a photograph, so that it can go on after any end
// (sheet enhance.md, 8.2).

#include <filesystem>
#include <map>
#include <string>

#include "editing/enhance_source.h"
#include "editing/photo_batch.h"
#include "engine/base/limits.h"

namespace vane {

/// The file `.enhance-journal.jsonl` in the folder that outputs are relative to. A line is written
/// after its output is in place, so that whatever it says is true.
class EnhanceJournal {
 public:
  /// Reads what is there. Lines that are torn or not understood are left out: their photographs are
  /// made again.
  explicit EnhanceJournal(std::filesystem::path folder);
  ~EnhanceJournal();
  EnhanceJournal(const EnhanceJournal&) = delete;
  EnhanceJournal& operator=(const EnhanceJournal&) = delete;

  /// Whether the output is there, with the size that it had, and was made of this very photograph
  /// under these settings. Reads the photograph when all but its bytes agrees.
  bool vouches_for(const PhotoTask& task, const std::string& settings, const Limits& limits) const;

  /// Appends a line. Throws Error{resource} when it cannot be written.
  void add(const PhotoTask& task, const FileIdentity& identity, const std::string& settings,
           double milliseconds);

 private:
  struct Entry {
    std::string input, settings, hash;
    uint64_t size = 0, output_size = 0;
    int64_t mtime_ns = 0;
  };

  std::string key_of(const PhotoTask& task) const;
  void read_line(const std::string& line);
  void open();

  std::filesystem::path folder_, path_;
  std::map<std::string, Entry> entries_;  // by output
  bool torn_ = false;                     // the last line has no end
  int fd_ = -1;
};

/// Removes the temporary files of outputs that processes left in `folder` when they were killed.
void remove_stale_temporaries(const std::filesystem::path& folder);

}  // namespace vane
