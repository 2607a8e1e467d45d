// SPDX-License-Identifier: Apache-2.0
#pragma once
// From a path to a ClipModel: which files belong together, and which layout they are.

#include <filesystem>
#include <string>

#include "engine/clip/clip_encoder.h"
#include "engine/clip/clip_layout.h"
#include "engine/clip/clip_model.h"

namespace vane {

/// The files of one model. Configuration paths are empty when there is none.
struct ClipFiles {
  std::filesystem::path weights, open_clip_config, hugging_face_config;
  std::string name;
};

/// A folder (open_clip, Hugging Face, or with a single weights file), a checkpoint file, or
/// "clip-mini" for the bundled model. Throws Error{input}.
ClipFiles find_clip_files(const std::filesystem::path& path);

/// Everything that is known of a model before its towers are built: tensors with open_clip names
/// and the architecture that they are expected to fit.
struct ClipSource {
  ClipFiles files;
  ClipTensors tensors;
  ClipConfig config;
};
ClipSource read_clip_source(const std::filesystem::path& path, const ClipLoadOptions& options = {});

/// As load_clip, with the concrete type: to train on, to convert, to look into.
ClipModel load_clip_model(const std::filesystem::path& path, const ClipLoadOptions& options = {});

}  // namespace vane
