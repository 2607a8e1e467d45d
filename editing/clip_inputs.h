// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pictures and texts of a command, embedded in batches with progress.

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/clip/clip_encoder.h"

namespace vane {

/// Raw embeddings [N,D] of picture files by the exact evaluation path. With a region (mask picture,
/// undefined: none), what lies outside is painted in the mean colour and the picture is cropped to
/// the mask's bounding box. Throws Error{input} naming the file.
Tensor embed_image_files(const ClipEncoder& clip, const std::vector<std::filesystem::path>& files,
                         const std::filesystem::path& region, const Limits& limits, Job& job);

/// Raw embeddings [N,D] of texts, in batches. Texts that do not fit are added to `truncated` and
/// the job is warned.
Tensor embed_texts(const ClipEncoder& clip, const std::vector<std::string>& texts,
                   std::vector<std::string>& truncated, Job& job);

/// `image` with everything outside `mask` (resized to it) in the mean colour of `preprocess`,
/// cropped to the mask's bounding box. Throws Error{input} for a mask without white.
Image masked_region(const Image& image, const Image& mask, const ClipPreprocess& preprocess);

}  // namespace vane
