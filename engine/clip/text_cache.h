// SPDX-License-Identifier: Apache-2.0
#pragma once
// Text embeddings remembered across calls and runs: the same prompts come again and again.

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace vane {

/// Raw embeddings of one model by text, in memory and in an append-only file. Safe from several
/// threads, and from several processes: a record is one write to a file opened for appending and
/// carries a checksum, so a torn record is skipped, never believed. Failing to write is no error:
/// the cache then lives in memory only.
class TextCache {
 public:
  /// `file` empty: memory only. `dim` is the length of an embedding; records of another are
  /// ignored.
  TextCache(std::filesystem::path file, size_t dim);
  /// The file of a model in the cache folder. `hash` is ClipInfo::hash, `variant` whatever else
  /// changes the result (activation, tokenizer).
  static std::filesystem::path file_for(const std::string& hash, const std::string& variant);

  std::optional<std::vector<float>> find(const std::string& text) const;
  void store(const std::string& text, const std::vector<float>& embedding);
  size_t size() const;

 private:
  void read_file();
  std::filesystem::path file_;
  size_t dim_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<float>, std::less<>> known_;
};

}  // namespace vane
