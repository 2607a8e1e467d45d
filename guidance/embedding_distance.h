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
  enum class Kind { cosine, projection, gain };
  Kind kind = Kind::cosine;
  /// cosine: length that is added in quadrature to |dI|.
  double softness = 0.02;
  /// gain: cost of movement off the direction, per unit.
  double tolerance = 0.25;
  /// gain: length along the direction at which more is hardly worth more; 0: never.
  double target = 0;
};

/// How an edit moved in CLIP space, against where it was asked to go; dI = e - s.
///
/// Shape:  edited e, source s: unit rows [...,D]; direction dT: unit [D] -> [...].
/// Diff:   in `edited` only; the source is a constant.
///
/// cosine:     1 - <dI,dT> / sqrt(|dI|^2 + softness^2), range [0,2]; 0 when dI = dT (up to
/// softness),
///             exactly 1 when e = s and for orthogonal dI. At e = s the gradient is finite and
///             points along dT, with length 1/softness. StyleGAN-NADA (Gal et al. 2021) divides by
///             |e - s| and disturbs the picture by 1e-6 there; that makes the first gradient
///             arbitrary and a million times too long, which poisons Adam's second moment.
/// projection: -<dI,dT>, range [-2,2]; its gradient does not depend on how far e is.
/// gain:       tolerance * |dI - <dI,dT> dT| - s(<dI,dT>), s(x) = target tanh(x / target); 0 when
/// nothing moved, negative when more is
///             gained than disturbed. A change whose angle to dT has a cotangent below the
///             tolerance makes it worse, so the best answer to what a generator cannot do is to do
///             nothing. Our own form; the length is softened by 1e-4 so that the gradient at 0 is
///             finite.
Tensor directional_distance(const Tensor& edited, const Tensor& source, const Tensor& direction,
                            const DirectionalForm& form = {});

}  // namespace vane
