// SPDX-License-Identifier: Apache-2.0
#include "editing/photo_batch.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include "engine/base/error.h"
#include "engine/image/codec.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

std::vector<fs::path> listed(const fs::path& list) {
  std::ifstream file(list);
  if (!file) throw Error(ErrorCode::input, "cannot read the list of photographs").in_file(list);
  std::vector<fs::path> paths;
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) paths.emplace_back(line);
  }
  return paths;
}

void walk(const fs::path& root, const fs::path& below, bool recursive, const fs::path& without,
          std::vector<fs::path>& names) {
  std::error_code problem;
  fs::directory_iterator entries(root / below, problem);
  if (problem) {
    throw Error(ErrorCode::input, "cannot read the folder: " + problem.message())
        .in_file(root / below);
  }
  for (const fs::directory_entry& entry : entries) {
    std::error_code ignored;
    const fs::path name = below / entry.path().filename();
    if (is_hidden(name)) continue;
    if (entry.is_directory(ignored)) {
      if (recursive && !entry.is_symlink(ignored) &&
          !fs::equivalent(entry.path(), without, ignored)) {
        walk(root, name, recursive, without, names);
      }
    } else if (is_picture_name(name)) {
      names.push_back(name);
    }
  }
}

/// Collects tasks and refuses what would lose a file.
class Collector {
 public:
  explicit Collector(PhotoBatch& batch) : batch_(batch) {}

  void add(const fs::path& input, const fs::path& output, const fs::path& root) {
    std::error_code ignored;
    if (fs::equivalent(input, output, ignored)) {
      throw Error(ErrorCode::usage, "the output is the photograph itself")
          .in_file(output)
          .with_hint("a photograph is never replaced by its enhancement");
    }
    const auto [place, is_new] = inputs_.emplace(output.lexically_normal(), input);
    if (is_new) {
      batch_.tasks.push_back({input, output, root});
    } else if (place->second.lexically_normal() != input.lexically_normal()) {
      throw Error(ErrorCode::usage, "two photographs would become this file: " +
                                        place->second.string() + " and " + input.string())
          .in_file(output)
          .with_hint("give each folder its own output");
    }
  }

 private:
  PhotoBatch& batch_;
  std::map<fs::path, fs::path> inputs_;  // by output
};

}  // namespace

std::vector<fs::path> picture_names(const fs::path& folder, bool recursive,
                                    const fs::path& without) {
  std::vector<fs::path> names;
  walk(folder, {}, recursive, without, names);
  std::sort(names.begin(), names.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return names;
}

PhotoBatch photo_batch(const std::vector<fs::path>& inputs, const fs::path& output,
                       bool recursive) {
  std::vector<fs::path> named;
  PhotoBatch batch;
  for (const fs::path& input : inputs) {
    if (input.string().starts_with('@')) {
      const std::vector<fs::path> more = listed(input.string().substr(1));
      named.insert(named.end(), more.begin(), more.end());
      batch.many = true;
    } else {
      named.push_back(input);
    }
  }
  const auto is_folder = [](const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
  };
  batch.many = batch.many || named.size() > 1 || std::any_of(named.begin(), named.end(), is_folder);
  batch.into_folder = batch.many || !output.has_filename() || is_folder(output);
  std::error_code ignored;
  if (batch.many && (is_picture_name(output) || fs::exists(output, ignored)) &&
      !is_folder(output)) {
    throw Error(ErrorCode::usage, "several photographs need a folder to go to").in_file(output);
  }
  Collector collector(batch);
  for (const fs::path& input : named) {
    if (is_folder(input)) {
      for (const fs::path& name : picture_names(input, recursive, output)) {
        collector.add(input / name, output / name, output);
      }
    } else {
      collector.add(input, batch.into_folder ? output / input.filename() : output,
                    batch.into_folder ? output : fs::path());
    }
  }
  if (batch.tasks.empty()) {
    throw Error(ErrorCode::input, "no photograph to enhance")
        .in_file(inputs.empty() ? fs::path() : inputs.front())
        .with_hint(recursive ? "photographs end in .jpg, .png, .tif or .webp"
                             : "--recursive looks into the folders below as well");
  }
  std::sort(batch.tasks.begin(), batch.tasks.end(), [](const PhotoTask& a, const PhotoTask& b) {
    return a.input.native() < b.input.native();
  });
  return batch;
}

}  // namespace vane
