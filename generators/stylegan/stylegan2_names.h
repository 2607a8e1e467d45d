// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the two published conventions call the tensors of a StyleGAN2. No torch.
// Facts: StyleGAN sheet, sections 2.1 to 2.3.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vane {

enum class StyleGan2Convention {
  rosinality,  // rosinality/stylegan2-pytorch
  nvlabs,      // NVlabs/stylegan2-ada-pytorch
};

/// One styled convolution.
struct ConvolutionNames {
  std::string weight, style_weight, style_bias, noise_strength, bias, noise;
};

struct ToRgbNames {
  std::string weight, style_weight, style_bias, bias;
};

/// Numbering of stylegan2.h: convolution `i`, toRGB `k`, mapping layer `j` from 0.
class StyleGan2Names {
 public:
  explicit StyleGan2Names(StyleGan2Convention convention) : convention_(convention) {}

  ConvolutionNames convolution(int64_t i) const;
  ToRgbNames to_rgb(int64_t k) const;
  /// With its dot at the end, for `weight` and `bias`.
  std::string mapping(int64_t j) const;
  std::string to_rgb_prefix(int64_t k) const;
  std::string input() const;
  std::string average_w() const;
  /// Buffers of resampling filters, which are always [1,3,3,1] here.
  bool is_filter(std::string_view name) const;
  StyleGan2Convention convention() const { return convention_; }

 private:
  StyleGan2Convention convention_;
};

}  // namespace vane
