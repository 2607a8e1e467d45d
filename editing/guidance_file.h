// SPDX-License-Identifier: Apache-2.0
#pragma once
// A YAML file that says what guides an edit: encoders and objectives.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "guidance/catalog.h"

namespace vane {

/// What a guidance file holds:
///
///   encoders:                      # optional; --clip alone by default
///     - {clip: clip-mini}
///     - {clip: models/vit-b-32, weight: 0.5}
///   objectives:
///     - {kind: clip_directional, from: a photo, to: a warm photo}
///     - {kind: ms_ssim, weight: 0.2}
///
/// or a bare list of objectives (guidance/catalog.h).
struct GuidanceFile {
  std::vector<WeightedEncoder> encoders;
  std::unique_ptr<Objective> objectives;
};

/// `clip` names the encoder (--clip) that is loaded when the file names none. Throws Error{config}
/// with file, line and column; Error{input} or Error{checkpoint} for an encoder that cannot be
/// loaded.
GuidanceFile read_guidance_file(const std::filesystem::path& path, const std::string& clip,
                                const Limits& limits);

}  // namespace vane
