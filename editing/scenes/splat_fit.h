// SPDX-License-Identifier: Apache-2.0
#pragma once
// Photographs of a scene become Gaussian splats. No torch.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "editing/scenes/splat_fit_config.h"
#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/scene/splat_cloud.h"

namespace vane {

/// How near a held-out view is to its photograph.
struct FitMeasure {
  std::string name;
  double psnr = 0, ssim = 0;
};

struct SplatFit {
  SplatCloud cloud;
  int64_t iterations = 0;
  int training_views = 0;
  double loss = 0, seconds = 0;
  std::vector<FitMeasure> held_out;  // of the finished scene
};

struct SplatFitFiles {
  std::filesystem::path dataset;
  /// Checkpoints go here; it is removed when the fit is finished. Empty: none.
  std::filesystem::path checkpoint;
  /// A held-out view beside its photograph, from time to time. Empty: none.
  std::filesystem::path preview;
  bool resume = false;
};

/// Fits. A stop request writes the checkpoint and throws Cancelled. The same data set, seed and
/// configuration give the same bytes, whether or not the run was cut, on any number of threads.
/// Throws Error.
SplatFit fit_splats(const SplatFitConfig& config, const SplatFitFiles& files, uint64_t seed,
                    int threads, const Limits& limits, Job& job);

}  // namespace vane
