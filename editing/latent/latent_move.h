// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an edit adds to a latent: all methods produce this, so that strength, sums, masks,
// interpolation and replay are written once.

#include "engine/tensor/fwd.h"
#include "generators/stylegan/style_generator.h"
#include "generators/stylegan/style_space.h"

namespace vane {

/// An undefined or empty part adds nothing.
struct LatentMove {
  Tensor w_plus;     // [1,rows,W]
  StyleCode styles;  // one [1,C_k] for each layer of the style table

  bool empty() const { return !w_plus.defined() && styles.empty(); }
};

/// factor * move.
LatentMove scaled(const LatentMove& move, double factor);
/// a + b.
LatentMove sum(const LatentMove& a, const LatentMove& b);

/// From one latent to another, [1,rows,W] each, in the rows `first` to `last` only: at strength 1
/// those rows are the other's (style mixing), at less it is interpolation. Throws Error{usage} for
/// rows that the latents do not have.
LatentMove move_between(const Tensor& from, const Tensor& to, int64_t first, int64_t last);

/// The picture [1,3,side,side] of w_plus [1,rows,W] and a move; side 0: the full picture. A move
/// of zeros gives the bits of no move. Differentiable. Throws Error{usage} for a move in styles of
/// another table.
Tensor moved_picture(const StyleGenerator& generator, const Tensor& w_plus, const LatentMove& move,
                     int64_t side = 0);

}  // namespace vane
