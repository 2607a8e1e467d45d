// SPDX-License-Identifier: Apache-2.0
#pragma once
// Patterns of file names: * ? [abc] within a name, ** for any folders between.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vane {

bool is_pattern(std::string_view text);

/// What `pattern` stands for.
struct PatternMatches {
  /// The folders of the pattern before its first wildcard; never empty.
  std::filesystem::path base;
  /// Files and folders relative to `base`, sorted byte by byte, each once.
  std::vector<std::filesystem::path> names;
};

/// After ** the last part stands for files only. Hidden names match only a pattern that begins with
/// a dot; ** enters neither hidden folders nor links to folders, so that a link to above ends
/// nowhere. A folder that cannot be read has no files.
PatternMatches expand_pattern(const std::string& pattern);

/// Whether `path` or a folder of it has a name like `pattern`; a pattern with a slash is compared
/// with the whole of `path`.
bool is_like(const std::filesystem::path& path, const std::string& pattern);

}  // namespace vane
