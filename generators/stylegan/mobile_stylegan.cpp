// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/mobile_stylegan.h"

#include "engine/base/error.h"

namespace vane {
namespace {

Tensor style_of(const StyleAffine& affine, const Tensor& w) {
  return at::addmm(affine.bias, w, affine.weight.t()) * affine.scale;
}

Tensor activated(const Tensor& x, const StyledLayer& layer) {
  return at::leaky_relu(x + layer.noise + layer.bias.view({1, -1, 1, 1}), layer.slope);
}

/// The style scales input channels, and so does a depthwise convolution: scaling the columns of the
/// pointwise matrix instead of the pixels gives the same and is much less work.
Tensor separable(const Tensor& x, const StyledLayer& layer, const Tensor& w) {
  const Tensor style = style_of(layer.style, w);
  const int64_t channels = layer.depthwise.size(0);
  const Tensor spatial = at::conv2d(x, layer.depthwise, {}, 1, 1, 1, channels);
  const Tensor matrix = layer.weight.flatten(1).unsqueeze(0) * style.unsqueeze(1);
  const Tensor mixed = at::matmul(matrix, spatial.flatten(2));
  return activated(mixed.view({x.size(0), -1, x.size(2), x.size(3)}), layer);
}

Tensor ordinary(const Tensor& x, const StyledLayer& layer, const Tensor& w) {
  const Tensor style = style_of(layer.style, w);
  const Tensor scaled = x * style.view({style.size(0), -1, 1, 1});
  return activated(at::conv2d(scaled, layer.weight, {}, 1, layer.weight.size(3) / 2), layer);
}

/// Row `i` of w_plus, or w itself.
Tensor row(const Tensor& w, int64_t i) { return w.dim() == 2 ? w : w.select(1, i); }

}  // namespace

Tensor inverse_haar(const Tensor& bands) {
  const int64_t n = bands.size(0), channels = bands.size(1) / 4;
  const int64_t height = bands.size(2), width = bands.size(3);
  const Tensor low = bands.narrow(1, 0, channels).reshape({n, channels, 1, height, width});
  const Tensor high =
      bands.narrow(1, channels, 3 * channels).reshape({n, channels, 3, height, width});
  // Rows are the four pixels of a 2x2 block in reading order; columns are the bands low, difference
  // of rows, difference of columns, difference of both.
  static const float kSigns[16] = {1, 1, 1, 1, 1, 1, -1, -1, 1, -1, 1, -1, 1, -1, -1, 1};
  const Tensor signs =
      at::from_blob(const_cast<float*>(kSigns), {4, 4}).to(bands.options()).mul(0.5);
  const Tensor pixels = at::matmul(signs, at::cat({low, high}, 2).flatten(3));
  return at::pixel_shuffle(pixels.view({n, 4 * channels, height, width}), 2);
}

int64_t MobileStyleGan::size() const {
  return input_.size(3) << (static_cast<int64_t>(blocks_.size()) + 1);
}

Tensor MobileStyleGan::map(const Tensor& z) const {
  if (z.dim() != 2 || z.size(1) != z_dim()) {
    throw Error(ErrorCode::usage, "z must be [N," + std::to_string(z_dim()) + "]");
  }
  Tensor x = z * at::rsqrt(z.square().mean(1, true) + epsilon_);
  for (const MappingLayer& layer : mapping_) {
    x = at::leaky_relu(at::addmm(layer.bias, x, layer.weight.t()), layer.slope) * layer.gain;
  }
  return x;
}

Tensor MobileStyleGan::average_w() const { return average_w_; }

Tensor MobileStyleGan::sample_z(uint64_t seed, int64_t i) const {
  Rng rng = Rng(seed).fork("z", static_cast<uint64_t>(i));
  Tensor z = at::empty({1, z_dim()});
  float* values = z.mutable_data_ptr<float>();
  for (int64_t k = 0; k < z_dim(); ++k) values[k] = rng.normal();
  return z;
}

Tensor MobileStyleGan::truncate(const Tensor& w, double psi) const {
  return psi == 1 ? w : at::lerp(average_w_.expand_as(w), w, psi);
}

Tensor MobileStyleGan::bands(const Tensor& w) const {
  const bool is_w = w.dim() == 2 && w.size(1) == w_dim();
  const bool is_w_plus = w.dim() == 3 && w.size(1) == rows() && w.size(2) == w_dim();
  if (!is_w && !is_w_plus) {
    throw Error(ErrorCode::usage, "latents must be w [N," + std::to_string(w_dim()) +
                                      "] or w_plus [N," + std::to_string(rows()) + "," +
                                      std::to_string(w_dim()) + "]");
  }
  Tensor x = ordinary(input_.expand({w.size(0), -1, -1, -1}), first_, row(w, 0));
  for (size_t k = 0; k < blocks_.size(); ++k) {
    const MobileBlock& block = blocks_[k];
    const auto base = 3 * static_cast<int64_t>(k) + 1;
    const Tensor style = style_of(block.up, row(w, base));
    x = inverse_haar(x * style.view({style.size(0), -1, 1, 1}));
    x = separable(x, block.first, row(w, base));
    x = separable(x, block.second, row(w, base + 1));
  }
  const Tensor style = style_of(head_.style, row(w, rows() - 2));
  const Tensor matrix = head_.weight.flatten(1).unsqueeze(0) * style.unsqueeze(1);
  const Tensor mixed = at::matmul(matrix, x.flatten(2)).view({x.size(0), 12, x.size(2), x.size(3)});
  return mixed + head_.bias.view({1, -1, 1, 1});
}

// Networks speak of [-1,1].
Tensor MobileStyleGan::synthesise(const Tensor& w) const {
  return inverse_haar(bands(w)) * 0.5 + 0.5;
}

Tensor MobileStyleGan::synthesise_half(const Tensor& w) const {
  return bands(w).narrow(1, 0, 3) * 0.25 + 0.5;
}

}  // namespace vane
