// SPDX-License-Identifier: Apache-2.0
#include "editing/training/delta_relevance.h"

#include <tuple>

namespace vane {
namespace {

constexpr double kProbe = 5;         // scales, as published
constexpr double kWhitening = 0.01;  // of the largest variance

}  // namespace

Tensor regressed_relevance(const Tensor& style_steps, const Tensor& embedding_steps, double ridge) {
  const double count = static_cast<double>(style_steps.size(0));
  Tensor square = at::matmul(style_steps.t(), style_steps).div_(count);
  const double mean_square = square.diagonal().mean().item<double>();
  square.diagonal().add_(ridge * std::max(mean_square, 1e-12));
  const Tensor product = at::matmul(style_steps.t(), embedding_steps) / count;
  return at::cholesky_solve(product, at::linalg_cholesky(square));
}

Tensor visible_styles(const Tensor& styles, const Tensor& embeddings, int64_t count) {
  const double samples = static_cast<double>(styles.size(0));
  const Tensor x = styles - styles.mean(0), y = embeddings - embeddings.mean(0);
  const auto [values, vectors] = at::linalg_eigh(at::matmul(y.t(), y) / samples);
  // Embeddings that hardly vary are noise, which whitening would blow up.
  const Tensor deviations = (values.clamp_min(0) + kWhitening * values.max()).sqrt();
  const Tensor shared = at::matmul(x.t(), at::matmul(y, vectors) / deviations) / samples;
  const Tensor left = std::get<0>(at::linalg_svd(shared, false));
  return left.narrow(1, 0, std::min(count, left.size(1))).contiguous();
}

Tensor probed_relevance(const DeltaModel& model, const StyleGenerator& generator,
                        const ClipEncoder& clip, const Tensor& w,
                        const std::vector<int64_t>& channels, int64_t side) {
  const at::NoGradGuard no_grad;
  const StyleCode code = generator.styles(w);
  const Tensor styles = moved_styles(model, code);
  std::vector<Tensor> rows;
  for (const int64_t channel : channels) {
    const auto embedding = [&](double sign) {
      Tensor step = at::zeros_like(styles);
      step.select(1, channel)
          .copy_(model.style_mean[channel] + sign * kProbe * model.style_scale[channel] -
                 styles.select(1, channel));
      return clip.image_features(
          generator.synthesise_styles_at(with_style_delta(model, code, step), side, w).clamp(0, 1));
    };
    rows.push_back(unit(embedding(1) - embedding(-1)).mean(0));
  }
  return at::stack(rows);
}

double rank_correlation(const Tensor& a, const Tensor& b) {
  const auto ranks = [](const Tensor& x) {
    return x.argsort().argsort().to(at::kDouble) - double(x.size(0) - 1) / 2;
  };
  const Tensor ra = ranks(a), rb = ranks(b);
  return ((ra * rb).sum() / (ra.norm() * rb.norm())).item<double>();
}

}  // namespace vane
