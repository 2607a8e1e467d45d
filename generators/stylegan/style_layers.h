// SPDX-License-Identifier: Apache-2.0
#pragma once
// The layers that every network of the StyleGAN family has: z to w, and w to the style of a layer.

#include <vector>

#include "engine/tensor/fwd.h"

namespace vane {

/// One affine layer of the mapping network with its activation folded behind it.
struct MappingLayer {
  Tensor weight, bias;  // [O,I], [O]
  double slope = 0.2, gain = 1;
};

/// z [N,Z] -> w [N,W]: z is brought to a mean square of 1 over its features, then the layers
/// follow. Throws Error{usage} on another shape.
Tensor map_latent(const std::vector<MappingLayer>& layers, const Tensor& z, double epsilon);

/// style = (A w + a) * scale, one number for each input channel.
struct StyleAffine {
  Tensor weight, bias;  // [C,W], [C]
  double scale = 1;
};

/// w [N,W] -> [N,C].
Tensor style_of(const StyleAffine& affine, const Tensor& w);

}  // namespace vane
