// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/latent_projection.h"

#include <cmath>
#include <map>
#include <tuple>

namespace vane {
namespace {

constexpr int64_t kSamples = 2048;
constexpr uint64_t kSeed = 20;

/// Symmetric square root of the covariance of w, [W,W].
Tensor covariance_root(const StyleGenerator& generator) {
  std::vector<Tensor> z;
  for (int64_t i = 0; i < kSamples; ++i) z.push_back(generator.sample_z(kSeed, i));
  const Tensor w = generator.map(at::cat(z));
  const Tensor centred = w - w.mean(0);
  const auto [values, vectors] =
      at::linalg_eigh(at::matmul(centred.t(), centred) / double(kSamples - 1));
  return at::matmul(vectors * values.clamp_min(0).sqrt(), vectors.t());
}

}  // namespace

LatentProjection::LatentProjection(const DeltaModel& model, const StyleGenerator& generator,
                                   double noise)
    : scale_(model.style_scale), root_(covariance_root(generator)), rows_(generator.rows()) {
  const at::NoGradGuard no_grad;
  const int64_t width = generator.w_dim();
  const Tensor styles = moved_styles(model, generator.styles(root_)) -
                        moved_styles(model, generator.styles(at::zeros({1, width})));
  const StyleTable& table = generator.style_table();
  std::map<int64_t, Level> levels;
  int64_t begin = 0;
  for (const size_t i : model.entries) {
    Level& level = levels[table[i].resolution];
    if (level.channels == 0) level.begin = begin;
    level.channels += table[i].channels;
    begin += table[i].channels;
  }
  for (const StyleEntry& entry : table) {
    const auto level = levels.find(entry.resolution);
    if (level == levels.end()) continue;
    std::vector<int64_t>& rows = level->second.rows;
    if (rows.empty() || rows.back() != entry.row) rows.push_back(entry.row);
  }
  for (auto& [resolution, level] : levels) levels_.push_back(std::move(level));
  for (Level& level : levels_) {
    level.styles = (styles / scale_).narrow(1, level.begin, level.channels).t().contiguous();
    Tensor square = at::matmul(level.styles.t(), level.styles);
    square.diagonal().add_(noise * double(level.channels) / double(width));
    level.factor = at::linalg_cholesky(square);
  }
}

DeltaStep LatentProjection::latent_step(const Tensor& delta) const {
  DeltaStep step{at::zeros({1, rows_, root_.size(0)})};
  double square = 0;
  for (const Level& level : levels_) {
    const Tensor part = (delta / scale_).narrow(1, level.begin, level.channels);
    const Tensor whitened =
        at::cholesky_solve(at::matmul(part, level.styles).t(), level.factor).t();
    square += whitened.square().sum().item<double>();
    const Tensor moved = at::matmul(whitened, root_);
    for (const int64_t row : level.rows) step.w_plus.select(1, row).copy_(moved);
  }
  step.length = std::sqrt(square);
  return step;
}

}  // namespace vane
