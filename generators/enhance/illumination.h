// SPDX-License-Identifier: Apache-2.0
#pragma once
// From an illumination map to a picture: y = x / m, and how strong.

#include "engine/tensor/fwd.h"

namespace vane {

/// Least m that is divided by: a gain of at most 256.
inline constexpr double kMapFloor = 1.0 / 256;
/// Largest strength.
inline constexpr double kMaxStrength = 2;

/// Throws Error{usage} unless `strength` is in [0,2].
void check_strength(double strength);

/// m_s = exp(s ln m) with m raised to `floor` first: 0 gives 1 exactly, 1 the map itself.
/// `map` [N,1,H,W] or any shape, `strength` in [0,2]; `mask` undefined, or of a shape that
/// broadcasts against the map, in [0,1]: the exponent becomes s M. float32 in, float32 out.
/// Throws Error{numeric} when the map holds NaN or infinity (negative values cannot occur),
/// Error{usage} for a strength outside its range or a floor that is not above 0.
Tensor map_of_strength(const Tensor& map, double strength, const Tensor& mask = {},
                       double floor = kMapFloor);

/// y = min(1, max(0, x / m)), one m for the three channels, so that hue and the ratios of channels
/// stay wherever nothing clips. image [N,3,H,W] in [0,1], map [N,1,H,W] > 0. Differentiable.
Tensor divide_by_map(const Tensor& image, const Tensor& map);

}  // namespace vane
