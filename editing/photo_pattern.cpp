// SPDX-License-Identifier: Apache-2.0
#include "editing/photo_pattern.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

namespace vane {
namespace {

namespace fs = std::filesystem;

bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

/// Follows the parts of one pattern through the folders.
class Expansion {
 public:
  Expansion(fs::path base, std::vector<std::string> parts)
      : base_(std::move(base)), parts_(std::move(parts)) {}

  std::set<fs::path> names() {
    follow({}, 0);
    return std::move(names_);
  }

 private:
  void follow(const fs::path& below, size_t part) {
    if (part == parts_.size()) {
      names_.insert(below);
      return;
    }
    const bool any_depth = parts_[part] == "**";
    if (any_depth) follow(below, part + 1);
    std::error_code problem;
    for (fs::directory_iterator entry(base_ / below, problem), end; !problem && entry != end;
         entry.increment(problem)) {
      visit(*entry, below / entry->path().filename(), part, any_depth);
    }
  }

  void visit(const fs::directory_entry& entry, const fs::path& name, size_t part, bool any_depth) {
    std::error_code ignored;
    const bool folder = entry.is_directory(ignored);
    const std::string last = name.filename().string();
    if (any_depth) {
      if (folder && !entry.is_symlink(ignored) && !last.starts_with('.')) follow(name, part);
    } else if (matches(parts_[part], last) && (folder ? !is_entered(part) : is_last(part))) {
      follow(name, part + 1);
    }
  }

  bool is_last(size_t part) const { return part + 1 == parts_.size(); }
  /// Whether a ** before it has been to the folders that this last part could match.
  bool is_entered(size_t part) const {
    return is_last(part) && part > 0 && parts_[part - 1] == "**";
  }

  const fs::path base_;
  const std::vector<std::string> parts_;
  std::set<fs::path> names_;
};

}  // namespace

bool is_pattern(std::string_view text) { return text.find_first_of("*?[") != text.npos; }

PatternMatches expand_pattern(const std::string& pattern) {
  PatternMatches found;
  std::vector<std::string> parts;
  for (const fs::path& part : fs::path(pattern)) {
    if (parts.empty() && !is_pattern(part.string())) {
      found.base /= part;
    } else if (!part.empty() && part != ".") {
      parts.push_back(part.string());
    }
  }
  if (found.base.empty()) found.base = ".";
  if (!parts.empty() && parts.back() == "**") parts.emplace_back("*");
  const std::set<fs::path> names = Expansion(found.base, std::move(parts)).names();
  found.names.assign(names.begin(), names.end());
  std::sort(found.names.begin(), found.names.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return found;
}

bool is_like(const fs::path& path, const std::string& pattern) {
  if (pattern.find('/') != std::string::npos) {
    return ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0;
  }
  return std::any_of(path.begin(), path.end(), [&](const fs::path& part) {
    return ::fnmatch(pattern.c_str(), part.c_str(), 0) == 0;
  });
}

}  // namespace vane
