// SPDX-License-Identifier: Apache-2.0
#pragma once
// Portraits as photographs have them: moved, blurred, noisy, of another white balance.

#include "editing/training/inversion_training_config.h"
#include "engine/base/rng.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// faces [N,3,S,S] in [0,1] -> the same, changed at random; depends on `rng` alone.
Tensor augmented_faces(const Tensor& faces, const FaceAugmentation& augmentation, const Rng& rng);

}  // namespace vane
