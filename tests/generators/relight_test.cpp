// SPDX-License-Identifier: Apache-2.0
// Oracle: the tensor formula against the loop over pixels, and laws of light.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/image/srgb_view.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/srgb_tensor.h"
#include "generators/relight/noise_guard.h"
#include "generators/relight/relight_fields.h"
#include "tests/image/linear_profile.h"

namespace vane {
namespace {

Image noise_picture(int width, int height, int channels, int depth, uint64_t seed = 1) {
  Image image;
  image.width = width;
  image.height = height;
  image.channels = channels;
  image.depth = depth;
  Rng rng(seed);
  for (size_t i = 0; i < image.sample_count(); ++i) {
    if (depth == 8)
      image.u8.push_back(static_cast<uint8_t>(rng.below(256)));
    else
      image.u16.push_back(static_cast<uint16_t>(rng.below(65536)));
  }
  return image;
}

/// Waves without noise, which the guard against noise leaves alone.
Image smooth_picture(int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  image.depth = 16;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double wave = std::sin(0.02 * x + 0.9 * c) * std::cos(0.017 * y - 0.4 * c);
        image.u16.push_back(static_cast<uint16_t>(22000 + 21000 * wave));
      }
    }
  }
  return image;
}

/// Flat halves of two encoded greys with noise of this deviation in linear light.
Image noisy_halves(float deviation, uint64_t seed = 3) {
  Image image;
  image.width = 160;
  image.height = 120;
  image.depth = 16;
  Rng rng(seed);
  for (int i = 0; i < 160 * 120 * 3; ++i) {
    const double level = (i / 3) % 160 < 80 ? 0.02 : 0.1;
    const double light = std::max(0.0, level + double(deviation * rng.normal()));
    const double encoded =
        light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
    image.u16.push_back(static_cast<uint16_t>(65535 * encoded + 0.5));
  }
  return image;
}

std::vector<float> linear_table() {
  std::vector<float> table(65536);
  for (size_t i = 0; i < table.size(); ++i) {
    const double x = double(i) / 65535;
    table[i] = static_cast<float>(x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4));
  }
  return table;
}

/// A network that says something: the head is not zero.
RelightNetwork talking_network() {
  RelightNetwork network = initial_relight_network(Rng(5));
  Rng rng(6);
  const std::span values(network.head.weight.mutable_data_ptr<float>(),
                         size_t(network.head.weight.numel()));
  for (float& value : values) value = 0.3f * rng.normal();
  return network;
}

RelightPlanes flat_planes(float stops, float haze = 0) {
  RelightPlanes planes;
  planes.width = planes.height = 1;
  planes.slope = {0};
  planes.offset = {stops};
  planes.low = {-9};
  planes.high = {9};
  planes.haze = {haze};
  return planes;
}

Image relit_by(const Image& source, const RelightPlanes& planes, double strength = 1,
               std::span<const float> mask = {}, int threads = 2) {
  QuietJob job;
  RelightMeasures measures;
  return relight(source, planes, strength, mask, threads, job, measures);
}

TEST(Relight, AFreshNetworkAddsNothing) {
  const RelightNetwork network = initial_relight_network(Rng(1));
  const RelightEstimate light =
      estimate_light(network, image_to_tensor(noise_picture(50, 35, 3, 8)));
  EXPECT_EQ(light.stops.sizes(), (at::IntArrayRef{1, 1, 35, 50}));
  EXPECT_EQ(light.stops.abs().max().item<float>(), 0);
  EXPECT_LT(light.haze.max().item<float>(), 1e-3f);
  EXPECT_THROW(estimate_light(network, at::zeros({1, 3, 8, 40})), Error);
}

TEST(Relight, StopsAreBoundedWhateverTheWeights) {
  RelightNetwork network = talking_network();
  network.head.weight.mul_(100);
  const RelightEstimate light =
      estimate_light(network, image_to_tensor(noise_picture(48, 48, 3, 8)));
  EXPECT_LE(light.stops.max().item<float>(), 5);
  EXPECT_GE(light.stops.min().item<float>(), -1);
  EXPECT_GT(light.stops.max().item<float>(), 4);
  EXPECT_GE(light.haze.min().item<float>(), 0);
  EXPECT_LE(light.haze.max().item<float>(), 0.1f);
}

