// SPDX-License-Identifier: Apache-2.0
#include "editing/inversion/identity_loss.h"

#include "editing/inversion/face_chips.h"

namespace vane {

Tensor identity_targets(const IdentityNetwork& network, const Tensor& pictures,
                        const Tensor& landmarks) {
  const at::NoGradGuard no_grad;
  return identity_embedding(network, face_chips(pictures, landmarks));
}

Tensor identity_loss(const IdentityNetwork& network, const Tensor& pictures,
                     const Tensor& landmarks, const Tensor& targets) {
  const Tensor seen = identity_embedding(network, face_chips(pictures, landmarks));
  return (seen - targets).square().sum(1);
}

}  // namespace vane
