// SPDX-License-Identifier: Apache-2.0
// The full-resolution path: identity, continuity, photographic laws, threads, masks.
#include "generators/develop/develop_apply.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "tests/generators/develop_scenes.h"

namespace vane {
namespace {

using testing::develop_pixels;
using testing::noise_image;
using testing::random_settings;

Image flat_image(int width, int height, uint16_t r, uint16_t g, uint16_t b) {
  Image image;
  image.width = width;
  image.height = height;
  image.depth = 16;
  for (int i = 0; i < width * height; ++i) {
    for (const uint16_t value : {r, g, b}) image.u16.push_back(value);
  }
  return image;
}

Image ramp_image() {
  Image image;
  image.width = 4096;
  image.height = 1;
  image.depth = 16;
  for (int i = 0; i < 4096; ++i) {
    for (int c = 0; c < 3; ++c) image.u16.push_back(static_cast<uint16_t>(i * 65535 / 4095));
  }
  return image;
}

double linear(uint16_t value) { return develop::linear_from_srgb(value / 65535.0); }

// Oracle 3 (law): identity settings return every bit, with alpha and metadata.
TEST(DevelopApply, IdentityKeepsEveryBit) {
  QuietJob job;
  for (const int depth : {8, 16}) {
    for (int channels = 1; channels <= 4; ++channels) {
      Image source = noise_image(19, 33, channels, depth, 7);
      source.metadata.icc = {1, 2, 3};
      source.metadata.orientation = 6;
      const Image out = develop_apply(source, DevelopSettings{}, job);
      EXPECT_EQ(out.u8, source.u8);
      EXPECT_EQ(out.u16, source.u16);
      EXPECT_EQ(out.metadata.icc, source.metadata.icc);
      EXPECT_EQ(out.metadata.orientation, 6);
      EXPECT_EQ(out.channels, channels);
    }
  }
}

// Oracle 3 (law): the bypass at zero hides no jump; settings that move a value by less than half
// a level change nothing, although every stage runs.
TEST(DevelopApply, TinySettingsChangeNoLevel) {
  QuietJob job;
  const DevelopSettings tiny = random_settings(3, 1e-7f);
  ASSERT_FALSE(is_identity(tiny));
  const Image narrow = noise_image(101, 67, 3, 8, 21), wide = noise_image(101, 67, 3, 16, 22);
  EXPECT_EQ(develop_apply(narrow, tiny, job).u8, narrow.u8);
  const Image out = develop_apply(wide, tiny, job);
  int worst = 0;
  for (size_t i = 0; i < wide.u16.size(); ++i) {
    worst = std::max(worst, std::abs(int{wide.u16[i]} - int{out.u16[i]}));
  }
  EXPECT_LE(worst, 1);
}

// Oracle 1: the samples are the pixel path rounded to nearest.
TEST(DevelopApply, RoundsThePixelPathToNearest) {
  QuietJob job;
  for (const int depth : {8, 16}) {
    const Image source = noise_image(45, 29, 3, depth, 9);
    const DevelopSettings settings = random_settings(10, 0.6f);
    const std::vector<double> exact = develop_pixels<double>(source, settings);
    const Image out = develop_apply(source, settings, job);
    const size_t pixels = exact.size() / 3;
    const double levels = depth == 8 ? 255 : 65535;
    // Half a level of rounding, and float32 arithmetic: dark saturated colours cancel in the
    // colour matrices and the transfer function then has slope 12.92.
    const double allowed = 0.5 + 2e-5 * levels;
    for (size_t p = 0; p < pixels; ++p) {
      for (size_t i = 0; i < 3; ++i) {
        const double value = depth == 8 ? out.u8[3 * p + i] : out.u16[3 * p + i];
        ASSERT_NEAR(value, exact[i * pixels + p] * levels, allowed);
      }
    }
  }
}

// Oracle 1: one stop is a factor of two in linear light, below the shoulder.
TEST(DevelopApply, OneStopDoublesMidtones) {
  QuietJob job;
  DevelopSettings settings;
  settings.exposure = 1;
  for (const uint16_t value : {uint16_t{8000}, uint16_t{20000}, uint16_t{32000}}) {
    const Image out = develop_apply(flat_image(1, 1, value, value, value), settings, job);
    EXPECT_NEAR(linear(out.u16[0]) / linear(value), 2.0, 1e-3) << value;
  }
}

// Oracle 3 (laws): bright skies roll off: still increasing, white stays white, nothing clips early.
TEST(DevelopApply, HighlightsRollOffWithoutClipping) {
  QuietJob job;
  DevelopSettings settings;
  settings.exposure = 2;
  const Image source = ramp_image(), out = develop_apply(source, settings, job);
  EXPECT_EQ(out.u16.back(), 65535);
  for (size_t i = 3; i < out.u16.size(); i += 3) ASSERT_GT(out.u16[i], out.u16[i - 3]) << i / 3;
}

// Oracle 2: the scattering model I = J t + A (1 - t) written out, t = 2^-1.5 at a haze of 1. Below
// zero the ends stay and bright tones, which haze had pushed together, are spread.
TEST(DevelopApply, HazeMixesInAirlightAndNegativeHazeTakesItAway) {
  const Image ramp = ramp_image();
  DevelopSettings settings;
  settings.haze = 1;
  const std::vector<double> veiled = develop_pixels<double>(ramp, settings);
  settings.haze = -0.5f;
  const std::vector<double> cleared = develop_pixels<double>(ramp, settings);
  const double t = std::exp2(-1.5);
  for (size_t i = 0; i < 4096; i += 64) {
    const double expected = develop::srgb_from_linear(linear(ramp.u16[3 * i]) * t + 0.7 * (1 - t));
    EXPECT_NEAR(veiled[i], expected, 1e-9) << i;
  }
  EXPECT_NEAR(cleared[0], 0, 1e-9);
  EXPECT_NEAR(cleared[4095], 1, 1e-9);
  EXPECT_GT(cleared[3000] - cleared[2200], 1.2 * 800 / 4095);
}

// Oracle 3 (law): tones never cross, whatever the settings.
TEST(DevelopApply, ToneIsMonotoneForAnySettings) {
  QuietJob job;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const DevelopSettings any = random_settings(seed, 1.f, false);
    DevelopSettings settings;
    settings.exposure = any.exposure;
    settings.haze = any.haze;
    settings.contrast = any.contrast;
    settings.shadows = any.shadows;
    settings.highlights = any.highlights;
    settings.whites = any.whites;
    settings.blacks = any.blacks;
    settings.tone_curve = any.tone_curve;
    const Image out = develop_apply(ramp_image(), settings, job);
    for (size_t i = 3; i < out.u16.size(); i += 3) {
      ASSERT_GE(out.u16[i], out.u16[i - 3]) << "seed " << seed << " at " << i / 3;
    }
  }
}

// Oracle 1: saturation -1 leaves equal channels; black and white stay what they are.
TEST(DevelopApply, FullDesaturationIsNeutral) {
  QuietJob job;
  DevelopSettings settings;
  settings.saturation = -1;
  const Image out = develop_apply(noise_image(31, 31, 3, 16, 2), settings, job);
  for (size_t p = 0; p < out.u16.size(); p += 3) {
    ASSERT_NEAR(out.u16[p], out.u16[p + 1], 2);
    ASSERT_NEAR(out.u16[p], out.u16[p + 2], 2);
  }
}

// Oracle 3 (law): a hue band moves its own colour and leaves the opposite one nearly alone.
TEST(DevelopApply, HueBandsAreSeparate) {
  QuietJob job;
  DevelopSettings settings;
  settings.hue_saturation[5] = -1;  // blue
  const Image sky = flat_image(1, 1, 20000, 35000, 60000);
  const Image skin = flat_image(1, 1, 55000, 40000, 30000);
  const auto spread = [](const Image& image) {
    const auto [low, high] = std::minmax_element(image.u16.begin(), image.u16.end());
    return static_cast<double>(*high - *low);
  };
  EXPECT_LT(spread(develop_apply(sky, settings, job)), 0.55 * spread(sky));
  EXPECT_NEAR(spread(develop_apply(skin, settings, job)) / spread(skin), 1.0, 0.01);
}

// Oracle 3 (law): rows are independent, so the number of threads cannot matter.
TEST(DevelopApply, ThreadCountDoesNotMatter) {
  QuietJob job;
  const Image source = noise_image(83, 211, 4, 8, 13);
  const DevelopSettings settings = random_settings(14, 0.5f);
  const Image one = develop_apply(source, settings, job, {.threads = 1});
  EXPECT_EQ(one.u8, develop_apply(source, settings, job, {.threads = 2}).u8);
  EXPECT_EQ(one.u8, develop_apply(source, settings, job, {.threads = 7}).u8);
  for (size_t i = 3; i < one.u8.size(); i += 4) ASSERT_EQ(one.u8[i], source.u8[i]) << "alpha";
}

// Oracle 1: white takes the result, black keeps the source, opacity is linear between them.
TEST(DevelopApply, MaskAndOpacityBlend) {
  QuietJob job;
  const Image source = noise_image(16, 4, 3, 8, 15);
  DevelopSettings settings;
  settings.exposure = 1.5f;
  const Image full = develop_apply(source, settings, job);
  Image mask;
  mask.width = 16;
  mask.height = 4;
  mask.channels = 1;
  for (int i = 0; i < 64; ++i) mask.u8.push_back(i % 16 < 8 ? 255 : 0);
  const Image masked = develop_apply(source, settings, job, {.mask = &mask});
  const Image half = develop_apply(source, settings, job, {.opacity = 0.5f});
  for (size_t i = 0; i < source.u8.size(); ++i) {
    const bool inside = i / 3 % 16 < 8;
    ASSERT_EQ(masked.u8[i], inside ? full.u8[i] : source.u8[i]);
    ASSERT_NEAR(half.u8[i], 0.5 * (source.u8[i] + full.u8[i]), 0.76);
  }
}

TEST(DevelopApply, GreyStaysGreyUntilColourIsAdded) {
  QuietJob job;
  const Image source = noise_image(12, 9, 2, 16, 17);
  DevelopSettings settings;
  settings.exposure = 0.5f;
  settings.saturation = 0.5f;
  EXPECT_EQ(develop_apply(source, settings, job).channels, 2);
  settings.temperature = 0.3f;
  const Image warm = develop_apply(source, settings, job);
  ASSERT_EQ(warm.channels, 4);
  for (size_t p = 0; p < 108; ++p) ASSERT_EQ(warm.u16[4 * p + 3], source.u16[2 * p + 1]);
}

class StoppedJob : public Job {
 public:
  bool stop_requested() const noexcept override { return true; }
  void progress(int64_t, int64_t, std::string_view) override {}
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}
};

TEST(DevelopApply, StopsWhenAsked) {
  StoppedJob job;
  DevelopSettings settings;
  settings.exposure = 1;
  EXPECT_THROW(develop_apply(noise_image(64, 64, 3, 8, 1), settings, job), Cancelled);
}

TEST(DevelopApply, RefusesFaultyInput) {
  QuietJob job;
  DevelopSettings settings;
  settings.exposure = std::nanf("");
  EXPECT_THROW(develop_apply(noise_image(2, 2, 3, 8, 1), settings, job), Error);
  settings.exposure = 1;
  EXPECT_THROW(develop_apply(Image{}, settings, job), Error);
  EXPECT_THROW(develop_apply(noise_image(2, 2, 3, 8, 1), settings, job, {.opacity = 2}), Error);
  settings.hue_shift.resize(3);
  EXPECT_THROW(develop_apply(noise_image(2, 2, 3, 8, 1), settings, job), Error);
  settings.hue_shift.resize(kHueBands);
  settings.grid = {2, 2, 2, std::vector<float>(95)};
  EXPECT_THROW(develop_apply(noise_image(2, 2, 3, 8, 1), settings, job), Error);
}

}  // namespace
}  // namespace vane