TEST(Relight, AnEvenPictureIsLiftedAlikeUpToItsBorder) {
  const RelightNetwork network =
      load_relight_network(assets_folder() / "models" / "enhance-vane" / "relight.safetensors");
  for (const double grey : {0.05, 0.1, 0.2}) {
    const Tensor stops = estimate_light(network, at::full({1, 3, 96, 160}, grey)).stops;
    EXPECT_GT(stops.max().item<float>(), 1);
    // Beside zeros it was a third of the light.
    EXPECT_GT(stops.min().item<float>(), 0.8f * stops.max().item<float>());
  }
}

TEST(Relight, TheUpperTenthOfTheStopsIsTold) {
  Image picture;
  picture.width = 20;
  picture.height = 10;
  for (int i = 0; i < 200; ++i) {
    // A fifth of the columns is white.
    picture.u8.insert(picture.u8.end(), 3, i % 20 < 4 ? 255 : 0);
  }
  RelightPlanes planes;
  planes.width = 40;
  planes.height = 20;
  planes.slope.assign(800, 2);
  planes.offset.assign(800, 0.5f);
  planes.low.assign(800, -9);
  planes.high.assign(800, 9);
  planes.haze.assign(800, 0);
  EXPECT_NEAR(stops_of_upper_tenth(planes, picture), 2.5, 1e-5);
  planes.slope.assign(800, -2);
  EXPECT_NEAR(stops_of_upper_tenth(planes, picture), 0.5, 1e-5);
  planes.high.assign(800, 0.25f);
  EXPECT_NEAR(stops_of_upper_tenth(planes, picture), 0.25, 1e-5);
}

TEST(Relight, TheLoopOverPixelsIsTheTensorFormula) {
  // At the size that the network sees nothing is interpolated.
  const Image picture = smooth_picture(60, 44);
  const RelightNetwork network = talking_network();
  const RelightPlanes planes = relight_planes(network, picture);
  const Tensor image = image_to_tensor(picture);
  const RelightEstimate light =
      estimate_light(network, image_to_tensor(srgb_thumbnail(picture, kRelightSide)));
  const Tensor guide = guide_of(image);
  const GuidedCoefficients guided = guided_stops(light.stops, guide);
  const Tensor high = at::max_pool2d(light.stops, {3, 3}, {1, 1}, {1, 1});
  const Tensor low = -at::max_pool2d(-light.stops, {3, 3}, {1, 1}, {1, 1});
  const Tensor stops = sparing_white(
      at::minimum(at::maximum(guided.slope * guide + guided.offset, low), high), guide);
  for (const double strength : {0.5, 1.0, 1.7}) {
    // What clips keeps its hue in the loop: compare where nothing does.
    const Tensor linear =
        (linear_from_srgb(image) - strength * light.haze).clamp_min(0) * (strength * stops).exp2();
    const Tensor whole = std::get<0>(linear.max(1, true)) <= 1;
    const Tensor expected = relit(image, stops, light.haze, strength);
    const Tensor got = image_to_tensor(relit_by(picture, planes, strength));
    EXPECT_GT(whole.sum().item<int64_t>(), 200);
    EXPECT_LT(((got - expected).abs() * whole).max().item<double>(), 2e-4);
  }
}

TEST(Relight, OneStopDoublesTheLight) {
  Image grey = noise_picture(1, 1, 1, 16);
  grey.u16 = {20000};
  const auto linear = [](double x) {
    return x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4);
  };
  const double before = linear(20000 / 65535.0);
  EXPECT_NEAR(linear(relit_by(grey, flat_planes(1)).u16[0] / 65535.0), 2 * before, 1e-5);
  EXPECT_NEAR(linear(relit_by(grey, flat_planes(1), 0.5).u16[0] / 65535.0), std::sqrt(2) * before,
              1e-5);
  EXPECT_NEAR(linear(relit_by(grey, flat_planes(0, 0.02f)).u16[0] / 65535.0), before - 0.02, 1e-5);
}

