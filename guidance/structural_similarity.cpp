// SPDX-License-Identifier: Apache-2.0
#include "guidance/structural_similarity.h"

#include <array>
#include <numeric>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr int64_t kWindow = 11;
constexpr double kSigma = 1.5;
constexpr double kC1 = 0.01 * 0.01, kC2 = 0.03 * 0.03;  // Wang et al. 2004, eq. 13
constexpr std::array<double, 5> kExponents{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
constexpr double kGradientC = 170.0 / (255.0 * 255.0);
// Under roots, so that equal pictures have a finite gradient.
constexpr double kRootFloor = 1e-20;

void check_pair(const Tensor& a, const Tensor& b, const char* what) {
  if (a.defined() && b.defined() && a.dim() == 4 && a.sizes() == b.sizes()) return;
  throw Error(ErrorCode::usage, std::string(what) + " compares two pictures of one size");
}

// Separable Gaussian without padding, per channel; x is [M,1,H,W].
Tensor smoothed(const Tensor& x, int64_t rows, int64_t columns) {
  const auto window = [&](int64_t size) {
    const Tensor position = at::arange(size, x.options()) - static_cast<double>(size - 1) / 2;
    const Tensor weights = (position.square() / (-2 * kSigma * kSigma)).exp();
    return weights / weights.sum();
  };
  const Tensor down = at::conv2d(x, window(rows).view({1, 1, rows, 1}));
  return at::conv2d(down, window(columns).view({1, 1, 1, columns}));
}

int64_t window_for(int64_t extent) {
  return extent >= kWindow ? kWindow : extent - (extent % 2 == 0 ? 1 : 0);
}

Tensor halved(const Tensor& x) {
  const int64_t odd = std::max(x.size(2) % 2, x.size(3) % 2);
  return at::avg_pool2d(at::replication_pad2d(x, {odd, 0, odd, 0}), {2, 2});
}

Tensor luma(const Tensor& image) {
  if (image.size(1) == 1) return image;
  return image.narrow(1, 0, 1) * 0.299 + image.narrow(1, 1, 1) * 0.587 +
         image.narrow(1, 2, 1) * 0.114;
}

// [N,1,H,W] of the luma at half size, zeros beyond the border.
Tensor gradient_magnitude(const Tensor& image) {
  Tensor y = luma(image);
  const int64_t odd = std::max(y.size(2) % 2, y.size(3) % 2);
  y = at::avg_pool2d(at::constant_pad_nd(y, {0, odd, 0, odd}), {2, 2});
  const Tensor across =
      at::tensor({-1.0, 0.0, 1.0, -1.0, 0.0, 1.0, -1.0, 0.0, 1.0}, y.options()).view({1, 1, 3, 3}) /
      3;
  const Tensor kernels = at::cat({across, across.transpose(2, 3)});
  return (at::conv2d(y, kernels, {}, 1, 1).square().sum(1, true) + kRootFloor).sqrt();
}

}  // namespace

SsimMaps ssim_maps(const Tensor& a, const Tensor& b) {
  check_pair(a, b, "ssim");
  const int64_t height = a.size(2), width = a.size(3);
  const int64_t rows = window_for(height), columns = window_for(width);
  const Tensor x = a.reshape({-1, 1, height, width}), y = b.reshape({-1, 1, height, width});
  const auto mean = [&](const Tensor& values) { return smoothed(values, rows, columns); };
  const Tensor mx = mean(x), my = mean(y);
  const Tensor vx = mean(x * x) - mx * mx, vy = mean(y * y) - my * my, vxy = mean(x * y) - mx * my;
  const Tensor contrast = (2 * vxy + kC2) / (vx + vy + kC2);
  const Tensor similarity = (2 * mx * my + kC1) / (mx * mx + my * my + kC1) * contrast;
  const auto shaped = [&](const Tensor& map) {
    return map.view({a.size(0), a.size(1), map.size(2), map.size(3)});
  };
  return {shaped(similarity), shaped(contrast)};
}

Tensor ms_ssim(const Tensor& a, const Tensor& b) {
  check_pair(a, b, "ms_ssim");
  int64_t scales = 1;
  const int64_t side = std::min(a.size(2), a.size(3));
  while (scales < static_cast<int64_t>(kExponents.size()) &&
         side >= (kWindow - 1) * (int64_t{1} << scales) + 1) {
    ++scales;
  }
  // The published exponents sum to 1.0001; all five are taken as they are.
  double total = 1;
  if (scales < static_cast<int64_t>(kExponents.size())) {
    total = std::accumulate(kExponents.begin(), kExponents.begin() + scales, 0.0);
  }
  Tensor x = a, y = b, product;
  for (int64_t scale = 0; scale < scales; ++scale) {
    if (scale > 0) {
      x = halved(x);
      y = halved(y);
    }
    const SsimMaps maps = ssim_maps(x, y);
    const Tensor& map = scale + 1 == scales ? maps.similarity : maps.contrast_structure;
    const Tensor factor =
        map.mean({2, 3}).clamp_min(kRootFloor).pow(kExponents[static_cast<size_t>(scale)] / total);
    product = product.defined() ? product * factor : factor;
  }
  return product.mean(1);
}

Tensor gmsd(const Tensor& a, const Tensor& b) {
  check_pair(a, b, "gmsd");
  if ((a.size(1) != 1 && a.size(1) != 3) || a.size(2) < 4 || a.size(3) < 4) {
    throw Error(ErrorCode::usage, "gmsd needs grey or colour pictures of at least 4 x 4 pixels");
  }
  const Tensor x = gradient_magnitude(a), y = gradient_magnitude(b);
  const Tensor similarity = (2 * x * y + kGradientC) / (x.square() + y.square() + kGradientC);
  const Tensor off = similarity - similarity.mean({1, 2, 3}, true);
  // Less the floor, so that equal pictures give exactly 0.
  return (off.square().mean({1, 2, 3}) + kRootFloor).sqrt() - std::sqrt(kRootFloor);
}

Score MsSsim::evaluate(const Evaluation& evaluation) {
  const Tensor source = source_of(evaluation, kName);
  return score_of(kName, 1 - ms_ssim(visible_image(evaluation), source).mean());
}

Score Gmsd::evaluate(const Evaluation& evaluation) {
  const Tensor source = source_of(evaluation, kName);
  return score_of(kName, gmsd(visible_image(evaluation), source).mean());
}

}  // namespace vane
