// SPDX-License-Identifier: Apache-2.0
#include "guidance/edit_metrics.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::LinearClip;
using testing::normal_tensor;
using testing::uniform_tensor;

Tensor flat(double r, double g, double b) {
  return at::tensor({r, g, b}, at::kDouble).view({1, 3, 1, 1}).expand({1, 3, 16, 16}).contiguous();
}

// A picture with structure: two smooth waves and a bright square.
Tensor scene() {
  const Tensor y = at::arange(48, at::kDouble).view({48, 1}), x = at::arange(40, at::kDouble);
  Tensor grey = 0.4 + 0.15 * (y / 5).sin() + 0.1 * (x / 3).cos();
  grey.narrow(0, 10, 15).narrow(1, 8, 12).add_(0.25);
  return at::stack({grey, grey * 0.9, grey * 0.7}).unsqueeze(0);
}

// Oracle 1: a constant difference of 0.1 is 20 dB.
TEST(EditMetrics, PsnrOfAConstantDifference) {
  EXPECT_NEAR(psnr(flat(0.3, 0.3, 0.3), flat(0.4, 0.4, 0.4)), 20.0, 1e-9);
  EXPECT_TRUE(std::isinf(psnr(scene(), scene())));
  EXPECT_THROW(psnr(scene(), flat(0, 0, 0)), Error);
}

// Oracle 2: one 11 x 11 window, sums written out.
TEST(EditMetrics, SsimOfOneWindowAgreesWithTheFormula) {
  const Tensor a = uniform_tensor({1, 1, 11, 11}, 1).to(at::kDouble);
  const Tensor b = uniform_tensor({1, 1, 11, 11}, 2).to(at::kDouble);
  double total = 0, mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  for (int i = 0; i < 11; ++i) {
    for (int j = 0; j < 11; ++j) {
      const double w = std::exp(-((i - 5) * (i - 5) + (j - 5) * (j - 5)) / 4.5);
      const double p = a[0][0][i][j].item<double>(), q = b[0][0][i][j].item<double>();
      total += w;
      mx += w * p;
      my += w * q;
      xx += w * p * p;
      yy += w * q * q;
      xy += w * p * q;
    }
  }
  mx /= total;
  my /= total;
  const double vx = xx / total - mx * mx, vy = yy / total - my * my, vxy = xy / total - mx * my;
  const double expected =
      (2 * mx * my + 1e-4) * (2 * vxy + 9e-4) / ((mx * mx + my * my + 1e-4) * (vx + vy + 9e-4));
  EXPECT_NEAR(ssim(a, b), expected, 1e-12);
  EXPECT_NEAR(ssim(a, a), 1.0, 1e-12);
}

// Oracle 3 (law): light and contrast cancel; blur and another picture do not.
TEST(EditMetrics, EdgeSsimIsBlindToLightAndSeesLostEdges) {
  const Tensor picture = scene();
  EXPECT_NEAR(edge_ssim(picture, picture), 1.0, 1e-12);
  EXPECT_NEAR(edge_ssim(picture, picture * 0.6 + 0.1), 1.0, 1e-6);
  const Tensor blurred = at::avg_pool2d(picture, {5, 5}, {1, 1}, {2, 2});
  EXPECT_LT(edge_ssim(picture, blurred), 0.9);
  EXPECT_LT(edge_ssim(picture, picture.flip({3})), 0.8);
  EXPECT_NEAR(edge_ssim(flat(0.5, 0.5, 0.5), flat(0.2, 0.2, 0.2)), 1.0, 1e-9);
}

// Oracle 1: published CIELAB values of the sRGB primaries, white and middle grey (D65).
TEST(EditMetrics, LabOfKnownColours) {
  const auto lab = [](double r, double g, double b) {
    return srgb_to_lab(flat(r, g, b))[0].select(1, 0).select(1, 0);
  };
  const auto expect = [](const Tensor& value, double l, double a, double b) {
    EXPECT_NEAR(value[0].item<double>(), l, 0.02);
    EXPECT_NEAR(value[1].item<double>(), a, 0.02);
    EXPECT_NEAR(value[2].item<double>(), b, 0.02);
  };
  expect(lab(1, 1, 1), 100, 0, 0);
  expect(lab(0, 0, 0), 0, 0, 0);
  expect(lab(1, 0, 0), 53.24, 80.09, 67.20);
  expect(lab(0, 1, 0), 87.73, -86.18, 83.18);
  expect(lab(0, 0, 1), 32.30, 79.19, -107.86);
  expect(lab(0.5, 0.5, 0.5), 53.39, 0, 0);
}

// Oracle 1: differences of the known values above.
TEST(EditMetrics, LabChangeIsEditMinusSource) {
  const LabChange change = lab_change(flat(0, 0, 0), flat(1, 0, 0));
  EXPECT_NEAR(change.lightness, 53.24, 0.02);
  EXPECT_NEAR(change.a, 80.09, 0.02);
  EXPECT_NEAR(change.b, 67.20, 0.02);
  EXPECT_NEAR(change.chroma, std::hypot(80.09, 67.20), 0.03);
  EXPECT_NEAR(change.delta_e, std::hypot(53.24, std::hypot(80.09, 67.20)), 0.03);
}

Direction direction_for(const ClipEncoder& clip, const Tensor& vector) {
  Direction direction;
  direction.vector = unit(vector.to(at::kFloat));
  direction.model_hash = clip.info().hash;
  return direction;
}

// Oracle 3 (law): nothing gained without a change; exchanging the pictures flips the sign.
TEST(EditMetrics, ClipGainIsAntisymmetricAndZeroWithoutChange) {
  const LinearClip clip;
  const Direction direction = direction_for(clip, normal_tensor({12}, 3));
  const Tensor a = uniform_tensor({1, 3, 20, 24}, 1), b = uniform_tensor({1, 3, 20, 24}, 2);
  const ClipGain none = clip_gain(clip, direction, a, a), there = clip_gain(clip, direction, a, b),
                 back = clip_gain(clip, direction, b, a);
  EXPECT_EQ(none.gain, 0.0);
  EXPECT_EQ(none.alignment, 0.0);
  EXPECT_NEAR(there.gain, -back.gain, 1e-9);
  EXPECT_NEAR(there.alignment, -back.alignment, 1e-9);
  EXPECT_GT(there.standard_error, 0.0);
}

// Oracle 2: without crops it is the whole picture's change along the direction.
TEST(EditMetrics, ClipGainWithoutCropsIsTheProjectionOfTheChange) {
  const LinearClip clip;
  const Tensor a = uniform_tensor({1, 3, 20, 24}, 1), b = uniform_tensor({1, 3, 20, 24}, 2);
  const Tensor change = (clip.image_features(b) - clip.image_features(a))[0];
  HeldOutConfig config;
  config.crops_per_size = 0;
  const ClipGain gain = clip_gain(clip, direction_for(clip, change), a, b, config);
  EXPECT_NEAR(gain.gain, change.norm().item<double>(), 1e-6);
  EXPECT_NEAR(gain.alignment, 1.0, 1e-6);
  EXPECT_THROW(clip_gain(LinearClip(12, 5), direction_for(clip, change), a, b), Error);
}

}  // namespace
}  // namespace vane
