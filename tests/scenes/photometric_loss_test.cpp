// SPDX-License-Identifier: Apache-2.0
// Oracle 2: SSIM from its definition in float64, window by window. Oracle 4: central differences.
#include "editing/scenes/photometric_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/rng.h"

namespace vane {
namespace {

std::vector<float> random_picture(int width, int height, uint64_t seed) {
  Rng rng(seed);
  std::vector<float> out(3 * static_cast<size_t>(width * height));
  for (float& v : out) v = rng.uniform();
  return out;
}

double ssim_of(const std::vector<double>& x, const std::vector<float>& y, int width, int height) {
  double total = 0;
  for (int c = 0; c < 3; ++c) {
    for (int py = 0; py < height; ++py) {
      for (int px = 0; px < width; ++px) {
        double norm = 0, mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
        for (int dy = -5; dy <= 5; ++dy) {
          for (int dx = -5; dx <= 5; ++dx) {
            const double w = std::exp(-(dx * dx + dy * dy) / 4.5);
            norm += w;
            if (px + dx < 0 || px + dx >= width || py + dy < 0 || py + dy >= height) continue;
            const auto at = static_cast<size_t>(3 * ((py + dy) * width + px + dx) + c);
            mx += w * x[at];
            my += w * double(y[at]);
            xx += w * x[at] * x[at];
            yy += w * double(y[at]) * double(y[at]);
            xy += w * x[at] * double(y[at]);
          }
        }
        mx /= norm;
        my /= norm;
        const double vx = xx / norm - mx * mx, vy = yy / norm - my * my, cov = xy / norm - mx * my;
        total += (2 * mx * my + 1e-4) * (2 * cov + 9e-4) /
                 ((mx * mx + my * my + 1e-4) * (vx + vy + 9e-4));
      }
    }
  }
  return total / (3.0 * width * height);
}

TEST(PhotometricLoss, SsimIsThatOfItsDefinition) {
  constexpr int kWidth = 19, kHeight = 8;
  const auto x = random_picture(kWidth, kHeight, 1), y = random_picture(kWidth, kHeight, 2);
  const auto loss = photometric_loss(x, y, kWidth, kHeight, 0.2, 2);
  const double expected = ssim_of({x.begin(), x.end()}, y, kWidth, kHeight);
  EXPECT_NEAR(loss.ssim, expected, 2e-6);
  EXPECT_NEAR(mean_ssim(x, y, kWidth, kHeight, 1), expected, 2e-6);
  EXPECT_NEAR(loss.loss, 0.8 * loss.l1 + 0.2 * (1 - expected), 1e-6);
  EXPECT_NEAR(photometric_loss(x, x, kWidth, kHeight, 0.2, 1).loss, 0, 1e-6);
}

TEST(PhotometricLoss, GradientIsThatOfCentralDifferences) {
  constexpr int kWidth = 15, kHeight = 13;
  const auto x = random_picture(kWidth, kHeight, 3), y = random_picture(kWidth, kHeight, 4);
  const auto found = photometric_loss(x, y, kWidth, kHeight, 0.3, 2);
  std::vector<double> moved(x.begin(), x.end());
  const auto value = [&] {
    double l1 = 0;
    for (size_t i = 0; i < moved.size(); ++i) l1 += std::abs(moved[i] - double(y[i]));
    return 0.7 * l1 / static_cast<double>(moved.size()) +
           0.3 * (1 - ssim_of(moved, y, kWidth, kHeight));
  };
  for (size_t i = 0; i < x.size(); i += 7) {
    constexpr double kStep = 1e-6;
    const double before = moved[i];
    moved[i] = before + kStep;
    const double up = value();
    moved[i] = before - kStep;
    const double down = value();
    moved[i] = before;
    EXPECT_NEAR(found.d_rgb[i], (up - down) / (2 * kStep), 3e-7) << i;
  }
}

TEST(PhotometricLoss, ThreadsDoNotChangeAByte) {
  const auto x = random_picture(40, 30, 5), y = random_picture(40, 30, 6);
  const auto one = photometric_loss(x, y, 40, 30, 0.2, 1),
             two = photometric_loss(x, y, 40, 30, 0.2, 2);
  EXPECT_EQ(one.d_rgb, two.d_rgb);
  EXPECT_EQ(one.loss, two.loss);
}

TEST(PhotometricLoss, PsnrOfAKnownError) {
  const std::vector<float> x(12, 0.5f), y(12, 0.4f), over(12, 1.7f), one(12, 1.f);
  EXPECT_NEAR(picture_psnr(x, y), 20, 1e-4);
  EXPECT_TRUE(std::isinf(picture_psnr(over, one)));  // clamped first
}

}  // namespace
}  // namespace vane
