// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/guide_views.h"

namespace vane {

Tensor guide_views(const Tensor& pictures) {
  const Tensor seen = pictures.clamp(0, 1);
  const int64_t side = seen.size(2), border = side / 16;
  const Tensor inner =
      seen.narrow(2, border, side - 2 * border).narrow(3, border, side - 2 * border);
  const Tensor closer = at::upsample_bilinear2d(inner, {side, side}, false);
  return at::cat({seen, closer});
}

}  // namespace vane