TEST(Relight, StrengthZeroAndAMaskOfZeroGiveTheVerySamples) {
  for (const int depth : {8, 16}) {
    for (const int channels : {1, 2, 3, 4}) {
      const Image picture = noise_picture(23, 17, channels, depth);
      const RelightPlanes planes = flat_planes(2.3f, 0.03f);
      const std::vector<float> mask(23 * 17, 0.f);
      for (const Image& same : {relit_by(picture, planes, 0), relit_by(picture, planes, 1, mask)}) {
        EXPECT_EQ(same.u8, picture.u8);
        EXPECT_EQ(same.u16, picture.u16);
      }
      const Image other = relit_by(picture, planes);
      EXPECT_TRUE(other.u8 != picture.u8 || other.u16 != picture.u16);
    }
  }
}

TEST(NoiseGuard, FindsTheNoiseThatIsThere) {
  const std::vector<float> linear = linear_table();
  for (const float deviation : {0.002f, 0.005f}) {
    const NoiseModel noise = noise_of(noisy_halves(deviation), linear);
    for (const double light : {0.02, 0.1}) {
      const double luma = 1.055 * std::pow(light, 1 / 2.4) - 0.055;
      EXPECT_NEAR(std::sqrt(noise.at(static_cast<float>(luma))) / deviation, 1, 0.25) << light;
    }
  }
  const NoiseModel none = noise_of(smooth_picture(160, 120), linear);
  for (const float variance : none.variance) EXPECT_LT(variance, 1e-8f);
  Image sliver = smooth_picture(2, 2);
  EXPECT_EQ(noise_of(sliver, linear).variance[3], 0);
}

TEST(NoiseGuard, AddedLightDoesNotBringOutNoiseAndKeepsEdges) {
  const Image picture = noisy_halves(0.004f);
  const auto spread = [](const Image& image, int first, int last) {
    const Tensor part = linear_from_srgb(image_to_tensor(image)).slice(3, first, last);
    return part.std().item<double>();
  };
  const auto level = [](const Image& image, int first, int last) {
    return linear_from_srgb(image_to_tensor(image)).slice(3, first, last).mean().item<double>();
  };
  const Image lifted = relit_by(picture, flat_planes(2));
  // Four times the light would be four times the noise.
  EXPECT_LT(spread(lifted, 4, 72), 1.6 * spread(picture, 4, 72));
  EXPECT_NEAR(level(lifted, 76, 79) / level(picture, 4, 72), 4, 0.3);
  EXPECT_NEAR(level(lifted, 81, 84) / level(picture, 88, 156), 4, 0.3);
  // Less than half a stop leaves noise as it is.
  EXPECT_NEAR(spread(relit_by(picture, flat_planes(0.4f)), 4, 72) / spread(picture, 4, 72),
              std::exp2(0.4), 0.02);
}

TEST(Relight, ABlownSkyStaysWhiteWhereLightIsTakenAway) {
  Image sky = noise_picture(2, 1, 3, 8);
  sky.u8 = {255, 255, 255, 150, 150, 150};
  const Image less = relit_by(sky, flat_planes(-0.7f));
  EXPECT_EQ(less.u8[0], 255);
  EXPECT_LT(less.u8[3], 130);
}

TEST(Relight, KeepsAlphaAndHueEvenWhereWhiteIsReached) {
  Image picture = noise_picture(1, 1, 4, 8);
  picture.u8 = {220, 110, 40, 77};
  const Image bright = relit_by(picture, flat_planes(2));
  EXPECT_EQ(bright.u8[3], 77);
  EXPECT_EQ(bright.u8[0], 255);
  // The ratios of linear light stay, so that orange does not become yellow.
  const auto linear = [](double x) { return std::pow((x / 255 + 0.055) / 1.055, 2.4); };
  EXPECT_NEAR(linear(bright.u8[1]) / linear(bright.u8[0]), linear(110) / linear(220), 0.005);
}

