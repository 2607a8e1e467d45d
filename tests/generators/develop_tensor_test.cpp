// SPDX-License-Identifier: Apache-2.0
// The tensor path against the per-pixel path (written separately) and against finite differences.
#include "generators/develop/develop_tensor.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/generators/develop_scenes.h"

namespace vane {
namespace {

using testing::develop_pixels;
using testing::noise_image;
using testing::random_settings;

Tensor picture_tensor(const Image& image, at::ScalarType type) {
  std::vector<double> planar(image.sample_count());
  const auto pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  for (size_t p = 0; p < pixels; ++p) {
    for (size_t i = 0; i < 3; ++i) {
      planar[i * pixels + p] =
          image.depth == 8 ? image.u8[3 * p + i] / 255.0 : image.u16[3 * p + i] / 65535.0;
    }
  }
  return at::tensor(planar).reshape({1, 3, image.height, image.width}).to(type);
}

template <class T>
double largest_difference(const Image& image, const DevelopSettings& settings) {
  const at::ScalarType type = c10::CppTypeToScalarType<T>::value;
  const std::vector<T> expected = develop_pixels<T>(image, settings);
  const Tensor actual = develop_tensor(picture_tensor(image, type), latent_of_settings(settings));
  const Tensor wanted = at::tensor(expected).reshape(actual.sizes());
  return (actual - wanted).abs().max().template item<double>();
}

struct Size {
  int width, height;
};

// Oracle 2: two implementations of the same formulas, one per pixel and one on tensors.
TEST(DevelopTensor, AgreesWithThePixelPathOnAnyPicture) {
  uint64_t seed = 1;
  for (const Size size : {Size{37, 23}, Size{1, 64}, Size{64, 1}, Size{1, 1}, Size{16, 40}}) {
    for (const float reach : {0.1f, 0.5f, 1.f}) {
      for (const int depth : {8, 16}) {
        ++seed;
        const Image image = noise_image(size.width, size.height, 3, depth, seed);
        const DevelopSettings settings = random_settings(seed, reach);
        // A dark channel at the border of the gamut is a difference of large numbers, and the
        // transfer function has slope 12.92 there.
        EXPECT_LT(largest_difference<float>(image, settings), 3e-5)
            << size.width << "x" << size.height << " reach " << reach << " seed " << seed;
        EXPECT_LT(largest_difference<double>(image, settings), 1e-11);
      }
    }
  }
}

// Oracle 3 (law): zeros are the identity, also for the tensor path, which skips nothing.
TEST(DevelopTensor, LeavesThePictureAloneAtZero) {
  const Tensor image = picture_tensor(noise_image(31, 17, 3, 16, 5), at::kFloat);
  DevelopSettings zero;
  zero.grid = {2, 2, 2, std::vector<float>(96)};
  const Tensor out = develop_tensor(image, latent_of_settings(zero));
  EXPECT_LT((out - image).abs().max().item<double>(), 4e-6);
}

// Oracle 4: central differences in float64 of a random projection, for every part.
TEST(DevelopTensor, GradientsMatchFiniteDifferences) {
  const Tensor image = picture_tensor(noise_image(9, 7, 3, 16, 11), at::kDouble);
  const Latent start = latent_of_settings(random_settings(12, 0.4f));
  Latent latent{start.space, {}};
  for (const auto& [name, part] : start.parts) {
    latent.parts[name] = part.to(at::kDouble).requires_grad_(true);
  }
  const Tensor weights = at::sin(at::arange(image.numel(), at::kDouble) * 1.7).reshape_as(image);
  const auto loss = [&] { return (develop_tensor(image, latent) * weights).sum(); };
  for (const auto& [name, part] : latent.parts) {
    const Tensor gradient = torch::autograd::grad({loss()}, {part})[0].reshape({-1});
    EXPECT_GT(gradient.abs().max().item<double>(), 1e-4) << name;
    const at::NoGradGuard no_grad;
    const int64_t stride = std::max<int64_t>(1, part.numel() / 40);
    for (int64_t i = 0; i < part.numel(); i += stride) {
      constexpr double kStep = 1e-6;
      Tensor flat = part.detach().view({-1});
      const double value = flat[i].item<double>();
      flat[i] = value + kStep;
      const double above = loss().item<double>();
      flat[i] = value - kStep;
      const double below = loss().item<double>();
      flat[i] = value;
      const double expected = (above - below) / (2 * kStep);
      EXPECT_NEAR(gradient[i].item<double>(), expected, 1e-5 + 1e-4 * std::abs(expected))
          << name << "[" << i << "]";
    }
  }
}

// Oracle 3 (law): an edit starts at zero, on any pixel; there every setting must be felt.
TEST(DevelopTensor, GradientsAreFiniteAndAliveAtTheIdentity) {
  const Image source = noise_image(24, 16, 3, 8, 3);
  const Tensor image = picture_tensor(source, at::kFloat);
  Latent latent = latent_of_settings(DevelopSettings{});
  latent.parts["grid"] = at::zeros({12, 3, 4, 4});
  for (auto& [name, part] : latent.parts) part.requires_grad_(true);
  const Tensor weights = at::sin(at::arange(image.numel(), at::kFloat) * 1.7f).reshape_as(image);
  const Tensor loss = (develop_tensor(image, latent) * weights).sum();
  for (const auto& [name, part] : latent.parts) {
    const Tensor gradient = torch::autograd::grad({loss}, {part}, {}, true)[0];
    EXPECT_TRUE(at::isfinite(gradient).all().item<bool>()) << name;
    EXPECT_GT(gradient.abs().max().item<double>(), 1e-3) << name;
  }
}

// Oracle 1: a grey picture warms when the temperature rises, although its channels are tied.
TEST(DevelopTensor, WarmsAGreyPictureByItsGradient) {
  const Tensor image = at::full({1, 3, 4, 4}, 0.5);
  Latent latent = latent_of_settings(DevelopSettings{});
  latent.parts["temperature"].requires_grad_(true);
  const Tensor out = develop_tensor(image, latent);
  const Tensor redness = (out.select(1, 0) - out.select(1, 2)).mean();
  const Tensor gradient = torch::autograd::grad({redness}, {latent.parts["temperature"]})[0];
  // d/dt of srgb(L 2^(g t)) = srgb'(L) L ln2 g at L = 0.2140; red minus blue has g = 1.35.
  const double slope = 1.055 / 2.4 * std::pow(0.21404114, 1 / 2.4);
  EXPECT_NEAR(gradient.item<double>(), slope * std::log(2.0) * 1.35, 2e-3);
}

TEST(DevelopTensor, RoundTripsSettings) {
  const DevelopSettings settings = random_settings(8, 0.9f);
  const DevelopSettings back = settings_of_latent(latent_of_settings(settings));
  for (const DevelopField& field : develop_fields()) {
    for (int64_t i = 0; i < field.size(settings); ++i) {
      EXPECT_EQ(field.data(settings)[i], field.data(back)[i]) << field.name;
    }
  }
  EXPECT_EQ(settings.grid.coefficients, back.grid.coefficients);
  EXPECT_EQ(settings.grid.width, back.grid.width);
}

TEST(DevelopTensor, RefusesForeignLatents) {
  const Tensor image = at::zeros({1, 3, 2, 2});
  EXPECT_THROW(develop_tensor(image, {"w_plus", {}}), Error);
  EXPECT_THROW(develop_tensor(image, {"develop", {{"exposure", at::zeros({2})}}}), Error);
  EXPECT_THROW(develop_tensor(image, {"develop", {{"brilliance", at::zeros({1})}}}), Error);
  EXPECT_THROW(develop_tensor(image, {"develop", {{"grid", at::zeros({12, 8})}}}), Error);
  EXPECT_THROW(develop_tensor(at::zeros({2, 3, 2, 2}), {"develop", {}}), Error);
}

// Oracle 3 (law): the identity is free, and going further in any direction costs more.
TEST(DevelopPrior, GrowsAwayFromTheIdentity) {
  const DevelopSettings settings = random_settings(4, 0.5f);
  const auto prior = [&](float strength) {
    return develop_prior(latent_of_settings(scaled(settings, strength))).item<double>();
  };
  EXPECT_EQ(prior(0.f), 0.0);
  EXPECT_GT(prior(0.5f), prior(0.25f));
  EXPECT_GT(prior(1.f), prior(0.5f));
  // Quadratic near the identity, so that nothing pulls a small edit back with full force.
  EXPECT_NEAR(prior(0.02f) / prior(0.01f), 4.0, 0.05);
}

}  // namespace
}  // namespace vane
