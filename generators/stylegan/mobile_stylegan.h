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

/// Features to a picture of twice their side: 3 low and 9 high bands.
struct WaveletHead {
  StyleAffine style;
  Tensor weight, bias;  // [12,C,1,1], [12]
};

/// A head for the features of an earlier block, trained here (`vane train preview`), because
/// published files hold the last one only: a picture that is seen small need not be made large.
/// Its style comes from the row of the block's second convolution, so that no row moves a preview
/// alone.
struct PreviewHead {
  int64_t block = 0;
  WaveletHead head;
};

/// Rows of W+, as published: 0 is the first convolution, 1 a head that inference does not have;
/// block k uses 3k+1 (up and first convolution), 3k+2 (second), 3k+3 (its head). Row 1 is shared.
/// Styles: "conv1_resolution_4", then "up_", "conv0_" and "conv1_resolution_R" of each block, which
/// scale what enlarging, first and second convolution read, and "toRGB_resolution_R" of the last.
class MobileStyleGan : public StyleGenerator {
 public:
  /// Reads FOLDER/MappingNetwork.xml and SynthesisNetwork.xml with their .bin. Throws Error{input}
  /// when the folder does not hold them, Error{checkpoint} when they hold another network.
  static MobileStyleGan load(const std::filesystem::path& folder, const Limits& limits = {});

  int64_t size() const override;
  int64_t rows() const override { return 2 + 3 * static_cast<int64_t>(blocks_.size()); }
  /// Rows of heads but the last are read by nothing.
  std::vector<RowUse> row_uses() const override;
  Tensor synthesise(const Tensor& w) const override;
  /// The same at half the side: the low band alone, which is the exact 2x2 mean of the full
  /// picture.
  Tensor synthesise_half(const Tensor& w) const;
  /// Costs what a picture of that side costs: by the smallest preview head that is large enough, or
  /// else by the low band or the full picture.
  Tensor synthesise_at(const Tensor& w, int64_t side) const override;
  Tensor synthesise_styles(const StyleCode& code, const Tensor& to_rgb_latent = {}) const override;
  /// Preview heads read rows of `to_rgb_latent`; without it the low band or the full picture is
  /// reduced.
  Tensor synthesise_styles_at(const StyleCode& code, int64_t side,
                              const Tensor& to_rgb_latent = {}) const override;

  int64_t blocks() const { return std::ssize(blocks_); }
  /// Features behind block `k`, [N,C,8 2^k,8 2^k].
  Tensor features(const Tensor& w, int64_t k) const;
  const std::vector<PreviewHead>& preview_heads() const { return previews_; }
  /// Heads in any order. Throws Error{usage} unless they fit the blocks and the width of w.
  void set_preview_heads(std::vector<PreviewHead> heads);
  /// Takes the heads of a file of `save_preview_heads`; false when they were made for a generator
  /// of other weights. Throws Error{checkpoint} when they are damaged.
  bool load_preview_heads(const std::filesystem::path& path, const Limits& limits = {});
  void save_preview_heads(const std::filesystem::path& path) const;

 private:
  const StyleAffine& style_affine(size_t i) const override;
  void make_style_table();
  Tensor features_behind(const StyleCode& code, int64_t blocks) const;
  Tensor bands(const StyleCode& code, const Tensor& to_rgb_latent) const;

  Tensor input_;  // [1,C,4,4]
  StyledLayer first_;
  std::vector<MobileBlock> blocks_;
  WaveletHead head_;
  std::vector<PreviewHead> previews_;  // smallest first

  friend class MobileStyleGanReader;
};

/// Bands [N,4C,h,w] (C low ones, then 3 high ones for each) -> [N,C,2h,2w]: inverse of one level of
/// the orthonormal Haar transform.
Tensor inverse_haar(const Tensor& bands);
/// Its inverse: [N,C,2h,2w] -> [N,4C,h,w].
Tensor forward_haar(const Tensor& picture);

}  // namespace vane
