// SPDX-License-Identifier: Apache-2.0
// Oracle: the formulas in numpy, with loops over windows and blocks, on pictures made from their
// names; the numbers are printed by tests/oracles/record_metrics.py.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cmath>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"
#include "guidance/clip_gap.h"
#include "guidance/edit_metrics.h"
#include "guidance/naturalness.h"
#include "guidance/picture_metrics.h"
#include "tests/support/named_values.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

Tensor levels(const Tensor& image) { return at::floor(image * 255 + 0.5); }

/// [1,3,h,w] float64 of 8-bit levels: blocks of 8 x 8 and some noise.
Tensor picture(const std::string& name, int64_t height, int64_t width, double noise) {
  const Tensor small =
      named_values(name, {1, 3, (height + 7) / 8, (width + 7) / 8}, 0.25, 0.5).to(at::kDouble);
  const Tensor large = small.clamp(0, 1)
                           .repeat_interleave(8, 2)
                           .repeat_interleave(8, 3)
                           .slice(2, 0, height)
                           .slice(3, 0, width);
  return levels((large + named_values(name + ".noise", {1, 3, height, width}, noise)).clamp(0, 1));
}

class RecordedMetrics : public ::testing::Test {
 protected:
  const Tensor right_ = picture("right", 200, 300, 0.02) / 255;
  const Tensor test_ =
      at::floor(0.7 * (right_ * 255) + 0.3 * picture("test", 200, 300, 0.05) + 0.5) / 255;
};

TEST_F(RecordedMetrics, OfTwoPictures) {
  EXPECT_NEAR(psnr_rgb(right_, test_), 19.527271426, 1e-6);
  EXPECT_NEAR(psnr_y(right_, test_), 24.223099991, 1e-6);
  EXPECT_NEAR(ssim_luma(right_, test_), 0.824379746, 1e-7);
  EXPECT_NEAR(ssim(right_, test_), 0.793347700, 1e-7);
  EXPECT_NEAR(lightness_order_error(right_.narrow(2, 0, 150), test_.narrow(2, 0, 150)), 924.1448,
              1e-6);
  EXPECT_NEAR(chroma_angle(right_, test_), 8.741610146, 1e-6);
}

TEST_F(RecordedMetrics, FeaturesOfNaturalness) {
  const Tensor features = naturalness_features(test_);
  ASSERT_EQ(features.sizes(), (at::IntArrayRef{6, 36}));
  constexpr std::array<double, 36> kFifth{
      6.367000, 1.005491,  1.144000,  -0.034581, 0.312519, 0.271473,  1.166000, -0.027185,
      0.313894, 0.280932,  1.207000,  -0.065475, 0.339009, 0.256644,  1.247000, -0.053804,
      0.340053, 0.270112,  10.000000, 0.943395,  2.484000, 0.019494,  0.453417, 0.490496,
      2.560000, 0.019126,  0.456642,  0.493296,  2.820000, -0.023167, 0.499703, 0.454372,
      2.822000, -0.020085, 0.498059,  0.458753};
  for (size_t i = 0; i < kFifth.size(); ++i) {
    // Half size passes float32 in Pillow; a shape may take the step beside.
    EXPECT_NEAR(features[4][static_cast<int64_t>(i)].item<double>(), kFifth[i], 1.1e-3) << i;
  }
}

TEST_F(RecordedMetrics, DistanceFromNaturalness) {
  NaturalnessModel model;
  model.mean = named_values("niqe.mean", {36}, 0.2, 0.8).to(at::kDouble);
  const Tensor root = named_values("niqe.root", {36, 36}, 0.3).to(at::kDouble);
  model.covariance = at::matmul(root, root.t());
  EXPECT_NEAR(naturalness_distance(model, naturalness_features(test_)), 38.857309655, 2e-2);
}

TEST(Naturalness, FitsMeanAndCovarianceOfFiniteRows) {
  const Tensor a = named_values("rows.a", {5, 36}).to(at::kDouble);
  Tensor b = named_values("rows.b", {4, 36}).to(at::kDouble);
  b[1][7] = std::nan("");
  const NaturalnessModel model = fit_naturalness({a, b});
  EXPECT_EQ(model.pictures, 2);
  EXPECT_EQ(model.blocks, 8);
  const auto value = [&](int64_t row, int64_t column) {
    const Tensor& part = row < 5 ? a : b;
    const int64_t rows[] = {0, 1, 2, 3, 4, 0, 2, 3};
    return part[rows[row]][column].item<double>();
  };
  for (const auto& [i, j] : std::vector<std::pair<int64_t, int64_t>>{{0, 0}, {3, 17}, {35, 2}}) {
    double mean_i = 0, mean_j = 0, sum = 0;
    for (int64_t row = 0; row < 8; ++row) {
      mean_i += value(row, i) / 8;
      mean_j += value(row, j) / 8;
    }
    for (int64_t row = 0; row < 8; ++row)
      sum += (value(row, i) - mean_i) * (value(row, j) - mean_j);
    EXPECT_NEAR(model.mean[i].item<double>(), mean_i, 1e-12);
    EXPECT_NEAR(model.covariance[i][j].item<double>(), sum / 7, 1e-12);
  }
  // The pictures it was fitted to lie at its centre.
  EXPECT_NEAR(naturalness_distance(model, at::cat({a, b})), 0, 1e-6);
  EXPECT_THROW(fit_naturalness({}), Error);
  EXPECT_THROW(fit_naturalness({a.slice(0, 0, 1)}), Error);
}

