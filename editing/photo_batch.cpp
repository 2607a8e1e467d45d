// SPDX-License-Identifier: Apache-2.0
#include "editing/photo_batch.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include "editing/photo_pattern.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/video/video_file.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

/// A photograph's name: a picture's or a raw file's.
bool is_photo_name(const fs::path& name) { return is_picture_name(name) || is_raw_name(name); }

bool is_readable_video_only(const fs::path& name) {
  return is_video_name(name) && !is_writable_video_name(name);
}

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
          bool videos, std::vector<fs::path>& names) {
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
        walk(root, name, recursive, without, videos, names);
      }
    } else if (is_photo_name(name) || (videos && is_video_name(name))) {
      names.push_back(name);
    }
  }
}

/// Collects tasks and refuses what would lose a file.
class Collector {
 public:
  explicit Collector(PhotoBatch& batch) : batch_(batch) {}

  void add(PhotoTask task) {
    std::error_code ignored;
    if (fs::equivalent(task.input, task.output, ignored)) {
      throw Error(ErrorCode::usage, "the output is the photograph itself")
          .in_file(task.output)
          .with_hint("a photograph is never replaced by its enhancement");
    }
    const auto [place, is_new] = inputs_.emplace(task.output.lexically_normal(), task.input);
    if (is_new) {
      batch_.tasks.push_back(std::move(task));
    } else if (place->second.lexically_normal() != task.input.lexically_normal()) {
      throw Error(ErrorCode::usage, "two photographs would become this file: " +
                                        place->second.string() + " and " + task.input.string())
          .in_file(task.output)
          .with_hint("give each folder its own output, keep their formats, or choose by --ext");
    }
  }

 private:
  PhotoBatch& batch_;
  std::map<fs::path, fs::path> inputs_;  // by output
};

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

/// Turns a selection into tasks.
class Gathering {
 public:
  explicit Gathering(const PhotoSelection& selection) : selection_(selection), collector_(batch_) {}

  PhotoBatch batch() {
    const std::vector<fs::path> named = read_lists();
    batch_.many = batch_.many || named.size() > 1 ||
                  std::any_of(named.begin(), named.end(), [](const fs::path& path) {
                    return is_folder(path) || stands_for_others(path);
                  });
    const fs::path& output = selection_.output;
    batch_.into_folder = batch_.many || !output.has_filename() || is_folder(output);
    check_output();
    for (const fs::path& input : named) {
      if (stands_for_others(input)) {
        add_pattern(input);
      } else if (is_folder(input)) {
        add_folder(input, {});
      } else {
        add(input.parent_path(), input.filename());
      }
    }
    if (batch_.tasks.empty() && !selection_.may_be_empty) throw nothing();
    std::sort(batch_.tasks.begin(), batch_.tasks.end(), [](const PhotoTask& a, const PhotoTask& b) {
      return a.input.native() < b.input.native();
    });
    return std::move(batch_);
  }

 private:
  static bool stands_for_others(const fs::path& input) {
    std::error_code ignored;
    return is_pattern(input.native()) && !fs::exists(input, ignored);
  }

  std::vector<fs::path> read_lists() {
    std::vector<fs::path> named;
    for (const fs::path& input : selection_.inputs) {
      if (input.native().starts_with('@')) {
        const std::vector<fs::path> more = listed(input.native().substr(1));
        named.insert(named.end(), more.begin(), more.end());
        batch_.many = true;
      } else {
        named.push_back(input);
      }
    }
    return named;
  }

  void check_output() const {
    const fs::path& output = selection_.output;
    std::error_code ignored;
    if (output.empty() && selection_.suffix.empty()) {
      throw Error(ErrorCode::usage, "-o FILE|DIR is missing")
          .with_hint("or --suffix _enh, which writes beside each photograph");
    }
    if (batch_.many &&
        (is_picture_name(output) || is_writable_video_name(output) ||
         fs::exists(output, ignored)) &&
        !is_folder(output) && !output.empty()) {
      throw Error(ErrorCode::usage, "several photographs need a folder to go to").in_file(output);
    }
    if (batch_.into_folder) return;
    const fs::path wanted = "x." + selection_.extension;
    if (!selection_.suffix.empty()) {
      throw Error(ErrorCode::usage, "--suffix is for outputs in a folder").in_file(output);
    }
    if (!selection_.extension.empty() && is_picture_name(output) &&
        format_for_path(output) != format_for_path(wanted)) {
      throw Error(ErrorCode::usage, "--format says otherwise than the name of the output")
          .in_file(output);
    }
  }

