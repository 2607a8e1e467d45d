// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/style_layers.h"

#include "engine/base/error.h"

namespace vane {

Tensor map_latent(const std::vector<MappingLayer>& layers, const Tensor& z, double epsilon) {
  const int64_t features = layers.front().weight.size(1);
  if (z.dim() != 2 || z.size(1) != features) {
    throw Error(ErrorCode::usage, "z must be [N," + std::to_string(features) + "]");
  }
  Tensor x = z * at::rsqrt(z.square().mean(1, true) + epsilon);
  for (const MappingLayer& layer : layers) {
    x = at::leaky_relu(at::addmm(layer.bias, x, layer.weight.t()), layer.slope) * layer.gain;
  }
  return x;
}

Tensor style_of(const StyleAffine& affine, const Tensor& w) {
  const Tensor style = at::addmm(affine.bias, w, affine.weight.t());
  return affine.scale == 1 ? style : style * affine.scale;
}

}  // namespace vane
