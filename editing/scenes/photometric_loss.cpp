// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/photometric_loss.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "generators/splats/work_queue.h"

namespace vane {
namespace {

constexpr int kRadius = 5, kWindow = 2 * kRadius + 1;
constexpr double kSigma = 1.5;
constexpr float kC1 = 0.01f * 0.01f, kC2 = 0.03f * 0.03f;

std::array<float, kWindow> window() {
  std::array<double, kWindow> w{};
  double sum = 0;
  for (int i = 0; i < kWindow; ++i) {
    const double x = i - kRadius;
    sum += w[static_cast<size_t>(i)] = std::exp(-x * x / (2 * kSigma * kSigma));
  }
  std::array<float, kWindow> out{};
  for (size_t i = 0; i < kWindow; ++i) out[i] = static_cast<float>(w[i] / sum);
  return out;
}

/// One channel, with room for the window around it.
class Plane {
 public:
  Plane(int width, int height)
      : width_(width),
        height_(height),
        stride_(static_cast<size_t>(width + 2 * kRadius)),
        at_(stride_ * static_cast<size_t>(height + 2 * kRadius), 0.f) {}
  float* row(int y) { return at_.data() + static_cast<size_t>(y + kRadius) * stride_ + kRadius; }
  const float* row(int y) const {
    return at_.data() + static_cast<size_t>(y + kRadius) * stride_ + kRadius;
  }

  /// Blurs in place, with zeros around.
  void blur(const std::array<float, kWindow>& w, std::vector<float>& lines) {
    const auto width = static_cast<size_t>(width_);
    // Columns first: a ring of rows as they were before.
    lines.assign(width * kWindow, 0.f);
    for (int y = -kRadius; y < height_ + kRadius; ++y) {
      float* kept = lines.data() + static_cast<size_t>((y + kRadius) % kWindow) * width;
      std::copy_n(row(y), width, kept);
      const int out = y - kRadius;
      if (out < 0) continue;
      float* to = row(out);
      std::fill_n(to, width, 0.f);
      for (int k = 0; k < kWindow; ++k) {
        const float* from = lines.data() + static_cast<size_t>((out + k) % kWindow) * width;
        const float f = w[static_cast<size_t>(k)];
        for (size_t x = 0; x < width; ++x) to[x] += f * from[x];
      }
    }
    lines.resize(std::max(lines.size(), width));
    for (int y = 0; y < height_; ++y) {
      float* to = lines.data();
      const float* from = row(y) - kRadius;
      std::fill_n(to, width, 0.f);
      for (int k = 0; k < kWindow; ++k) {
        const float f = w[static_cast<size_t>(k)];
        for (size_t x = 0; x < width; ++x) to[x] += f * from[x + static_cast<size_t>(k)];
      }
      std::copy_n(to, width, row(y));
    }
  }

