// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/modulated_convolution.h"

#include <numbers>

#include "generators/stylegan/resampling.h"

namespace vane {
namespace {

constexpr double kSlope = 0.2;

Tensor per_channel(const Tensor& values) { return values.view({values.size(0), -1, 1, 1}); }

}  // namespace

Tensor energy_of(const Tensor& weight, bool up) {
  const Tensor energy = weight.square().sum({2, 3});
  return up ? energy.t() : energy;
}

Tensor styled_convolution(const StyledConvolution& layer, const Tensor& x, const Tensor& style,
                          const Tensor& noise) {
  const Tensor scaled = x * per_channel(style);
  const Tensor features =
      layer.up ? up_convolution(scaled, layer.weight) : at::conv2d(scaled, layer.weight, {}, 1, 1);
  const Tensor energy = layer.energy.defined() ? layer.energy : energy_of(layer.weight, layer.up);
  const Tensor demodulation = at::rsqrt(at::matmul(style.square(), energy.t()) + 1e-8);
  // lrelu(a) g = lrelu(a g) for g > 0: the gain costs no pass over the features this way. What is
  // overwritten in place is not needed for gradients.
  constexpr double kGain = std::numbers::sqrt2;
  const Tensor bias = per_channel((layer.bias * kGain).unsqueeze(0));
  const Tensor scale = per_channel(demodulation * kGain);
  Tensor y = noise.defined()
                 ? at::addcmul(noise * (layer.noise_strength * kGain), features, scale).add_(bias)
                 : at::addcmul(bias, features, scale);
  return at::leaky_relu_(y, kSlope);
}

Tensor to_colours(const ToRgb& layer, const Tensor& x, const Tensor& style) {
  const Tensor matrix = layer.weight.unsqueeze(0) * style.unsqueeze(1);
  const Tensor mixed = at::matmul(matrix, x.flatten(2));
  return mixed.view({x.size(0), 3, x.size(2), x.size(3)}) + layer.bias;
}

}  // namespace vane
