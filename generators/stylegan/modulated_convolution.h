// SPDX-License-Identifier: Apache-2.0
#pragma once
// The layers of StyleGAN2 in their unfused form: styles scale features and not weights, so a batch
// shares one convolution. Facts: StyleGAN sheet, sections 1.3 and 1.5.

#include "generators/stylegan/stylegan2.h"

namespace vane {

/// Squares of a weight as a StyledConvolution stores it, summed over its taps: [O,I].
Tensor energy_of(const Tensor& weight, bool up);

/// x [N,I,r,r] (or r/2 when it doubles), style [N,I], noise [1 or N,1,r,r] or undefined ->
/// sqrt(2) lrelu(conv(x s) d + strength noise + bias) [N,O,r,r], d = rsqrt(energy s^2 + 1e-8).
/// Differentiable in x, style and noise.
Tensor styled_convolution(const StyledConvolution& layer, const Tensor& x, const Tensor& style,
                          const Tensor& noise);

/// x [N,I,r,r], style [N,I] -> [N,3,r,r].
Tensor to_colours(const ToRgb& layer, const Tensor& x, const Tensor& style);

}  // namespace vane
