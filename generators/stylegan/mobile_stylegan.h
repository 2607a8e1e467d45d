// SPDX-License-Identifier: Apache-2.0
#pragma once
// MobileStyleGAN (Belousov 2021, arXiv:2104.04767): a light student of StyleGAN2 that predicts the
// wavelet bands of its picture. Facts: StyleGAN sheet, section 3.2.

#include <filesystem>
#include <vector>

#include "engine/base/limits.h"
#include "engine/tensor/fwd.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

/// Convolution whose input channels are scaled by a style; demodulation is folded into its weights.
struct StyledLayer {
  StyleAffine style;
  /// [C,1,3,3] of the depthwise half; undefined for an ordinary convolution.
  Tensor depthwise;
  /// [O,C,1,1] behind a depthwise half, [O,C,3,3] otherwise.
  Tensor weight;
  Tensor noise;  // [1,1,h,w], strength included
  Tensor bias;   // [O]
  double slope = 0.2;
};

/// Doubles the side: style, inverse Haar transform of the features, two convolutions.
struct MobileBlock {
  StyleAffine up;
  StyledLayer first, second;
};

/// Head of the last block: 3 low and 9 high bands.
struct WaveletHead {
  StyleAffine style;
  Tensor weight, bias;  // [12,C,1,1], [12]
};

/// Rows of W+, as published: 0 is the first convolution, 1 a head that inference does not have;
/// block k uses 3k+1 (up and first convolution), 3k+2 (second), 3k+3 (its head). Row 1 is shared.
class MobileStyleGan : public StyleGenerator {
 public:
  /// Reads FOLDER/MappingNetwork.xml and SynthesisNetwork.xml with their .bin. Throws Error{input}
  /// when the folder does not hold them, Error{checkpoint} when they hold another network.
  static MobileStyleGan load(const std::filesystem::path& folder, const Limits& limits = {});

  int64_t size() const override;
  int64_t rows() const override { return 2 + 3 * static_cast<int64_t>(blocks_.size()); }
  Tensor synthesise(const Tensor& w) const override;
  /// The same at half the side: the low band alone, which is the exact 2x2 mean of the full
  /// picture.
  Tensor synthesise_half(const Tensor& w) const;

 private:
  Tensor bands(const Tensor& w) const;

  Tensor input_;  // [1,C,4,4]
  StyledLayer first_;
  std::vector<MobileBlock> blocks_;
  WaveletHead head_;

  friend class MobileStyleGanReader;
};

/// Bands [N,4C,h,w] (C low ones, then 3 high ones for each) -> [N,C,2h,2w]: inverse of one level of
/// the orthonormal Haar transform.
Tensor inverse_haar(const Tensor& bands);

}  // namespace vane
