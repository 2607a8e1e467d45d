// SPDX-License-Identifier: Apache-2.0
// SplatTrainer: what adds, moves and removes Gaussians.
#include <algorithm>
#include <array>
#include <cmath>

#include "editing/scenes/splat_trainer.h"
#include "generators/splats/splat_math.h"

namespace vane {
namespace {

constexpr float kResetOpacity = 0.01f;
/// A child of a split is smaller by this factor (Kerbl et al. 2023, section 5.2).
constexpr float kSplitShrink = 1.6f;
/// 3DGS as MCMC: most copies of one Gaussian in a round, and growth of a round.
constexpr int kMostCopies = 51;
constexpr double kGrowth = 1.05;

float logit(double o) { return static_cast<float>(std::log(o / (1 - o))); }

/// Calls visit(array, values of a row) for every array with a row a Gaussian.
template <class Visit>
void for_arrays(SplatTrainingState& state, const Visit& visit) {
  SplatCloud& cloud = state.cloud;
  visit(cloud.position, size_t{3});
  visit(cloud.sh0, size_t{3});
  visit(cloud.sh_rest, static_cast<size_t>(3 * cloud.rest_coefficients()));
  visit(cloud.log_scale, size_t{3});
  visit(cloud.rotation, size_t{4});
  visit(state.moments, static_cast<size_t>(2 * row_values(cloud)));
  visit(state.pull, size_t{1});
  visit(state.seen, size_t{1});
  visit(cloud.opacity_logit, size_t{1});
}

void keep_rows(SplatTrainingState& state, const std::vector<uint8_t>& keep) {
  for_arrays(state, [&](std::vector<float>& array, size_t values) {
    size_t to = 0;
    for (size_t i = 0; i < keep.size(); ++i) {
      if (!keep[i]) continue;
      if (to != i) {
        std::copy_n(array.begin() + static_cast<std::ptrdiff_t>(i * values), values,
                    array.begin() + static_cast<std::ptrdiff_t>(to * values));
      }
      ++to;
    }
    array.resize(to * values);
  });
}

/// Appends copies of rows, with moments of 0.
void append_rows(SplatTrainingState& state, const std::vector<size_t>& rows) {
  for_arrays(state, [&](std::vector<float>& array, size_t values) {
    array.reserve(array.size() + rows.size() * values);
    for (const size_t row : rows) {
      for (size_t k = 0; k < values; ++k) {
        array.push_back(&array == &state.moments ? 0.f : array[row * values + k]);
      }
    }
  });
}

void forget_moments(SplatTrainingState& state, size_t row) {
  const auto values = static_cast<size_t>(2 * row_values(state.cloud));
  std::fill_n(state.moments.begin() + static_cast<std::ptrdiff_t>(row * values), values, 0.f);
}

float greatest_scale(const SplatCloud& cloud, size_t row) {
  const float* s = cloud.log_scale.data() + 3 * row;
  return std::exp(std::max({s[0], s[1], s[2]}));
}

/// Moves a row to a random place inside the Gaussian that it is a copy of, and shrinks it.
void make_child(SplatCloud& cloud, size_t row, Rng& rng) {
  double q[4], r[9], away[3];
  splats::normalise_quaternion(cloud.rotation.data() + 4 * row, q);
  splats::rotation_matrix(q, r);
  for (size_t k = 0; k < 3; ++k) {
    away[k] = std::exp(static_cast<double>(cloud.log_scale[3 * row + k])) *
              static_cast<double>(rng.normal());
  }
  for (size_t j = 0; j < 3; ++j) {
    double sum = 0;
    for (size_t k = 0; k < 3; ++k) sum += r[3 * j + k] * away[k];
    cloud.position[3 * row + j] += static_cast<float>(sum);
    cloud.log_scale[3 * row + j] -= std::log(kSplitShrink);
  }
}

/// Opacity and factor of the scale that n copies need to look like one of opacity o (3DGS as MCMC,
/// equation 9).
std::pair<double, double> shared_opacity(double o, int n) {
  const double each = 1 - std::pow(1 - o, 1.0 / n);
  double sum = 0;
  for (int i = 1; i <= n; ++i) {
    double term = each;  // C(i-1, k) (-1)^k each^(k+1)
    for (int k = 0; k < i; ++k) {
      sum += term / std::sqrt(k + 1.0);
      term *= -each * (i - 1 - k) / (k + 1.0);
    }
  }
  return {each, o / sum};
}

/// Rows at random, each as likely as its opacity says; `allowed` rows only.
std::vector<size_t> sample_by_opacity(const SplatCloud& cloud, const std::vector<uint8_t>& allowed,
                                      size_t count, Rng& rng) {
  std::vector<double> sums(allowed.size());
  double total = 0;
  for (size_t i = 0; i < allowed.size(); ++i) {
    if (allowed[i]) total += static_cast<double>(splats::sigmoid(cloud.opacity_logit[i]));
    sums[i] = total;
  }
  std::vector<size_t> rows;
  if (!(total > 0)) return rows;
  for (size_t n = 0; n < count; ++n) {
    const double at = (rng.next_u32() + 0.5) / 4294967296.0 * total;
    const auto found = std::upper_bound(sums.begin(), sums.end(), at);
    rows.push_back(std::min(static_cast<size_t>(found - sums.begin()), sums.size() - 1));
  }
  return rows;
}

/// Lets each of the rows share its opacity with the copies that are about to be made of it.
void share_with_copies(SplatTrainingState& state, const std::vector<size_t>& rows,
                       double least_opacity) {
  std::vector<int> copies(state.pull.size(), 0);
  for (const size_t row : rows) ++copies[row];
  for (size_t i = 0; i < copies.size(); ++i) {
    if (copies[i] == 0) continue;
    const auto o = static_cast<double>(splats::sigmoid(state.cloud.opacity_logit[i]));
    const auto [each, factor] = shared_opacity(o, std::min(copies[i] + 1, kMostCopies));
    state.cloud.opacity_logit[i] = logit(std::clamp(each, least_opacity, 1 - 1e-7));
    for (size_t k = 0; k < 3; ++k) {
      state.cloud.log_scale[3 * i + k] += static_cast<float>(std::log(factor));
    }
    forget_moments(state, i);
  }
}

}  // namespace

void SplatTrainer::densify(SplatTrainingState& state) const {
  const size_t before = state.pull.size();
  std::vector<size_t> clones, splits;
  const auto room =
      static_cast<size_t>(std::max<int64_t>(0, config_.max_gaussians - state.cloud.size()));
  for (size_t i = 0; i < before && clones.size() + splits.size() < room; ++i) {
    if (!(state.seen[i] > 0)) continue;
    if (static_cast<double>(state.pull[i] / state.seen[i]) < config_.densify_gradient) continue;
    const auto scale = static_cast<double>(greatest_scale(state.cloud, i));
    (scale > config_.densify_scale * extent_ ? splits : clones).push_back(i);
  }
  append_rows(state, clones);
  const size_t children = state.pull.size();
  append_rows(state, splits);
  append_rows(state, splits);
  Rng rng = rng_.fork("split", static_cast<uint64_t>(state.iteration));
  for (size_t row = children; row < state.pull.size(); ++row) make_child(state.cloud, row, rng);

  std::vector<uint8_t> keep(state.pull.size(), 1);
  for (const size_t row : splits) keep[row] = 0;
  const bool prune_large = state.iteration > config_.resets_opacity_every();
  for (size_t i = 0; i < keep.size(); ++i) {
    const auto o = static_cast<double>(splats::sigmoid(state.cloud.opacity_logit[i]));
    if (o < config_.prune_opacity) keep[i] = 0;
    if (prune_large &&
        static_cast<double>(greatest_scale(state.cloud, i)) > config_.prune_scale * extent_) {
      keep[i] = 0;
    }
  }
  keep_rows(state, keep);
  std::fill(state.pull.begin(), state.pull.end(), 0.f);
  std::fill(state.seen.begin(), state.seen.end(), 0.f);
}

void SplatTrainer::reset_opacity(SplatTrainingState& state) const {
  constexpr size_t kOpacityAt = 6;
  const auto values = static_cast<size_t>(row_values(state.cloud));
  for (size_t i = 0; i < state.pull.size(); ++i) {
    float& o = state.cloud.opacity_logit[i];
    o = std::min(o, logit(static_cast<double>(kResetOpacity)));
    state.moments[2 * values * i + kOpacityAt] = 0;
    state.moments[2 * values * i + values + kOpacityAt] = 0;
  }
}

void SplatTrainer::relocate(SplatTrainingState& state) const {
  Rng rng = rng_.fork("relocate", static_cast<uint64_t>(state.iteration));
  std::vector<size_t> dead;
  std::vector<uint8_t> alive(state.pull.size(), 1);
  for (size_t i = 0; i < alive.size(); ++i) {
    const auto o = static_cast<double>(splats::sigmoid(state.cloud.opacity_logit[i]));
    if (o > config_.prune_opacity) continue;
    alive[i] = 0;
    dead.push_back(i);
  }
  const std::vector<size_t> sources = sample_by_opacity(state.cloud, alive, dead.size(), rng);
  share_with_copies(state, sources, config_.prune_opacity);
  for (size_t n = 0; n < sources.size(); ++n) {
    for_arrays(state, [&](std::vector<float>& array, size_t values) {
      std::copy_n(array.begin() + static_cast<std::ptrdiff_t>(sources[n] * values), values,
                  array.begin() + static_cast<std::ptrdiff_t>(dead[n] * values));
    });
  }

  const auto size = static_cast<double>(state.pull.size());
  const auto wanted = std::min(static_cast<double>(config_.max_gaussians), kGrowth * size);
  if (wanted <= size) return;
  std::fill(alive.begin(), alive.end(), uint8_t{1});
  const std::vector<size_t> grown =
      sample_by_opacity(state.cloud, alive, static_cast<size_t>(wanted - size), rng);
  share_with_copies(state, grown, config_.prune_opacity);
  append_rows(state, grown);
}

}  // namespace vane
