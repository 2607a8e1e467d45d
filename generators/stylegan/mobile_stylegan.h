// SPDX-License-Identifier: Apache-2.0
#pragma once
// MobileStyleGAN (Belousov 2021, arXiv:2104.04767): a light student of StyleGAN2 that predicts the
// wavelet bands of its picture. Facts: StyleGAN sheet, section 3.2.

#include <filesystem>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/rng.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// One affine layer of the mapping network with its activation folded behind it.
struct MappingLayer {
  Tensor weight, bias;  // [D,D], [D]
  double slope = 0.2, gain = 1;
};

/// style = (A w + a) * scale, one number for each input channel.
struct StyleAffine {
  Tensor weight, bias;  // [C,W], [C]
  double scale = 1;
};

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

/// Differentiable in every argument; weights are frozen. Thread-safe after loading.
class MobileStyleGan {
 public:
  /// Reads FOLDER/MappingNetwork.xml and SynthesisNetwork.xml with their .bin. Throws Error{input}
  /// when the folder does not hold them, Error{checkpoint} when they hold another network.
  static MobileStyleGan load(const std::filesystem::path& folder, const Limits& limits = {});

  int64_t z_dim() const { return mapping_.front().weight.size(1); }
  int64_t w_dim() const { return mapping_.back().weight.size(0); }
  /// Side of the full picture.
  int64_t size() const;
  /// Rows of W+, as published: 0 is the first convolution, 1 a head that inference does not have;
  /// block k uses 3k+1 (up and first convolution), 3k+2 (second), 3k+3 (its head). Row 1 is shared.
  int64_t rows() const { return 2 + 3 * static_cast<int64_t>(blocks_.size()); }
  /// Content of the weights, for files that were made with them.
  const std::string& content_hash() const { return content_hash_; }

  /// z [N,Z] -> w [N,W].
  Tensor map(const Tensor& z) const;
  /// Mean of w over 4096 fixed samples: what truncation pulls towards. [W]
  Tensor average_w() const;
  /// Sample `i` of a seed, the same on every machine: [1,Z] of standard normal numbers.
  Tensor sample_z(uint64_t seed, int64_t i) const;
  /// w_avg + psi (w - w_avg); psi 1 leaves w alone.
  Tensor truncate(const Tensor& w, double psi) const;

  /// w [N,W] or w_plus [N,rows,W] -> sRGB picture [N,3,S,S], nominally in [0,1], not clamped.
  Tensor synthesise(const Tensor& w) const;
  /// The same at half the side: the low band alone, which is the exact 2x2 mean of the full
  /// picture.
  Tensor synthesise_half(const Tensor& w) const;

 private:
  Tensor bands(const Tensor& w) const;

  std::vector<MappingLayer> mapping_;
  double epsilon_ = 1e-8;
  Tensor input_;  // [1,C,4,4]
  StyledLayer first_;
  std::vector<MobileBlock> blocks_;
  WaveletHead head_;
  Tensor average_w_;
  std::string content_hash_;

  friend class MobileStyleGanReader;
};

/// Bands [N,4C,h,w] (C low ones, then 3 high ones for each) -> [N,C,2h,2w]: inverse of one level of
/// the orthonormal Haar transform.
Tensor inverse_haar(const Tensor& bands);

}  // namespace vane
