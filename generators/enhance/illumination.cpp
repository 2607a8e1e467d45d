// SPDX-License-Identifier: Apache-2.0
#include "generators/enhance/illumination.h"

#include "engine/base/error.h"

namespace vane {

void check_strength(double strength) {
  // Written so that NaN fails too.
  if (!(strength >= 0 && strength <= kMaxStrength)) {
    throw Error(ErrorCode::usage, "the strength of an enhancement lies between 0 and 2");
  }
}

Tensor map_of_strength(const Tensor& map, double strength, const Tensor& mask, double floor) {
  check_strength(strength);
  if (!(floor > 0)) throw Error(ErrorCode::usage, "the floor of a map lies above 0");
  const auto [low, high] = at::aminmax(map.detach());
  if (!std::isfinite(low.item<double>()) || !std::isfinite(high.item<double>())) {
    throw Error(ErrorCode::numeric, "the illumination map holds NaN or infinity")
        .with_hint("the weights do not suit this picture");
  }
  const Tensor raised = at::clamp_min(map, floor);
  if (strength == 1 && !mask.defined()) return raised;  // without the rounding of ln and exp
  const Tensor exponent = raised.log() * strength;
  return (mask.defined() ? exponent * mask : exponent).exp();
}

Tensor divide_by_map(const Tensor& image, const Tensor& map) { return (image / map).clamp(0, 1); }

}  // namespace vane
