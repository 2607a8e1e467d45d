// SPDX-License-Identifier: Apache-2.0
#pragma once
// How far the persons in pictures are from those who are wanted.

#include "editing/inversion/identity_network.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// pictures [N,3,H,W] in [0,1], landmarks [N,68,2] in [0,1] of the picture -> [N,128], without a
/// gradient. Throws as face_chips does.
Tensor identity_targets(const IdentityNetwork& network, const Tensor& pictures,
                        const Tensor& landmarks);

/// [N], squared Euclidean distances of the faces at `landmarks` to `targets` [N,128]: 0 the same
/// person in the same picture, 0.36 dlib's threshold for one person, 0.61 a stranger
/// (kStrangerDistance in editing/faces/face_identity.h). Differentiable in the pictures. Throws as
/// face_chips does.
Tensor identity_loss(const IdentityNetwork& network, const Tensor& pictures,
                     const Tensor& landmarks, const Tensor& targets);

}  // namespace vane