TEST(Naturalness, HasNoValueForWhatHasNoBlocks) {
  NaturalnessModel model;
  model.mean = at::zeros({36}, at::kDouble);
  model.covariance = at::eye(36, at::kDouble);
  const auto distance = [&](const Tensor& image) {
    return naturalness_distance(model, naturalness_features(image));
  };
  EXPECT_TRUE(std::isnan(distance(at::rand({1, 3, 95, 300}))));
  EXPECT_TRUE(std::isnan(distance(at::rand({1, 3, 96, 191}))));
  EXPECT_TRUE(std::isfinite(distance(at::rand({1, 3, 96, 192}))));
  EXPECT_TRUE(std::isnan(distance(at::full({1, 3, 200, 200}, 0.5))));  // flat
  EXPECT_THROW(naturalness_features(at::rand({1, 1, 96, 96})), Error);
}

TEST(Naturalness, TakesTheSharpBlocks) {
  // Noise in the first block, a tenth of it in the second.
  Tensor image = named_values("blocks", {1, 3, 96, 192}, 0.1, 0.5);
  image.slice(3, 96).sub_(0.5).mul_(0.1).add_(0.5);
  EXPECT_EQ(naturalness_features(image).size(0), 2);
  const Tensor sharp = naturalness_features(image, kPristineSharpness);
  ASSERT_EQ(sharp.size(0), 1);
  EXPECT_TRUE(at::equal(sharp[0], naturalness_features(image)[0]));
}

TEST(Naturalness, IsReadAsItWasWritten) {
  const fs::path path =
      fs::path(::testing::TempDir()) / ("niqe_" + std::to_string(::getpid()) + ".safetensors");
  const NaturalnessModel model = fit_naturalness({named_values("rows", {50, 36}).to(at::kDouble)});
  save_naturalness(path, model);
  const NaturalnessModel read = load_naturalness(path);
  EXPECT_TRUE(at::allclose(read.mean, model.mean, 1e-6, 1e-7));
  EXPECT_TRUE(at::allclose(read.covariance, model.covariance, 1e-6, 1e-7));
  save_tensors(path, {{"mean", at::zeros({36})}, {"covariance", at::zeros({36, 35})}});
  EXPECT_THROW(load_naturalness(path), Error);
  fs::remove(path);
}

TEST(Naturalness, TakesThePublishedNames) {
  const fs::path path =
      fs::path(::testing::TempDir()) / ("published_" + std::to_string(::getpid()) + ".safetensors");
  const Tensor mean = named_values("mu", {1, 36}).to(at::kDouble),
               covariance = at::eye(36, at::kDouble);
  for (const Tensor& stored : {mean, mean.flatten()}) {
    save_tensors(path, {{"mu_prisparam", stored}, {"cov_prisparam", covariance}});
    const NaturalnessModel read = load_naturalness(path);
    EXPECT_TRUE(read.is_published);
    EXPECT_TRUE(at::allclose(read.mean, mean.flatten(), 1e-6, 1e-7));
    EXPECT_TRUE(at::equal(read.covariance, covariance));
  }
  save_tensors(path, {{"mu_prisparam", mean}});
  EXPECT_THROW(load_naturalness(path), Error);
  fs::remove(path);
}

// The samples were not among what it was fitted to.
TEST(Naturalness, OfTheBundledModelFallsWithNoiseBlurAndBlocks) {
  const NaturalnessModel model =
      load_naturalness(assets_folder() / "models/niqe-local/niqe.safetensors");
  const auto distance = [&](const Tensor& image) {
    return naturalness_distance(model, naturalness_features(image));
  };
  double sharp = 0, noisy = 0, blurred = 0, blocky = 0;
  for (const char* name : {"astronaut.jpg", "chelsea.jpg", "coffee.jpg"}) {
    const Tensor image = image_to_tensor(read_image(assets_folder() / "samples" / name));
    const int64_t height = image.size(2), width = image.size(3);
    sharp += distance(image);
    noisy += distance(image + named_values("noise", image.sizes().vec(), 20.0 / 255));
    blurred += distance(resize_bicubic(resize_area(image, height / 3, width / 3), height, width));
    blocky += distance(
        at::upsample_nearest2d(resize_area(image, height / 4, width / 4), {height, width}));
  }
  EXPECT_GT(noisy, 1.5 * sharp);
  EXPECT_GT(blurred, 1.2 * sharp);
  EXPECT_GT(blocky, 1.5 * sharp);
}

TEST(ClipGap, OfPointsOnACircle) {
  const auto at_angle = [](double degrees) {
    const double a = degrees * 3.14159265358979323846 / 180;
    return at::tensor({std::cos(a), std::sin(a), 0.0}, at::kDouble);
  };
  Direction residual;
  residual.vector = at::tensor({1.f, 0.f, 0.f});
  residual.tau = 0.5f;
  // From <x,r> = -.5 to 0: half of the way to .5; the change points 15 degrees off the direction.
  const ClipGap half = clip_gap(at_angle(120), at_angle(90), residual);
  EXPECT_NEAR(half.closed, 0.5, 1e-9);
  EXPECT_NEAR(half.direction, std::cos(15 * 3.14159265358979323846 / 180), 1e-9);
  EXPECT_NEAR(clip_gap(at_angle(120), at_angle(60), residual).closed, 1, 1e-9);
  EXPECT_NEAR(clip_gap(at_angle(90), at_angle(120), residual).closed, -1, 1e-9);
  EXPECT_TRUE(std::isnan(clip_gap(at_angle(90), at_angle(90), residual).direction));
  EXPECT_EQ(clip_gap(at_angle(90), at_angle(90), residual).closed, 0);
  EXPECT_TRUE(std::isnan(clip_gap(at_angle(30), at_angle(0), residual).closed));  // beyond tau
  residual.tau = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(clip_gap(at_angle(90), at_angle(60), residual), Error);
}

}  // namespace
}  // namespace vane
