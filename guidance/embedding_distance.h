// SPDX-License-Identifier: Apache-2.0
#pragma once
// Distances between CLIP embeddings, as plain differentiable tensor functions.

#include "engine/tensor/fwd.h"

namespace vane {

/// 1 - <a,b> of unit rows; broadcasts over leading axes, [...,D] x [...,D] -> [...]. Range [0,2].
Tensor cosine_distance(const Tensor& a, const Tensor& b);

/// 2 asin(|a-b|/2)^2 = angle^2/2 of unit rows; [...,D] x [...,D] -> [...]. Range [0, pi^2/2].
/// The squared chord is kept above 1e-12, where the gradient becomes zero, and below 4 - 1e-6,
/// where that of asin would be infinite (clip sheet 4.3 b and 8.11; used by CLIP-guided diffusion).
Tensor spherical_distance(const Tensor& a, const Tensor& b);

/// `max(distance, stop)` for the gradient, `distance` itself as value: a prompt that is reached
/// pulls no further, yet its progress is reported truly (VQGAN-CLIP).
Tensor stopped(const Tensor& distance, double stop);

struct DirectionalForm {
  /// Length that is added in quadrature to |dI|.
  double softness = 0.02;
  /// -<dI, dT> of the unnormalised difference instead of the cosine.
  bool projection = false;
};

/// Directional CLIP distance: 1 - <dI,dT> with dI = (e - s) / sqrt(|e - s|^2 + softness^2).
///
/// Shape:  edited e, source s: unit rows [...,D]; direction dT: unit [D] -> [...].
/// Diff:   in `edited` only; the source is a constant.
/// Range:  [0,2]; 0 when dI = dT (up to softness), exactly 1 when e = s and for orthogonal dI.
/// At e = s the gradient is finite and points along dT, with length 1/softness. StyleGAN-NADA (Gal
/// et al. 2021) divides by |e - s| and disturbs the picture by 1e-6 there; that makes the first
/// gradient arbitrary and a million times too long, which poisons Adam's second moment.
/// `form.projection`: -<e - s, dT>, range [-2,2]; its gradient does not depend on how far e is.
Tensor directional_distance(const Tensor& edited, const Tensor& source, const Tensor& direction,
                            const DirectionalForm& form = {});

}  // namespace vane