  void add_pattern(const fs::path& pattern) {
    const PatternMatches found = expand_pattern(pattern.native());
    const size_t before = batch_.tasks.size();
    const bool videos = takes_videos() || is_video_name(pattern);
    for (const fs::path& name : found.names) {
      if (is_folder(found.base / name)) {
        add_folder(found.base, name);
      } else if ((is_photo_name(name) || (videos && is_video_name(name))) &&
                 is_offered(found.base, name)) {
        add(found.base, name);
      }
    }
    if (batch_.tasks.size() == before && found.names.empty()) {
      throw Error(ErrorCode::input, "no file has a name like this").in_file(pattern);
    }
  }

  void add_folder(const fs::path& base, const fs::path& below) {
    for (const fs::path& name :
         picture_names(base / below, selection_.recursive, selection_.output, takes_videos())) {
      if (is_offered(base, below / name)) add(base, below / name);
    }
  }

  /// Whether --ext names a video's.
  bool takes_videos() const {
    return std::any_of(selection_.extensions.begin(), selection_.extensions.end(),
                       [](const std::string& one) { return is_video_name("x." + one); });
  }

  /// False for what earlier runs have put there.
  bool is_offered(const fs::path& base, const fs::path& name) const {
    std::error_code ignored;
    const bool beside =
        selection_.output.empty() || fs::equivalent(base, selection_.output, ignored);
    const bool own =
        beside && !selection_.suffix.empty() && name.stem().native().ends_with(selection_.suffix);
    return !own && !is_preview_name(name);
  }

  bool is_wanted(const fs::path& name) const {
    for (const std::string& pattern : selection_.exclude) {
      if (is_like(name, pattern)) return false;
    }
    const auto& wanted = selection_.extensions;
    const std::string extension = lower(name.extension().string());
    return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
             return "." + lower(one) == extension;
           });
  }

  void add(const fs::path& base, const fs::path& name) {
    if (!is_wanted(name)) return;
    if (!batch_.into_folder) {
      collector_.add({base / name, selection_.output, {}});
      return;
    }
    const fs::path beside = base.empty() ? fs::path(".") : base;
    const fs::path root = selection_.output.empty() ? beside : selection_.output;
    // A raw file cannot be written; TIFF keeps its 16 bits.
    const std::string own = is_raw_name(name)              ? ".tif"
                            : is_readable_video_only(name) ? ".mp4"
                                                           : name.extension().string();
    const std::string extension = selection_.extension.empty() ? own : "." + selection_.extension;
    fs::path output = root / name;
    output.replace_filename(name.stem().string() + selection_.suffix + extension);
    collector_.add({base / name, output, root});
  }

  Error nothing() const {
    const bool filtered = !selection_.extensions.empty() || !selection_.exclude.empty();
    return Error(ErrorCode::input, "no photograph to enhance")
        .in_file(selection_.inputs.empty() ? fs::path() : selection_.inputs.front())
        .with_hint(filtered ? "--ext and --exclude leave none"
                   : selection_.recursive
                       ? "photographs end in .jpg, .png, .tif, .webp or like raw files"
                       : "--recursive looks into the folders below as well");
  }

  const PhotoSelection& selection_;
  PhotoBatch batch_;
  Collector collector_;
};

}  // namespace

std::vector<fs::path> picture_names(const fs::path& folder, bool recursive, const fs::path& without,
                                    bool videos) {
  std::vector<fs::path> names;
  walk(folder, {}, recursive, without, videos, names);
  std::sort(names.begin(), names.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return names;
}

bool is_preview_name(const fs::path& path) {
  return path.filename().string().ends_with(".preview.png");
}

PhotoBatch photo_batch(const PhotoSelection& selection) { return Gathering(selection).batch(); }

}  // namespace vane
