// SPDX-License-Identifier: Apache-2.0
#include "editing/picture_folder.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/image/codec.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// More warnings than this say nothing new; the rest is only counted.
constexpr size_t kWarningsShown = 5;

// Visible regular files.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::error_code problem;
  fs::directory_iterator entries(folder, problem);
  if (problem) {
    throw Error(ErrorCode::input, "cannot read the folder: " + problem.message()).in_file(folder);
  }
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : entries) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored) && !entry.path().filename().string().starts_with('.')) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::string folder_name(const fs::path& folder) {
  return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

Tensor folder_features(const ClipEncoder& clip, const fs::path& folder, const Limits& limits,
                       std::vector<std::string>& skipped, Job& job) {
  const at::NoGradGuard no_grad;
  DecodeOptions options;
  options.limits = limits;
  const std::vector<fs::path> files = files_of(folder);
  std::vector<Tensor> features;
  size_t unreadable = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    job.check_cancelled();
    try {
      features.push_back(unit(clip.image_embedding_exact(read_image(files[i], options))));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::input) throw;
      skipped.push_back(files[i].string());
      if (++unreadable <= kWarningsShown) job.warn(std::string("skipped: ") + error.what());
    }
    job.progress(static_cast<int64_t>(i) + 1, static_cast<int64_t>(files.size()), "encoding");
  }
  if (features.empty()) {
    throw Error(ErrorCode::input,
                files.empty() ? "the folder holds no file" : "the folder holds no readable picture")
        .in_file(folder)
        .with_hint("pictures are PNG, JPEG, TIFF, WebP or raw files directly in the folder");
  }
  if (unreadable > kWarningsShown) {
    job.warn(std::to_string(unreadable) + " files of " + folder_name(folder) + " were skipped");
  }
  return at::cat(features);
}

}  // namespace vane
