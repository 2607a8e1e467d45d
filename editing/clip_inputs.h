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

/// The part of every picture that counts, and what happens to the rest.
struct RegionView {
  /// Mask picture; empty: the whole picture.
  std::filesystem::path mask;
  /// "blur": see blurred_surroundings(); "crop": see masked_region().
  std::string style = "blur";
};

/// Raw embeddings [N,D] of picture files by the exact evaluation path.
/// Throws Error{input} naming the file.
Tensor embed_image_files(const ClipEncoder& clip, const std::vector<std::filesystem::path>& files,
                         const RegionView& region, const Limits& limits, Job& job);

/// Raw embeddings [N,D] of texts, in batches. Texts that do not fit are added to `truncated` and
/// the job is warned.
Tensor embed_texts(const ClipEncoder& clip, const std::vector<std::string>& texts,
                   std::vector<std::string>& truncated, Job& job);

/// `image` with everything outside `mask` (resized to it) in the mean colour of `preprocess`,
/// cropped to the mask's bounding box. Throws Error{input} for a mask without white.
Image masked_region(const Image& image, const Image& mask, const ClipPreprocess& preprocess);

/// `image` as it is inside `mask` (resized to it) and strongly blurred outside: the blur reverse
/// mask of Yang et al. 2023, "Fine-grained visual prompting", section 3.3. The model still sees
/// where the region lies, but nothing else in focus. Throws Error{input} for a mask without white.
Image blurred_surroundings(const Image& image, const Image& mask);

}  // namespace vane
