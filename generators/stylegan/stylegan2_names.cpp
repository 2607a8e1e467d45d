// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/stylegan2_names.h"

#include <fmt/format.h>

namespace vane {

ConvolutionNames StyleGan2Names::convolution(int64_t i) const {
  if (convention_ == StyleGan2Convention::rosinality) {
    const std::string layer = i == 0 ? "conv1." : fmt::format("convs.{}.", i - 1);
    return {layer + "conv.weight",          layer + "conv.modulation.weight",
            layer + "conv.modulation.bias", layer + "noise.weight",
            layer + "activate.bias",        fmt::format("noises.noise_{}", i)};
  }
  const std::string layer =
      fmt::format("synthesis.b{}.conv{}.", int64_t{4} << ((i + 1) / 2), i % 2 == 0 ? 1 : 0);
  return {layer + "weight",         layer + "affine.weight", layer + "affine.bias",
          layer + "noise_strength", layer + "bias",          layer + "noise_const"};
}

std::string StyleGan2Names::to_rgb_prefix(int64_t k) const {
  if (convention_ == StyleGan2Convention::nvlabs) {
    return fmt::format("synthesis.b{}.torgb.", int64_t{4} << k);
  }
  return k == 0 ? "to_rgb1." : fmt::format("to_rgbs.{}.", k - 1);
}

ToRgbNames StyleGan2Names::to_rgb(int64_t k) const {
  const std::string layer = to_rgb_prefix(k);
  if (convention_ == StyleGan2Convention::nvlabs) {
    return {layer + "weight", layer + "affine.weight", layer + "affine.bias", layer + "bias"};
  }
  return {layer + "conv.weight", layer + "conv.modulation.weight", layer + "conv.modulation.bias",
          layer + "bias"};
}

std::string StyleGan2Names::mapping(int64_t j) const {
  return convention_ == StyleGan2Convention::rosinality ? fmt::format("style.{}.", j + 1)
                                                        : fmt::format("mapping.fc{}.", j);
}

std::string StyleGan2Names::input() const {
  return convention_ == StyleGan2Convention::rosinality ? "input.input" : "synthesis.b4.const";
}

std::string StyleGan2Names::average_w() const {
  return convention_ == StyleGan2Convention::rosinality ? "latent_avg" : "mapping.w_avg";
}

bool StyleGan2Names::is_filter(std::string_view name) const {
  return name.ends_with(convention_ == StyleGan2Convention::rosinality ? ".kernel"
                                                                       : ".resample_filter");
}

}  // namespace vane
