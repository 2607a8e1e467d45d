// SPDX-License-Identifier: Apache-2.0
#include "editing/training/averaged_network.h"

#include <cmath>

namespace vane {

void clip_gradients(std::vector<Tensor>& gradients, double most) {
  double square = 0;
  for (const Tensor& g : gradients) {
    if (g.defined()) square += g.square().sum().item<double>();
  }
  const double factor = most / std::max(most, std::sqrt(square));
  for (Tensor& g : gradients) {
    if (g.defined()) g = g * factor;
  }
}

}  // namespace vane
