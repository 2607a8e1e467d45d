// SPDX-License-Identifier: Apache-2.0
#pragma once
// A coarse map brought to the edges of a picture.

#include "engine/tensor/fwd.h"

namespace vane {

/// A map as slope * guide + offset, both [N,1,h,w] and smooth.
struct GuidedCoefficients {
  Tensor slope, offset;
};

/// The coefficients at the size of both: map and guide [N,1,h,w]. See guided_filter().
/// Differentiable in the map.
GuidedCoefficients guided_coefficients(const Tensor& map, const Tensor& guide, int64_t radius,
                                       double epsilon);

/// Guided filter (He et al. 2013, section 3.3) with a colour-free guide, in its fast form (He & Sun
/// 2015): coefficients at the size of `map`, applied at the size of `guide`.
///
/// map [1,1,h,w], guide [1,1,H,W] in [0,1], H >= h, W >= w -> [1,1,H,W]. `radius` in pixels of the
/// map; `epsilon` is the variance of the guide below which it counts as flat. A constant map stays
/// as it is; a map that is an affine function of the guide is returned (up to epsilon).
Tensor guided_filter(const Tensor& map, const Tensor& guide, int64_t radius, double epsilon);

}  // namespace vane
