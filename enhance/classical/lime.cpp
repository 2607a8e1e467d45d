// SPDX-License-Identifier: Apache-2.0
#include "enhance/classical/classical.h"

namespace vane {
namespace {

constexpr double kAlpha = 0.15, kSmall = 1e-3, kGamma = 0.8, kTolerance = 1e-6;
constexpr int kMostIterations = 2000;

/// Forward difference along an axis, zero at the far border.
Tensor difference(const Tensor& x, int64_t axis) {
  const int64_t n = x.size(axis);
  return at::cat({x.diff(1, axis), at::zeros_like(x.narrow(axis, n - 1, 1))}, axis);
}

/// Its transpose: of values on differences to values on pixels.
Tensor transposed_difference(const Tensor& d, int64_t axis) {
  const int64_t n = d.size(axis);
  const Tensor inner = d.narrow(axis, 0, n - 1);
  const Tensor zero = at::zeros_like(d.narrow(axis, 0, 1));
  return at::cat({zero, inner}, axis) - at::cat({inner, zero}, axis);
}

Tensor blurred(const Tensor& x) {
  const Tensor at_taps = at::arange(-7, 8, x.options());
  Tensor kernel = (-at_taps.square() / 8).exp();
  kernel = kernel / kernel.sum();
  const Tensor padded = at::replication_pad2d(x, {7, 7, 7, 7});
  return at::conv2d(at::conv2d(padded, kernel.view({1, 1, 1, 15})), kernel.view({1, 1, 15, 1}));
}

/// Strategy III: w = G * (1 / (G * |g| + e)), divided by |g| + e.
Tensor weights(const Tensor& illumination, int64_t axis) {
  const Tensor slope = difference(illumination, axis).abs();
  return blurred(1 / (blurred(slope) + kSmall)) / (slope + kSmall);
}

/// (I + a sum D'WD) t = t0 from t0 on.
Tensor smoothed(const Tensor& start) {
  const Tensor rows = kAlpha * weights(start, 2), columns = kAlpha * weights(start, 3);
  const auto apply = [&](const Tensor& t) {
    return t + transposed_difference(rows * difference(t, 2), 2) +
           transposed_difference(columns * difference(t, 3), 3);
  };
  // The diagonal: each pixel is an end of up to four differences.
  const auto ends = [](const Tensor& w, int64_t axis) {
    const int64_t n = w.size(axis);
    const Tensor inner = w.narrow(axis, 0, n - 1);
    const Tensor zero = at::zeros_like(w.narrow(axis, 0, 1));
    return at::cat({inner, zero}, axis) + at::cat({zero, inner}, axis);
  };
  const Tensor diagonal = 1 + ends(rows, 2) + ends(columns, 3);
  Tensor t = start.clone();
  Tensor residual = start - apply(t);
  Tensor z = residual / diagonal, p = z;
  double rz = (residual * z).sum().item<double>();
  const double stop = kTolerance * start.norm().item<double>();
  for (int i = 0; i < kMostIterations && residual.norm().item<double>() > stop; ++i) {
    const Tensor ap = apply(p);
    const double step = rz / (p * ap).sum().item<double>();
    t = t + step * p;
    residual = residual - step * ap;
    z = residual / diagonal;
    const double next = (residual * z).sum().item<double>();
    p = z + (next / rz) * p;
    rz = next;
  }
  return t;
}

}  // namespace

Tensor lime(const Tensor& image) {
  const at::NoGradGuard no_grad;
  const Tensor start = std::get<0>(image.max(1, true));
  const int64_t height = image.size(2), width = image.size(3), longest = std::max(height, width);
  Tensor t;
  if (longest > kLimeSide) {
    const auto reduced = [&](int64_t side) {
      return std::max<int64_t>(2, side * kLimeSide / longest);
    };
    const Tensor small = at::adaptive_avg_pool2d(start, {reduced(height), reduced(width)});
    t = at::upsample_bilinear2d(smoothed(small.to(at::kDouble)).to(at::kFloat), {height, width},
                                false);
  } else {
    t = smoothed(start.to(at::kDouble)).to(at::kFloat);
  }
  return (image / t.clamp(kSmall, 1).pow(kGamma)).clamp(0, 1);
}

}  // namespace vane
