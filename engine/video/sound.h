// SPDX-License-Identifier: Apache-2.0
#pragma once
// The sound of a video, which OpenCV does not know, by the program ffmpeg where there is one.

#include <filesystem>
#include <optional>

#include "engine/base/job.h"

namespace vane {

/// The program of that name in the absolute folders of PATH.
std::optional<std::filesystem::path> find_ffmpeg();

/// Writes the pictures of the video `pictures` and the sound of the video `source`, if it has any,
/// into `target`, without coding either again. Runs `ffmpeg` without a shell, a terminal or a
/// network. False: it did not work, and what `target` holds is of no use. Throws Cancelled; then
/// nothing runs any more.
bool add_sound(const std::filesystem::path& ffmpeg, const std::filesystem::path& pictures,
               const std::filesystem::path& source, const std::filesystem::path& target, Job& job);

}  // namespace vane
