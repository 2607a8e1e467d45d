// SPDX-License-Identifier: Apache-2.0
#include "guidance/embedding_distance.h"

namespace vane {

Tensor cosine_distance(const Tensor& a, const Tensor& b) { return 1 - (a * b).sum(-1); }

Tensor spherical_distance(const Tensor& a, const Tensor& b) {
  const Tensor chord = (a - b).square().sum(-1).clamp(1e-12, 4 - 1e-6).sqrt();
  return 2 * (chord / 2).asin().square();
}

Tensor stopped(const Tensor& distance, double stop) {
  const Tensor limited = distance.clamp_min(stop);
  return limited + (distance - limited).detach();
}

Tensor directional_distance(const Tensor& edited, const Tensor& source, const Tensor& direction,
                            const DirectionalForm& form) {
  const Tensor difference = edited - source.detach();
  const Tensor along = (difference * direction.detach().to(edited.scalar_type())).sum(-1);
  if (form.kind == DirectionalForm::Kind::projection) return -along;
  if (form.kind == DirectionalForm::Kind::gain) {
    constexpr double kSoft = 1e-4;
    const Tensor off = difference.square().sum(-1) - along.square();
    const Tensor cost = form.tolerance * ((off.clamp_min(0) + kSoft * kSoft).sqrt() - kSoft);
    return cost - (form.target > 0 ? form.target * at::tanh(along / form.target) : along);
  }
  return 1 - along / (difference.square().sum(-1) + form.softness * form.softness).sqrt();
}

}  // namespace vane
