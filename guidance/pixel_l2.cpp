// SPDX-License-Identifier: Apache-2.0
#include "guidance/pixel_l2.h"

namespace vane {

Score PixelL2::evaluate(const Evaluation& evaluation) {
  const Tensor source = source_of(evaluation, kName);
  return score_of(kName, (visible_image(evaluation) - source).square().mean());
}

}  // namespace vane