TEST(Relight, IsTheSameOnAnyNumberOfThreadsAndTellsWhatItDid) {
  const Image picture = noise_picture(120, 90, 3, 8);
  const RelightPlanes planes = relight_planes(talking_network(), picture);
  QuietJob job;
  RelightMeasures one, four;
  const Image a = relight(picture, planes, 1, {}, 1, job, one);
  const Image b = relight(picture, planes, 1, {}, 4, job, four);
  EXPECT_EQ(a.u8, b.u8);
  EXPECT_EQ(one.luma_after, four.luma_after);
  EXPECT_LE(one.gain_min, one.gain_mean);
  EXPECT_LE(one.gain_mean, one.gain_max);
  EXPECT_NEAR(one.luma_before, guide_of(image_to_tensor(picture)).mean().item<double>(), 1e-4);
}

TEST(Relight, TakesPicturesOfAnyShape) {
  const RelightNetwork network = talking_network();
  for (const auto& [width, height] : {std::pair{2, 2}, {1, 40}, {1200, 3}, {17, 300}}) {
    const Image picture = noise_picture(width, height, 3, 8);
    const Image result = relit_by(picture, relight_planes(network, picture));
    EXPECT_EQ(result.u8.size(), picture.u8.size());
  }
}

TEST(Relight, TheNetworkSeesColoursThroughTheProfile) {
  // The same picture once in linear light with a profile that says so: haze depends on what the
  // network sees alone.
  const Image shown = smooth_picture(64, 48);
  Image linear = shown;
  const std::vector<float> light = linear_table();
  for (uint16_t& v : linear.u16) v = static_cast<uint16_t>(65535 * light[v] + 0.5f);
  linear.metadata.icc = testing::linear_profile(false);
  const RelightNetwork network = talking_network();
  const std::vector<float> wanted = relight_planes(network, shown).haze;
  const std::vector<float> seen = relight_planes(network, linear).haze;
  linear.metadata.icc.clear();
  const std::vector<float> blind = relight_planes(network, linear).haze;
  double error = 0, without = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    error = std::max(error, std::abs(double(seen[i]) - double(wanted[i])));
    without = std::max(without, std::abs(double(blind[i]) - double(wanted[i])));
  }
  EXPECT_LT(10 * error, without);
}

TEST(Relight, GradientsAgreeWithDifferences) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const Tensor image = at::linspace(0.05, 0.7, 3 * 4 * 4, options).view({1, 3, 4, 4});
  Tensor stops = at::linspace(-0.4, 0.6, 16, options).view({1, 1, 4, 4}).requires_grad_(true);
  Tensor haze = at::full({1, 1, 4, 4}, 0.001, options).requires_grad_(true);
  const Tensor weight = at::linspace(-1, 1, 48, options).view({1, 3, 4, 4});
  const auto value = [&](const Tensor& s, const Tensor& h) {
    return (relit(image, s, h) * weight).sum();
  };
  const auto gradients = torch::autograd::grad({value(stops, haze)}, {stops, haze});
  const double step = 1e-6;
  for (int64_t i = 0; i < 16; ++i) {
    const at::NoGradGuard no_grad;
    Tensor shift = at::zeros_like(stops);
    shift.view(-1)[i] = step;
    const double by_stops =
        (value(stops + shift, haze) - value(stops - shift, haze)).item<double>() / (2 * step);
    const double by_haze =
        (value(stops, haze + shift) - value(stops, haze - shift)).item<double>() / (2 * step);
    EXPECT_NEAR(gradients[0].view(-1)[i].item<double>(), by_stops, 1e-6);
    EXPECT_NEAR(gradients[1].view(-1)[i].item<double>(), by_haze, 1e-5);
  }
}

TEST(Relight, RefusesPlanesAndMasksOfAnotherSize) {
  const Image picture = noise_picture(8, 8, 3, 8);
  RelightPlanes planes = flat_planes(1);
  const std::vector<float> mask(9, 1.f);
  EXPECT_THROW(relit_by(picture, planes, 1, mask), Error);
  planes.haze.clear();
  EXPECT_THROW(relit_by(picture, planes), Error);
}

}  // namespace
}  // namespace vane
