// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/mobile_stylegan.h"

namespace vane {
namespace {

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

Tensor MobileStyleGan::bands(const Tensor& w) const {
  check_latent(w);
  Tensor x = ordinary(input_.expand({w.size(0), -1, -1, -1}), first_, latent_row(w, 0));
  for (size_t k = 0; k < blocks_.size(); ++k) {
    const MobileBlock& block = blocks_[k];
    const auto base = 3 * static_cast<int64_t>(k) + 1;
    const Tensor style = style_of(block.up, latent_row(w, base));
    x = inverse_haar(x * style.view({style.size(0), -1, 1, 1}));
    x = separable(x, block.first, latent_row(w, base));
    x = separable(x, block.second, latent_row(w, base + 1));
  }
  const Tensor style = style_of(head_.style, latent_row(w, rows() - 2));
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
