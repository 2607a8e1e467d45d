// SPDX-License-Identifier: Apache-2.0
#include "enhance/classical/classical.h"

namespace vane {
namespace {

constexpr double kGammas[] = {1, 0.6, 0.35};

/// The 5-tap kernel of Burt and Adelson (1983), channel by channel.
Tensor smoothed(const Tensor& x) {
  const Tensor taps = at::tensor({1.f, 4.f, 6.f, 4.f, 1.f}) / 16;
  const int64_t channels = x.size(1);
  const Tensor padded = at::replication_pad2d(x, {2, 2, 2, 2});
  const Tensor across = taps.view({1, 1, 1, 5}).expand({channels, 1, 1, 5});
  const Tensor down = taps.view({1, 1, 5, 1}).expand({channels, 1, 5, 1});
  const at::IntArrayRef one{1, 1}, none{0, 0};
  const Tensor rows = at::conv2d(padded, across, Tensor(), one, none, one, channels);
  return at::conv2d(rows, down, Tensor(), one, none, one, channels);
}

Tensor halved(const Tensor& x) { return smoothed(x).slice(2, 0, {}, 2).slice(3, 0, {}, 2); }

Tensor doubled(const Tensor& x, const Tensor& like) {
  return at::upsample_bilinear2d(x, {like.size(2), like.size(3)}, false);
}

Tensor quality(const Tensor& image) {
  const Tensor grey = image.mean(1, true);
  const Tensor padded = at::replication_pad2d(grey, {1, 1, 1, 1});
  const Tensor laplacian =
      at::tensor({0.f, 1.f, 0.f, 1.f, -4.f, 1.f, 0.f, 1.f, 0.f}).view({1, 1, 3, 3});
  const Tensor contrast = at::conv2d(padded, laplacian).abs();
  const Tensor saturation = (image - grey).square().mean(1, true).sqrt();
  const Tensor exposed = (-(image - 0.5).square() / (2 * 0.2 * 0.2)).exp().prod(1, true);
  return contrast * saturation * exposed + 1e-12;
}

}  // namespace

Tensor exposure_fusion(const Tensor& image) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> pictures, shares;
  Tensor total;
  for (const double gamma : kGammas) {
    pictures.push_back(gamma_curve(image, gamma));
    shares.push_back(quality(pictures.back()));
    total = total.defined() ? total + shares.back() : shares.back();
  }
  for (Tensor& share : shares) share = share / total;
  std::vector<Tensor> levels;
  while (std::min(pictures[0].size(2), pictures[0].size(3)) >= 4) {
    Tensor level;
    for (size_t i = 0; i < pictures.size(); ++i) {
      const Tensor smaller = halved(pictures[i]);
      const Tensor part = shares[i] * (pictures[i] - doubled(smaller, pictures[i]));
      level = level.defined() ? level + part : part;
      pictures[i] = smaller;
      shares[i] = halved(shares[i]);
    }
    levels.push_back(level);
  }
  Tensor result;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const Tensor part = shares[i] * pictures[i];
    result = result.defined() ? result + part : part;
  }
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
    result = doubled(result, *level) + *level;
  }
  return result.clamp(0, 1);
}

}  // namespace vane
