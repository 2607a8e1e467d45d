// SPDX-License-Identifier: Apache-2.0
#pragma once
// The pictures of a folder, embedded.

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/clip/clip_encoder.h"

namespace vane {

/// Unit features [N,D] of the pictures directly in a folder, sorted by file name so that the result
/// does not depend on the file system; exact preprocessing. Files that are no readable picture are
/// added to `skipped` with a warning. Throws Error{input} for a folder that cannot be read or holds
/// no picture.
Tensor folder_features(const ClipEncoder& clip, const std::filesystem::path& folder,
                       const Limits& limits, std::vector<std::string>& skipped, Job& job);

/// The last part of a path, also of "folder/".
std::string folder_name(const std::filesystem::path& folder);

}  // namespace vane
