// SPDX-License-Identifier: Apache-2.0
#pragma once
// LangSplat's language Gaussians (Qin et al. 2024, section 3.3; splatting sheet, section 7.4):
// three numbers a Gaussian and level, trained until their pictures are the latents of the masks.

#include <array>
#include <cstdint>
#include <vector>

#include "engine/base/job.h"
#include "engine/regions/region_maps.h"
#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"
#include "engine/tensor/fwd.h"
#include "generators/language/label_table.h"
#include "generators/language/language_field.h"

namespace vane {

/// What a view should show.
struct LatentView {
  Camera camera;
  /// Rows of the latents at each level, or -1 where there is no mask; [H,W] of the camera.
  std::array<std::vector<int32_t>, kRegionLevels> rows;
};

/// The labels of `maps` at the size of a camera, `offset` added to each row.
LatentView latent_view(const Camera& camera, const RegionMaps& maps, int32_t offset);

struct LatentTraining {
  /// The paper takes 30000, with a GPU.
  int64_t iterations = 3000;
  double learning_rate = 0.0025;
  uint64_t seed = 0;
};

/// Adam on mean |m (F - E)| of one view a step, every view once before any comes again: F blends
/// the unit latents of the Gaussians and is not renormalised, E is the latent of the mask, m where
/// there is one. Opacities and geometry stay; the three levels do not touch each other and share
/// one drawing. `latents` [masks,3] unit. -> [N,levels,3], not unit; zeros where nothing was seen.
Tensor train_latents(const SplatCloud& cloud, const std::vector<LatentView>& views,
                     const Tensor& latents, const LatentTraining& options, Job& job);

/// Unit latents in cells of the sphere.
struct LatentCodes {
  std::vector<int32_t> code_of;  // [N] or -1
  Tensor latents;                // [M,3], the mean of a cell, unit
};
/// `latents` [N,3]; rows where `weight` is 0 or that vanish have no code. At most `most` codes:
/// cells are made larger until there are no more.
LatentCodes latent_codes(const Tensor& latents, const std::vector<float>& weight, int32_t most);

/// The level that make_level() made from the table, with codes in place of objects: each Gaussian
/// is one code, whose unit feature is a row of `features` [M,dim].
LanguageLevel coded_level(const LanguageLevel& level, const LabelTable& table,
                          const LatentCodes& codes, const Tensor& features);

}  // namespace vane
