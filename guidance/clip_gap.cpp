// SPDX-License-Identifier: Apache-2.0
#include "guidance/clip_gap.h"

#include <cmath>
#include <limits>

#include "engine/base/error.h"

namespace vane {

ClipGap clip_gap(const Tensor& before, const Tensor& after, const Direction& residual) {
  const at::NoGradGuard no_grad;
  if (!std::isfinite(residual.tau)) {
    throw Error(ErrorCode::usage, "a '" + residual.kind + "' direction has no threshold tau")
        .with_hint("use one made by `vane direction residual`");
  }
  const Tensor r = residual.vector.to(at::kDouble);
  const Tensor x = before.flatten().to(at::kDouble), y = after.flatten().to(at::kDouble);
  const double from = at::dot(x, r).item<double>(), to = at::dot(y, r).item<double>();
  const double length = (y - x).norm().item<double>(), gap = residual.tau - from;
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  return {length > 0 ? (to - from) / length : kNone, gap > 0 ? (to - from) / gap : kNone};
}

}  // namespace vane
