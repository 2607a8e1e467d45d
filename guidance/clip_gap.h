// SPDX-License-Identifier: Apache-2.0
#pragma once
// How far a picture went along a residual direction in CLIP space, for reports.

#include "guidance/direction.h"

namespace vane {

/// x, y unit features before and after, r the direction: cos(y - x, r), and
/// (<y,r> - <x,r>) / (tau - <x,r>), 1 when y reached the mean of the good pictures. `direction` is
/// NaN where x equals y, `closed` where x is beyond tau already, so that there is no gap.
struct ClipGap {
  double direction = 0, closed = 0;
};
/// Features [D] or [1,D]. Throws Error{usage} for a direction without tau.
ClipGap clip_gap(const Tensor& before, const Tensor& after, const Direction& residual);

}  // namespace vane
