// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the guiding CLIP looks at in a picture that is moved.

#include "engine/tensor/fwd.h"

namespace vane {

/// Pictures [N,3,side,side], then a slightly closer look at each, [2N,3,side,side] within [0,1]: a
/// gain that only one of them sees is no gain. Not mirror images, in which left is right.
/// Differentiable.
Tensor guide_views(const Tensor& pictures);

}  // namespace vane
