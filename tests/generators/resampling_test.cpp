// SPDX-License-Identifier: Apache-2.0
// Oracles: values worked out by hand in the StyleGAN sheet, section 1.4; plain loops in float64.
#include "generators/stylegan/resampling.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/support/gradient_check.h"
#include "tests/support/named_values.h"

namespace vane::testing {
namespace {

Tensor plane(const std::vector<double>& values, int64_t side) {
  return at::tensor(values, at::kDouble).view({1, 1, side, side});
}

double distance(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

/// The 2-D filter, tap by tap.
Tensor plain_blur(const Tensor& x, int64_t pad, double divisor) {
  const double taps[4] = {1, 3, 3, 1};
  const int64_t height = x.size(2) + 2 * pad - 3, width = x.size(3) + 2 * pad - 3;
  Tensor result = at::zeros({x.size(0), x.size(1), height, width}, at::kDouble);
  const auto in = x.accessor<double, 4>();
  auto out = result.accessor<double, 4>();
  for (int64_t n = 0; n < x.size(0); ++n) {
    for (int64_t c = 0; c < x.size(1); ++c) {
      for (int64_t i = 0; i < height * width * 16; ++i) {
        const int64_t b = i % 4, a = i / 4 % 4, column = i / 16 % width, row = i / 16 / width;
        const int64_t y = row + a - pad, z = column + b - pad;
        if (y < 0 || z < 0 || y >= x.size(2) || z >= x.size(3)) continue;
        out[n][c][row][column] += in[n][c][y][z] * taps[a] * taps[b] / divisor;
      }
    }
  }
  return result;
}

TEST(Resampling, UpsamplesToTheValuesOfTheSheet) {
  const Tensor expected = plane({.5625, .9375, 1.3125, 1.125, 1.125, 1.75, 2.25, 1.875, 1.875, 2.75,
                                 3.25, 2.625, 1.6875, 2.4375, 2.8125, 2.25},
                                4);
  EXPECT_LT(distance(upsample_twice(plane({1, 2, 3, 4}, 2)), expected), 1e-12);
}

TEST(Resampling, AConstantKeepsItsValueExceptAtTheBorder) {
  const Tensor larger = upsample_twice(at::full({1, 2, 4, 4}, 2.0));
  EXPECT_LT(distance(larger.narrow(2, 1, 6).narrow(3, 1, 6), at::full({1, 2, 6, 6}, 2.0)), 1e-6);
  EXPECT_NEAR(larger.index({0, 1, 0, 3}).item<double>(), 2 * 0.75, 1e-6);
  EXPECT_NEAR(larger.index({0, 1, 7, 7}).item<double>(), 2 * 0.5625, 1e-6);
}

TEST(Resampling, UpConvolutionGivesTheValuesOfTheSheet) {
  const Tensor kernel = plane({1, 2, 3, 4, 5, 6, 7, 8, 9}, 3);
  const Tensor expected =
      plane({17.0625, 29.6875, 37.25, 33.9375, 36, 60.625, 73.4375, 64.6875, 56.25, 90.625,
             105.3125, 89.4375, 63.9375, 99.4375, 111.875, 92.0625},
            4);
  const Tensor x = plane({1, 2, 3, 4}, 2);
  EXPECT_LT(distance(up_convolution(x, kernel), expected), 1e-12);
  // The mistake that a port makes: the kernel turned round.
  EXPECT_NEAR(up_convolution(x, kernel.flip({2, 3})).flatten()[0].item<double>(), 37.9375, 1e-12);
}

TEST(Resampling, BlurEqualsPlainLoops) {
  for (const int64_t pad : {0, 1, 2, 3}) {
    for (const auto& [height, width] :
         std::vector<std::pair<int64_t, int64_t>>{{4, 4}, {5, 9}, {17, 33}}) {
      const Tensor x = named_values("x", {2, 3, height, width}).to(at::kDouble);
      const Tensor expected = plain_blur(x, pad, 16);
      EXPECT_LT(distance(blur(x, pad, 16), expected), 1e-12) << pad << " " << height;
      const Tensor single = blur(x.to(at::kFloat), pad, 16);
      EXPECT_LT(distance(single.to(at::kDouble), expected), 1e-5) << pad << " " << height;
    }
  }
}

TEST(Resampling, TakesAnyLayoutInMemory) {
  const Tensor x = named_values("x", {1, 4, 6, 5});
  EXPECT_TRUE(
      at::equal(blur(x.transpose(2, 3), 1, 16), blur(x.transpose(2, 3).contiguous(), 1, 16)));
  EXPECT_TRUE(at::equal(blur(x.narrow(1, 1, 2).expand({3, -1, -1, -1}), 1, 16)[2],
                        blur(x, 1, 16).narrow(1, 1, 2)[0]));
}

TEST(Resampling, GradientsAgreeWithDifferences) {
  const Tensor x = named_values("x", {1, 2, 3, 4}).to(at::kDouble);
  const Tensor kernel = named_values("k", {2, 3, 3, 3}).to(at::kDouble);
  EXPECT_LT(gradient_error([](const Tensor& v) { return upsample_twice(v).pow(3).sum(); }, x),
            1e-6);
  for (const int64_t pad : {1, 2, 3}) {
    EXPECT_LT(gradient_error([&](const Tensor& v) { return blur(v, pad, 16).pow(3).sum(); }, x),
              1e-6);
  }
  EXPECT_LT(
      gradient_error([&](const Tensor& v) { return up_convolution(v, kernel).pow(3).sum(); }, x),
      1e-6);
  EXPECT_LT(
      gradient_error([&](const Tensor& v) { return up_convolution(x, v).pow(3).sum(); }, kernel),
      1e-6);
  // A gradient penalty differentiates the gradient.
  const auto penalty = [](const Tensor& v) {
    const Tensor point = v.requires_grad() ? v : v.detach().requires_grad_();
    const at::AutoGradMode grad(true);
    return torch::autograd::grad({blur(point, 1, 16).pow(3).sum()}, {point}, {}, true, true)[0]
        .square()
        .sum();
  };
  EXPECT_LT(gradient_error(penalty, x), 1e-6);
}

TEST(Resampling, RefusesWhatItCannotBlur) {
  for (const Tensor& x :
       {at::zeros({1, 1, 1, 8}), at::zeros({1, 8, 8}), at::zeros({1, 1, 8, 8}, at::kHalf)}) {
    EXPECT_THROW(blur(x, 1, 16), Error);
  }
}

}  // namespace
}  // namespace vane::testing
