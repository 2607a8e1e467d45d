// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the generators of the StyleGAN family have in common: z -> w -> w_plus -> styles -> picture.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/tensor/fwd.h"
#include "generators/stylegan/style_layers.h"
#include "generators/stylegan/style_space.h"

namespace vane {

/// What reads a row of W+.
struct RowUse {
  int64_t resolution = 4;  // of the layer
  bool is_read = true;
};

/// A tensor of the synthesis that tuning may move.
struct TunableTensor {
  /// The same for every generator of one kind: "blocks.3.first.weight".
  std::string name;
  Tensor value;
  /// What a step of 1 of the number that was trained is here: its equalised learning rate, which
  /// loading folded in, or the tensor's root mean square where files hold deployed weights.
  double scale = 1;
  /// Of the style table, whose layer this is part of; -1 for the constant input.
  int64_t entry = -1;
};

/// Differentiable in its arguments; weights are frozen. Thread-safe after loading.
class StyleGenerator {
 public:
  virtual ~StyleGenerator() = default;

  /// Side of a picture.
  virtual int64_t size() const = 0;
  /// Rows of W+.
  virtual int64_t rows() const = 0;
  /// Of each row; the first one is always read.
  virtual std::vector<RowUse> row_uses() const = 0;
  /// w [N,W] or w_plus [N,rows,W] -> sRGB picture [N,3,S,S], nominally in [0,1], not clamped; noise
  /// is that of the file, so equal latents give equal pictures. Throws Error{usage} on other
  /// shapes.
  virtual Tensor synthesise(const Tensor& w) const = 0;
  /// The same as [N,3,side,side], for guidance and previews: as cheap as the generator can make it,
  /// else the area mean of the full picture. Throws Error{usage} for a side beyond its own.
  virtual Tensor synthesise_at(const Tensor& w, int64_t side) const;
  /// Rows from this one on change nothing in `synthesise_at(w, side)`.
  virtual int64_t rows_at(int64_t) const { return rows(); }
  /// Shares its tensors; one that is given others by `set_tunable` leaves the other alone.
  virtual std::unique_ptr<StyleGenerator> clone() const = 0;
  /// Weights, biases and styles of the synthesis in a fixed order; not the mapping, noise maps or
  /// preview heads.
  std::vector<TunableTensor> tunable() const;
  /// Other tensors in the order of `tunable`; they may require gradients, in which a picture is
  /// differentiable then. Throws Error{usage} for another number of them or another shape.
  void set_tunable(const std::vector<Tensor>& tensors);

  /// The layers that take a style, from coarse to fine.
  const StyleTable& style_table() const { return style_table_; }
  /// w [N,W] or w_plus [N,rows,W] -> the style of every layer of the table.
  StyleCode styles(const Tensor& w) const;
  /// The picture of these styles, as synthesise() makes it. With `to_rgb_latent` (w or w_plus) the
  /// layers that make colours take their styles from it and not from the code, as edits of
  /// convolutions alone do. Throws Error{usage} when the code does not fit the table.
  virtual Tensor synthesise_styles(const StyleCode& code,
                                   const Tensor& to_rgb_latent = {}) const = 0;
  /// The same at a smaller side, as synthesise_at() makes it. What makes the colours of small
  /// pictures may be in no style: it then needs `to_rgb_latent`, without which the full picture is
  /// reduced.
  virtual Tensor synthesise_styles_at(const StyleCode& code, int64_t side,
                                      const Tensor& to_rgb_latent = {}) const;

  int64_t z_dim() const { return mapping_.front().weight.size(1); }
  int64_t w_dim() const { return mapping_.back().weight.size(0); }
  /// Content of the weights, for files that were made with them.
  const std::string& content_hash() const { return content_hash_; }

  /// z [N,Z] -> w [N,W].
  Tensor map(const Tensor& z) const { return map_latent(mapping_, z, epsilon_); }
  /// The mean of w, which truncation pulls towards: that of the file, or over 4096 fixed samples.
  /// [W]
  const Tensor& average_w() const { return average_w_; }
  /// Sample `i` of a seed, the same on every machine: [1,Z] of standard normal numbers.
  Tensor sample_z(uint64_t seed, int64_t i) const;
  /// w_avg + psi (w - w_avg) for w [N,W] or w_plus; psi 1 leaves w alone.
  Tensor truncate(const Tensor& w, double psi) const;
  /// The same for the first `cutoff` rows only: w [N,W] or w_plus -> w_plus [N,rows,W].
  Tensor truncate(const Tensor& w, double psi, int64_t cutoff) const;

 protected:
  /// Throws Error{usage} unless w is [N,W] or [N,rows,W].
  void check_latent(const Tensor& w) const;
  using SlotVisitor = std::function<void(const std::string& name, Tensor& slot, double scale)>;
  /// Shows what `tunable` lists; the visitor may replace it.
  virtual void visit_slots(const SlotVisitor& visit) = 0;
  /// Throws Error{usage} unless the code has a style for each entry of the table, of its width.
  void check_code(const StyleCode& code) const;
  /// Throws Error{usage} unless the generator makes pictures of that side.
  void check_side(int64_t side) const;
  /// Of entry `i` of the table.
  virtual const StyleAffine& style_affine(size_t i) const = 0;
  /// For files without a mean; needs the mapping.
  Tensor sampled_average() const;

  std::vector<MappingLayer> mapping_;
  double epsilon_ = 1e-8;
  Tensor average_w_;
  std::string content_hash_;
  StyleTable style_table_;
};

/// Where a generator of that name is: `faces` in models_folder(), anything else is a path.
std::filesystem::path generator_path(const std::string& name);

/// Row `i` of w_plus, or w itself.
Tensor latent_row(const Tensor& w, int64_t i);

/// A folder is a MobileStyleGAN, which takes the preview heads that come with the program when they
/// are of its weights, a file a StyleGAN2 of either convention. Throws Error{input} when
/// there is neither, Error{checkpoint} when it holds something else.
std::unique_ptr<StyleGenerator> load_style_generator(const std::filesystem::path& path,
                                                     const Limits& limits = {});

}  // namespace vane
