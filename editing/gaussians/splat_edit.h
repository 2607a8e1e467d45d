// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gaussians moved along a direction: the search, without files.

#include <vector>

#include "editing/gaussians/edit_views.h"
#include "editing/optimise.h"
#include "generators/gaussians/gaussian_generator.h"
#include "guidance/clip_directional.h"

namespace vane {

struct SplatEditConfig {
  OptimiseConfig optimise;
  GaussianGroups groups;
  EditViewOptions views;
  /// Random crops of each view at a step, beside the whole of it (splatting sheet, section 11).
  int64_t crops = 2;
  float smallest_crop = 0.6f;
  /// Weight of keeping edges where they are, beside the gain in CLIP.
  float edges = 0.1f;
  /// Weight of what changes where the chosen Gaussians are not, when they may grow or move.
  float background = 50.f;
  /// See ClipDirectionalConfig.
  float tolerance = 0.1f, target = 0.3f;
};

struct SplatEdit {
  SplatCloud moved;  // the rows, in their order, at strength 1
  OptimiseResult search;
};

/// Moves the Gaussians `rows` of `cloud` so that the guiding views go along the guides' directions
/// (StyleGAN-NADA's directional loss on each view), single steps of tone first. Bit for bit the
/// same for one seed and any number of threads of the renderer. A stop request gives the best so
/// far. Throws Error.
SplatEdit edit_splats(const SplatCloud& cloud, const std::vector<int64_t>& rows,
                      const EditViews& views, const std::vector<DirectionalGuide>& guides,
                      const SplatEditConfig& config, Job& job);

}  // namespace vane