 private:
  int width_, height_;
  size_t stride_;
  std::vector<float> at_;
};

/// Sum of SSIM over one channel; adds `scale` times its derivative to d_rgb if that is not null.
double channel_ssim(const float* rgb, const float* target, int width, int height, int channel,
                    float scale, float* d_rgb) {
  static const std::array<float, kWindow> w = window();
  Plane x(width, height), y(width, height), xx(width, height), yy(width, height), xy(width, height);
  std::vector<float> lines;
  for (int row = 0; row < height; ++row) {
    const float* a = rgb + static_cast<int64_t>(row) * width * 3 + channel;
    const float* b = target + static_cast<int64_t>(row) * width * 3 + channel;
    for (int i = 0; i < width; ++i) {
      const float p = a[3 * i], q = b[3 * i];
      x.row(row)[i] = p;
      y.row(row)[i] = q;
      xx.row(row)[i] = p * p;
      yy.row(row)[i] = q * q;
      xy.row(row)[i] = p * q;
    }
  }
  for (Plane* plane : {&x, &y, &xx, &yy, &xy}) plane->blur(w, lines);
  double sum = 0;
  for (int row = 0; row < height; ++row) {
    float *mx = x.row(row), *mxx = xx.row(row), *mxy = xy.row(row);
    const float *my = y.row(row), *myy = yy.row(row);
    float line = 0;
    for (int i = 0; i < width; ++i) {
      const float a1 = 2 * mx[i] * my[i] + kC1, b1 = mx[i] * mx[i] + my[i] * my[i] + kC1;
      const float a2 = 2 * (mxy[i] - mx[i] * my[i]) + kC2;
      const float b2 = mxx[i] - mx[i] * mx[i] + myy[i] - my[i] * my[i] + kC2;
      const float inverse = 1 / (b1 * b2), s = a1 * a2 * inverse;
      line += s;
      // Derivatives for the means of x, x^2 and xy, in place of those means.
      const float d_xx = -s / b2, d_xy = 2 * a1 * inverse;
      const float d_x =
          2 * my[i] * a2 * inverse - 2 * mx[i] * s / b1 - 2 * mx[i] * d_xx - my[i] * d_xy;
      mx[i] = d_x;
      mxx[i] = d_xx;
      mxy[i] = d_xy;
    }
    sum += line;
  }
  if (!d_rgb) return sum;
  // The window is symmetric: spreading a derivative is the same blur.
  for (Plane* plane : {&x, &xx, &xy}) plane->blur(w, lines);
  for (int row = 0; row < height; ++row) {
    const int64_t at = static_cast<int64_t>(row) * width * 3 + channel;
    const float *d_x = x.row(row), *d_xx = xx.row(row), *d_xy = xy.row(row);
    for (int i = 0; i < width; ++i) {
      d_rgb[at + 3 * i] +=
          scale * (d_x[i] + 2 * rgb[at + 3 * i] * d_xx[i] + target[at + 3 * i] * d_xy[i]);
    }
  }
  return sum;
}

std::vector<float> clamped(std::span<const float> rgb) {
  std::vector<float> out(rgb.begin(), rgb.end());
  for (float& v : out) v = std::clamp(v, 0.f, 1.f);
  return out;
}

}  // namespace

PhotometricLoss photometric_loss(std::span<const float> rgb, std::span<const float> target,
                                 int width, int height, double ssim_weight, int threads) {
  PhotometricLoss out;
  const auto values = static_cast<double>(rgb.size());
  out.d_rgb.resize(rgb.size());
  const auto l1_scale = static_cast<float>((1 - ssim_weight) / values);
  for (size_t i = 0; i < rgb.size(); ++i) {
    const float difference = rgb[i] - target[i];
    out.l1 += static_cast<double>(std::abs(difference));
    out.d_rgb[i] = difference > 0 ? l1_scale : difference < 0 ? -l1_scale : 0.f;
  }
  out.l1 /= values;
  std::array<double, 3> sums{};
  const auto ssim_scale = static_cast<float>(-ssim_weight / values);
  splats::in_pieces(3, 1, threads, [&](int64_t channel, int64_t) {
    sums[static_cast<size_t>(channel)] =
        channel_ssim(rgb.data(), target.data(), width, height, static_cast<int>(channel),
                     ssim_scale, out.d_rgb.data());
  });
  out.ssim = (sums[0] + sums[1] + sums[2]) / values;
  out.loss = (1 - ssim_weight) * out.l1 + ssim_weight * (1 - out.ssim);
  return out;
}

double mean_ssim(std::span<const float> rgb, std::span<const float> target, int width, int height,
                 int threads) {
  const std::vector<float> shown = clamped(rgb);
  std::array<double, 3> sums{};
  splats::in_pieces(3, 1, threads, [&](int64_t channel, int64_t) {
    sums[static_cast<size_t>(channel)] = channel_ssim(shown.data(), target.data(), width, height,
                                                      static_cast<int>(channel), 0, nullptr);
  });
  return (sums[0] + sums[1] + sums[2]) / static_cast<double>(rgb.size());
}

double picture_psnr(std::span<const float> rgb, std::span<const float> target) {
  double sum = 0;
  for (size_t i = 0; i < rgb.size(); ++i) {
    const auto difference = static_cast<double>(std::clamp(rgb[i], 0.f, 1.f) - target[i]);
    sum += difference * difference;
  }
  if (sum == 0) return std::numeric_limits<double>::infinity();
  return -10 * std::log10(sum / static_cast<double>(rgb.size()));
}

}  // namespace vane
