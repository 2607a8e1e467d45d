// SPDX-License-Identifier: Apache-2.0
#include "generators/language/splat_selection.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace vane {
namespace {

float opacity_of(const SplatCloud& cloud, size_t i) {
  return 1 / (1 + std::exp(-cloud.opacity_logit[i]));
}

size_t root_of(std::vector<size_t>& parent, size_t i) {
  while (parent[i] != i) {
    parent[i] = parent[parent[i]];
    i = parent[i];
  }
  return i;
}

}  // namespace

std::vector<int64_t> select_splats(const SplatCloud& cloud, const std::vector<float>& weight,
                                   const std::vector<float>& score,
                                   const SelectionOptions& options) {
  std::vector<int64_t> candidates;
  std::vector<float> points;
  for (size_t i = 0; i < score.size(); ++i) {
    if (score[i] < options.grow || weight[i] < options.least_weight ||
        opacity_of(cloud, i) < options.least_opacity) {
      continue;
    }
    candidates.push_back(static_cast<int64_t>(i));
    for (size_t k = 0; k < 3; ++k) points.push_back(cloud.position[3 * i + k]);
  }
  const size_t count = candidates.size();
  std::vector<size_t> parent(count);
  std::iota(parent.begin(), parent.end(), size_t{0});
  const std::vector<int32_t> nearest = nearest_points(points, options.neighbours);
  const size_t row = count > 0 ? nearest.size() / count : 0;
  for (size_t i = 0; i < count; ++i) {
    for (size_t k = 0; k < row; ++k) {
      const auto other = static_cast<size_t>(nearest[i * row + k]);
      const auto first = nearest.begin() + static_cast<ptrdiff_t>(other * row);
      const auto end = first + static_cast<ptrdiff_t>(row);
      // A straggler has neighbours, but is nobody's.
      if (std::find(first, end, static_cast<int32_t>(i)) == end) continue;
      parent[root_of(parent, i)] = root_of(parent, other);
    }
  }
  std::vector<double> mass(count, 0);
  std::vector<bool> seeded(count, false);
  double total = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto at = static_cast<size_t>(candidates[i]);
    const size_t piece = root_of(parent, i);
    mass[piece] += static_cast<double>(opacity_of(cloud, at));
    if (score[at] >= options.seed) seeded[piece] = true;
  }
  for (size_t i = 0; i < count; ++i) {
    if (parent[i] == i && seeded[i]) total += mass[i];
  }
  std::vector<int64_t> selected;
  for (size_t i = 0; i < count; ++i) {
    const size_t piece = root_of(parent, i);
    if (seeded[piece] && mass[piece] > options.least_piece * total) {
      selected.push_back(candidates[i]);
    }
  }
  return selected;
}

}  // namespace vane
