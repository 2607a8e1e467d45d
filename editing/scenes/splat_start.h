// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Gaussians that a fit begins with. No torch.

#include "editing/scenes/splat_fit_config.h"
#include "engine/base/rng.h"
#include "engine/scene/scene_data.h"
#include "engine/scene/splat_cloud.h"

namespace vane {

/// One Gaussian a point of the data set, round, as large as the mean distance to its three nearest
/// neighbours (root mean square); without points, random ones in a cube around what the training
/// cameras look at. Throws Error{input} for a data set without training views.
SplatCloud starting_splats(const SceneData& data, const SplatFitConfig& config, Rng rng);

/// Mean of the squared distances to the three nearest other points, for each of [N,3]. Fewer than
/// four points: of those there are; one alone: 1.
std::vector<float> neighbour_distances(const std::vector<float>& points, int threads);

}  // namespace vane
