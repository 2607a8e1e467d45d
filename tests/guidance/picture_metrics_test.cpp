// SPDX-License-Identifier: Apache-2.0
// Oracle: closed forms (sheet enhance.md, section 7), laws, and the published pairs of CIEDE2000.
#include "guidance/picture_metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "guidance/edit_metrics.h"

namespace vane {
namespace {

Tensor flat(double level, int64_t side = 24) {
  return at::full({1, 3, side, side}, level / 255, at::kDouble);
}

TEST(PictureMetrics, AConstantErrorHasItsPsnr) {
  EXPECT_NEAR(psnr_rgb(flat(100), flat(110)), 28.1308, 1e-4);
  EXPECT_NEAR(psnr_rgb(flat(100), flat(110.3)), 28.1308, 1e-4);  // rounded to 8 bits
  EXPECT_TRUE(std::isinf(psnr_rgb(flat(100), flat(100.3))));
  // Y of white is 235, of black 16.
  EXPECT_NEAR(psnr_y(flat(0), flat(255)), 20 * std::log10(255.0 / 219), 1e-9);
}

TEST(PictureMetrics, SsimOfConstantsIsItsLuminanceTerm) {
  EXPECT_NEAR(ssim_luma(flat(100), flat(120)), 0.98361, 1e-5);
  EXPECT_NEAR(ssim_luma(flat(50), flat(50)), 1, 1e-12);
}

TEST(PictureMetrics, OrderOfLightness) {
  const Tensor ramp =
      (at::arange(40 * 40, at::kDouble) / 1600).view({1, 1, 40, 40}).expand({1, 3, -1, -1});
  EXPECT_EQ(lightness_order_error(ramp, ramp), 0);
  EXPECT_EQ(lightness_order_error(ramp, ramp.sqrt()), 0);  // any increasing curve
  EXPECT_EQ(lightness_order_error(ramp, 1 - ramp), 1599);  // every pair but with itself
  const Tensor large = at::rand({1, 3, 120, 90}, at::kDouble);
  EXPECT_EQ(lightness_order_error(large, large), 0);
  const Tensor strip = at::zeros({1, 3, 50, 2001});
  EXPECT_THROW(lightness_order_error(strip, strip), Error);
}

// Sharma, Wu and Dalal 2005, Table 1; each probes another branch of the hue arithmetic.
TEST(PictureMetrics, Ciede2000OfThePublishedPairs) {
  const double rows[][7] = {{50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425},
                            {50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615},
                            {50, 2.8361, -74.0200, 50, 0, -82.7485, 3.4412},
                            {50, -1.3802, -84.2814, 50, 0, -82.7485, 1.0000},
                            {50, 0, 0, 50, -1, 2, 2.3669},
                            {50, 2.49, -0.001, 50, -2.49, 0.0009, 7.1792},
                            {50, 2.49, -0.001, 50, -2.49, 0.0011, 7.2195},
                            {50, 2.5, 0, 73, 25, -18, 27.1492},
                            {60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644},
                            {2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082}};
  for (const auto& row : rows) {
    const auto colour = [](const double* lab) {
      return at::tensor({lab[0], lab[1], lab[2]}, at::kDouble).view({1, 3, 1, 1});
    };
    const Tensor a = colour(row), b = colour(row + 3);
    EXPECT_NEAR(ciede2000(a, b).item<double>(), row[6], 5e-5);
    EXPECT_NEAR(ciede2000(b, a).item<double>(), row[6], 5e-5);
  }
  EXPECT_NEAR(delta_e_2000(flat(70), flat(70)).mean, 0, 1e-9);
  Tensor spotted = flat(70, 10);
  spotted.select(3, 0).fill_(1);  // a tenth of the picture
  const ColourDifference found = delta_e_2000(flat(70, 10), spotted);
  EXPECT_NEAR(found.mean, found.percentile_95 / 10, 1e-9);
}

TEST(PictureMetrics, ScalingAPixelTurnsNoColour) {
  const Tensor picture = at::rand({1, 3, 9, 7}, at::kDouble) * 0.5 + 0.01;
  EXPECT_NEAR(chroma_angle(picture, picture * (1 + at::rand({1, 1, 9, 7}, at::kDouble))), 0, 1e-6);
  const Tensor red = at::tensor({1.0, 0.0, 0.0}, at::kDouble).view({1, 3, 1, 1});
  EXPECT_NEAR(chroma_angle(red, at::roll(red, 1, 1)), 90, 1e-9);
  EXPECT_TRUE(std::isnan(chroma_angle(red, at::zeros_like(red))));
}

TEST(PictureMetrics, RefusesPicturesOfOtherSizes) {
  EXPECT_THROW(psnr_rgb(flat(1), flat(1, 25)), Error);
  EXPECT_THROW(lightness_order_error(flat(1).select(0, 0), flat(1)), Error);
}

}  // namespace
}  // namespace vane
