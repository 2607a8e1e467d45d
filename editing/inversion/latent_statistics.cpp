// SPDX-License-Identifier: Apache-2.0
#include "editing/inversion/latent_statistics.h"

#include "engine/base/error.h"

namespace vane {
namespace {

Tensor floored(const LatentStatistics& statistics, double least) {
  return statistics.deviations.clamp_min(least * statistics.deviations[0].item<double>() + 1e-12);
}

}  // namespace

Tensor LatentStatistics::to_w(const Tensor& whitened, double least) const {
  return at::matmul(whitened * floored(*this, least), axes.t());
}

Tensor LatentStatistics::to_whitened(const Tensor& offset, double least) const {
  return at::matmul(offset, axes) / floored(*this, least);
}

LatentStatistics latent_statistics(const StyleGenerator& generator, int64_t samples,
                                   uint64_t seed) {
  if (samples < 2) throw Error(ErrorCode::usage, "statistics of latents need two of them");
  const at::NoGradGuard no_grad;
  Tensor z = at::empty({samples, generator.z_dim()});
  for (int64_t i = 0; i < samples; ++i) z[i].copy_(generator.sample_z(seed, i)[0]);
  const Tensor w = generator.map(z);
  LatentStatistics statistics;
  statistics.mean = w.mean(0);
  const Tensor offset = (w - statistics.mean).to(at::kDouble);
  statistics.deviation = std::sqrt(offset.square().sum().item<double>() / double(samples));
  const auto [values, vectors] =
      at::linalg_eigh(at::matmul(offset.t(), offset) / double(samples));  // smallest first
  statistics.deviations = values.clamp_min(0).sqrt().flip(0).to(at::kFloat).contiguous();
  statistics.axes = vectors.flip(1).to(at::kFloat).contiguous();
  return statistics;
}

}  // namespace vane
