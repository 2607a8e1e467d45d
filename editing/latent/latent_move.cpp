// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/latent_move.h"

#include <fmt/format.h>

#include "engine/base/error.h"

namespace vane {

LatentMove scaled(const LatentMove& move, double factor) {
  LatentMove out;
  if (move.w_plus.defined()) out.w_plus = move.w_plus * factor;
  for (const Tensor& style : move.styles) out.styles.push_back(style * factor);
  return out;
}

LatentMove sum(const LatentMove& a, const LatentMove& b) {
  LatentMove out = a;
  if (b.w_plus.defined()) out.w_plus = a.w_plus.defined() ? a.w_plus + b.w_plus : b.w_plus;
  if (a.styles.empty()) out.styles = b.styles;
  for (size_t k = 0; k < a.styles.size() && k < b.styles.size(); ++k) {
    out.styles[k] = a.styles[k] + b.styles[k];
  }
  return out;
}

LatentMove move_between(const Tensor& from, const Tensor& to, int64_t first, int64_t last) {
  if (first < 0 || last < first || last >= from.size(1)) {
    throw Error(ErrorCode::usage,
                fmt::format("rows are 0 to {} of this generator", from.size(1) - 1));
  }
  LatentMove move{at::zeros_like(from), {}};
  const int64_t count = last - first + 1;
  move.w_plus.narrow(1, first, count)
      .copy_(to.narrow(1, first, count) - from.narrow(1, first, count));
  return move;
}

Tensor moved_picture(const StyleGenerator& generator, const Tensor& w_plus, const LatentMove& move,
                     int64_t side) {
  const Tensor w = move.w_plus.defined() ? w_plus + move.w_plus : w_plus;
  if (move.styles.empty()) {
    return side == 0 ? generator.synthesise(w) : generator.synthesise_at(w, side);
  }
  StyleCode code = generator.styles(w);
  if (code.size() != move.styles.size()) {
    throw Error(ErrorCode::usage, fmt::format("the edit is of {} layers, the generator has {}",
                                              move.styles.size(), code.size()));
  }
  for (size_t k = 0; k < code.size(); ++k) code[k] = code[k] + move.styles[k];
  // Edits are of convolutions: what makes the colours keeps the styles of the latent.
  return side == 0 ? generator.synthesise_styles(code, w)
                   : generator.synthesise_styles_at(code, side, w);
}

}  // namespace vane
