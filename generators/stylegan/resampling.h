// SPDX-License-Identifier: Apache-2.0
#pragma once
// The resampling of StyleGAN2 with its filter [1,3,3,1], in closed forms: nothing is filled with
// zeros first. Facts: StyleGAN sheet, section 1.4.

#include "engine/tensor/fwd.h"

namespace vane {

/// Twice the side, zero beyond the border: out[2i] = x[i-1]/4 + 3x[i]/4, out[2i+1] = 3x[i]/4 +
/// x[i+1]/4 along both axes. [N,C,H,W] -> [N,C,2H,2W], differentiable any number of times.
Tensor upsample_twice(const Tensor& x);

/// Filter [1,3,3,1] along both axes with `pad` zeros on every side, divided by `divisor`:
/// [N,C,H,W] -> [N,C,H+2pad-3,W+2pad-3]. float32 or float64 on the CPU; differentiable any number
/// of times. Throws Error{usage} for another type, or a picture that leaves no pixel.
Tensor blur(const Tensor& x, int64_t pad, double divisor);

/// Transposed 3x3 convolution of stride 2 with its blur (gain 4): [N,I,H,W], weight [I,O,3,3] ->
/// [N,O,2H,2W]. The weight is used as it is stored, not flipped.
Tensor up_convolution(const Tensor& x, const Tensor& weight);

}  // namespace vane
