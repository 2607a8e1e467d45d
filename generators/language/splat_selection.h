// SPDX-License-Identifier: Apache-2.0
#pragma once
// From a score a Gaussian to a set of Gaussians (splatting sheet, sections 9 and 11). No torch.

#include <cstdint>
#include <vector>

#include "engine/scene/splat_cloud.h"

namespace vane {

struct SelectionOptions {
  /// A piece is kept when one of its Gaussians reaches `seed`; it consists of those that reach
  /// `grow` (hysteresis).
  float seed = 0.6f, grow = 0.5f;
  /// Pieces with less than this part of the selected opacity are dropped.
  double least_piece = 0.005;
  /// Gaussians that hardly any view saw, or that hardly show, are never selected.
  float least_weight = 1e-4f, least_opacity = 0.05f;
  int neighbours = 8;
};

/// Gaussians, ascending, whose `score` [N] passes. `weight` [N] is what the views saw of each. A
/// piece is what hangs together through candidates that are among each other's nearest
/// `neighbours`.
std::vector<int64_t> select_splats(const SplatCloud& cloud, const std::vector<float>& weight,
                                   const std::vector<float>& score,
                                   const SelectionOptions& options);

/// For each of the points [n,3] the indices of its `count` nearest others, nearest first, ties by
/// index; fewer when there are fewer. Row i begins at i * min(count, n - 1).
std::vector<int32_t> nearest_points(const std::vector<float>& points, int count);

}  // namespace vane
