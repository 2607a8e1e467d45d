// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where drawn views go: a picture, a strip, a folder, a film or raw tensors. No torch.

#include <filesystem>
#include <memory>
#include <vector>

#include "engine/base/job.h"
#include "generators/splats/splat_raster.h"

namespace vane {

struct FrameKinds {
  bool depth = false, alpha = false, normal = false;
};

/// Takes views one by one; nothing is there before finish().
class FrameOutput {
 public:
  virtual ~FrameOutput() = default;
  virtual void add(const SplatPicture& picture, Job& job) = 0;
  virtual void finish(Job& job) = 0;
};

/// By the ending of `path`: a picture (several become a strip), a film, .safetensors, else a folder
/// of numbered PNGs. Throws Error{usage} for a film of odd size or pictures that differ in size
/// where they may not.
std::unique_ptr<FrameOutput> make_frame_output(const std::filesystem::path& path, int64_t frames,
                                               double fps, const FrameKinds& kinds);

/// Depth divided by alpha; 0 where alpha is below a hundredth.
std::vector<float> mean_depth(const SplatPicture& picture);

}  // namespace vane
