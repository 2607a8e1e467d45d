// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a latent edit may change the picture.

#include "engine/image/image.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// A mask picture as [1,1,h,w] of at most 256 px, in steps of 1/255, so that a recipe holds it
/// exactly.
Tensor region_of(const Image& mask);

/// Its opacity [1,1,side,side]: 1 well inside, 0 from a twentieth of the side outside on.
Tensor feathered(const Tensor& region, int64_t side);

/// source + opacity (edited - source): exactly the source where the opacity is 0. [1,3,S,S].
Tensor blended(const Tensor& source, const Tensor& edited, const Tensor& opacity);

}  // namespace vane
