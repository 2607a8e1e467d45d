// SPDX-License-Identifier: Apache-2.0
#pragma once
// StyleGAN2 (Karras et al., CVPR 2020, arXiv:1912.04958), synthesis with skip connections, of any
// size and width. Facts: StyleGAN sheet, sections 1 and 2.

#include "engine/base/rng.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

/// Modulated 3x3 convolution, noise, bias, activation.
struct StyledConvolution {
  StyleAffine style;
  bool up = false;        // doubles the side
  Tensor weight;          // [O,I,3,3], or [I,O,3,3] of one that doubles; 1/sqrt(9 I) included
  Tensor energy;          // [O,I]: squares of the weight, summed over its taps
  Tensor bias;            // [O]
  Tensor noise;           // [1,1,r,r]: the map of the file
  Tensor noise_strength;  // [1]
};

/// Features to colours: 1x1, not demodulated.
struct ToRgb {
  StyleAffine style;
  Tensor weight;  // [3,I]; 1/sqrt(I) included
  Tensor bias;    // [1,3,1,1]
};

/// One map [1,1,r,r] or [N,1,r,r] for each convolution, before its strength; an empty list is no
/// noise.
using NoiseMaps = std::vector<Tensor>;

enum class NoiseMode { constant, random, none };

struct StyleGan2Options {
  /// What trainings multiply the learning rate of the mapping by; files do not tell.
  double mapping_lr_mul = 0.01;
};

/// Rows of W+, with which convolution i and the toRGB of block k read: i and 2k+1. Convolution 0
/// and toRGB 0 work at 4 px; block k > 0 has the convolutions 2k-1 (which doubles the side) and 2k.
class StyleGan2 : public StyleGenerator {
 public:
  /// A checkpoint with the names of rosinality/stylegan2-pytorch (with or without `g_ema.`) or of
  /// the state dict of NVlabs/stylegan2-ada-pytorch, told apart by them; safetensors, `.pt` or
  /// the `.pkl` itself.
  /// Sizes come from the tensors; filters in the file are ignored. Throws Error{checkpoint} naming
  /// file and keys when tensors are missing, left over, of another shape or not finite, and for
  /// relatives of StyleGAN2 that this is not.
  static StyleGan2 load(const std::filesystem::path& path, const StyleGan2Options& options = {},
                        const Limits& limits = {});

  int64_t size() const override { return int64_t{2} << to_rgbs_.size(); }
  int64_t rows() const override { return 2 * static_cast<int64_t>(to_rgbs_.size()); }
  std::vector<RowUse> row_uses() const override;
  Tensor synthesise(const Tensor& w) const override;
  Tensor synthesise(const Tensor& w, const NoiseMaps& noise) const;

  /// Maps for `n` pictures; random ones depend on `rng` only, constant ones are those of the file.
  NoiseMaps noise(NoiseMode mode, int64_t n, const Rng& rng) const;

  Tensor synthesise_styles(const StyleCode& code, const Tensor& to_rgb_latent = {}) const override;
  /// With other noise. Throws Error{usage} also when the maps do not fit the convolutions.
  Tensor synthesise_styles(const StyleCode& code, const NoiseMaps& noise,
                           const Tensor& to_rgb_latent = {}) const;

  const std::vector<StyledConvolution>& convolutions() const { return convolutions_; }
  const std::vector<ToRgb>& to_rgbs() const { return to_rgbs_; }

 private:
  const StyleAffine& style_affine(size_t i) const override;
  void check_noise(const NoiseMaps& noise) const;
  void make_style_table();

  Tensor input_;  // [1,C,4,4]
  std::vector<StyledConvolution> convolutions_;
  std::vector<ToRgb> to_rgbs_;

  friend class StyleGan2Reader;
};

}  // namespace vane
