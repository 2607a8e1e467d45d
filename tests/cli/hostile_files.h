// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files that lie, each in one way (robustness sheet, sections 2, 3 and 9.1), for the whole program.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace vane::testing {

struct HostileFile {
  /// What it is called; the ending is one that a person would see.
  std::string name;
  /// Part of the one line that the program has to say.
  std::string says;
  /// Its bytes; made late, because some are large.
  std::function<std::string()> bytes;
  /// Makes what lies beside it, given the folder; or the file itself where it is no regular one.
  std::function<void(const std::filesystem::path&)> beside = {};
};

/// Weights that have to be refused with exit code 5. `marker` is a file that appears if anything in
/// them is run.
std::vector<HostileFile> hostile_weights(const std::filesystem::path& marker);
/// Pictures that have to be refused with exit code 4.
std::vector<HostileFile> hostile_pictures();
/// Pictures with a bomb in a part that nobody needs: they have to be read, within the same bounds.
std::vector<HostileFile> harmless_pictures();

}  // namespace vane::testing
