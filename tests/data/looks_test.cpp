// SPDX-License-Identifier: Apache-2.0
// Oracles: the sRGB standard's formula, colour theory (what each look must do to measured CIELAB),
// and Koschmieder's limit for haze.
#include "engine/data/looks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/data/tone.h"

namespace vane {
namespace {

/// Smooth coloured structure around middle grey.
Raster test_picture() {
  Raster picture(48, 48);
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 48; ++x) {
      float* rgb = &picture.rgb[size_t(y * 48 + x) * 3];
      const float wave = 0.2f + 0.12f * std::sin(0.4f * float(x)) * std::cos(0.3f * float(y));
      rgb[0] = wave + 0.05f * std::sin(0.2f * float(y));
      rgb[1] = wave;
      rgb[2] = wave + 0.05f * std::cos(0.25f * float(x));
    }
  }
  return picture;
}

ColourStatistics after(Look look, float strength, uint64_t seed = 3) {
  Raster picture = test_picture();
  Rng rng(seed);
  apply_look(picture, look, strength, rng);
  return colour_statistics(picture);
}

TEST(Raster, TransferCurvesMatchTheStandard) {
  for (int i = 0; i <= 1000; ++i) {
    const double v = i / 1000.0;
    const double linear = v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
    const double encoded = v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
    EXPECT_NEAR(srgb_to_linear(float(v)), linear, 2e-5);
    EXPECT_NEAR(linear_to_srgb(float(v)), encoded, 2e-5);
  }
}

TEST(Raster, CuttingKeepsAFlatColourAndTheMeanOfAPattern) {
  Image board;
  board.width = board.height = 64;
  board.u8.resize(board.sample_count());
  for (size_t i = 0; i < 64 * 64; ++i) {
    const bool white = (i % 64 + i / 64) % 2 == 0;
    std::fill_n(&board.u8[i * 3], 3, white ? 255 : 0);
  }
  const Raster small = cut(board, {0, 0, 64, 64, false}, 16);
  // Half of the light, not half of the encoded value.
  for (const float v : small.rgb) EXPECT_NEAR(v, 0.5f, 1e-5f);
}

TEST(Raster, MirroringACutMirrorsIt) {
  Image ramp;
  ramp.width = 32;
  ramp.height = 32;
  ramp.u8.resize(ramp.sample_count());
  for (size_t i = 0; i < ramp.u8.size(); ++i) ramp.u8[i] = uint8_t(i / 3 % 32 * 8);
  const Raster plain = cut(ramp, {0, 0, 32, 32, false}, 8);
  const Raster mirrored = cut(ramp, {0, 0, 32, 32, true}, 8);
  for (size_t x = 0; x < 8; ++x) EXPECT_EQ(plain.rgb[x * 3], mirrored.rgb[(7 - x) * 3]);
}

TEST(Looks, ExposureMovesLightnessMonotonically) {
  const float base = colour_statistics(test_picture()).lightness;
  float last_bright = base, last_dark = base;
  for (const float strength : {0.3f, 0.6f, 1.f}) {
    EXPECT_GT(after(Look::bright, strength).lightness, last_bright + 2);
    EXPECT_LT(after(Look::dark, strength).lightness, last_dark - 2);
    last_bright = after(Look::bright, strength).lightness;
    last_dark = after(Look::dark, strength).lightness;
  }
}

TEST(Looks, TemperatureMovesAlongTheDaylightAxisAndKeepsLuminance) {
  Raster grey(8, 8);
  std::fill(grey.rgb.begin(), grey.rgb.end(), 0.2f);
  Raster warm = grey, cool = grey;
  Rng rng(1);
  shift_temperature(warm, 0.3f, rng);
  shift_temperature(cool, -0.3f, rng);
  EXPECT_NEAR(luminance(warm.rgb.data()), 0.2f, 1e-5f);
  EXPECT_NEAR(luminance(cool.rgb.data()), 0.2f, 1e-5f);
  EXPECT_GT(colour_statistics(warm).b, 10);
  EXPECT_LT(colour_statistics(cool).b, -10);
}

TEST(Looks, ColourLooksChangeChromaAsNamed) {
  const float base = colour_statistics(test_picture()).chroma;
  EXPECT_GT(after(Look::vivid, 0.7f).chroma, 1.3f * base);
  EXPECT_LT(after(Look::muted, 0.7f).chroma, 0.6f * base);
  EXPECT_LT(after(Look::monochrome, 0.7f).chroma, 0.01f);
}

TEST(Looks, ContrastLooksChangeTheSpreadOfLightness) {
  const float base = colour_statistics(test_picture()).contrast;
  EXPECT_GT(after(Look::high_contrast, 0.7f).contrast, 1.2f * base);
  EXPECT_LT(after(Look::low_contrast, 0.7f).contrast, 0.8f * base);
  EXPECT_LT(after(Look::hazy, 0.7f).contrast, 0.8f * base);
}

TEST(Looks, BlurRemovesAndNoiseAddsDifferencesOfNeighbours) {
  const auto roughness = [](const Raster& p) {
    double sum = 0;
    for (size_t i = 3; i < p.rgb.size(); ++i) sum += std::abs(p.rgb[i] - p.rgb[i - 3]);
    return sum;
  };
  Raster blurred = test_picture(), noisy = test_picture();
  Rng rng(5);
  apply_look(blurred, Look::blurry, 0.8f, rng);
  apply_look(noisy, Look::noisy, 0.8f, rng);
  EXPECT_LT(roughness(blurred), 0.9 * roughness(test_picture()));
  EXPECT_GT(roughness(noisy), 1.5 * roughness(test_picture()));
}

TEST(Looks, BacklightDarkensTheSubjectAndLightensTheRest) {
  Raster picture = test_picture();
  std::vector<float> subject(picture.pixels());
  for (size_t i = 0; i < subject.size(); ++i) subject[i] = i % 48 < 24 ? 1.f : 0.f;
  const Raster before = picture;
  Rng rng(2);
  apply_look(picture, Look::backlit, 0.7f, rng, subject);
  double inside = 0, outside = 0;
  for (size_t i = 0; i < subject.size(); ++i) {
    (subject[i] > 0 ? inside : outside) += picture.rgb[3 * i + 1] - before.rgb[3 * i + 1];
  }
  EXPECT_LT(inside, 0);
  EXPECT_GT(outside, 0);
}

TEST(Looks, EveryLookIsReproducibleAndChangesThePicture) {
  for (int i = 0; i < kAppliedLookCount; ++i) {
    const auto look = static_cast<Look>(i);
    Raster first = test_picture(), second = test_picture();
    Rng a(9), b(9);
    apply_look(first, look, 0.6f, a);
    apply_look(second, look, 0.6f, b);
    EXPECT_EQ(first.rgb, second.rgb) << look_name(look);
    EXPECT_NE(to_srgb8(first), to_srgb8(test_picture())) << look_name(look);
  }
}

TEST(Looks, HazeNeverDarkensAScene) {
  for (const float level : {0.1f, 0.4f, 0.8f, 0.95f}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      Raster picture(16, 16);
      std::fill(picture.rgb.begin(), picture.rgb.end(), level);
      Rng rng(seed);
      add_haze(picture, 0.7f, rng);
      double mean = 0;
      for (size_t i = 0; i < picture.pixels(); ++i) mean += luminance(&picture.rgb[3 * i]);
      EXPECT_GE(mean / double(picture.pixels()), level - 0.01) << level << " " << seed;
    }
  }
}

TEST(Looks, APaleFlatPictureIsNotSaidToBeClear) {
  ColourStatistics measured;
  measured.lightness = 60;
  measured.contrast = 9;
  EXPECT_EQ(shown_looks({}, measured).count(Look::clear), 0u);
  measured.contrast = 20;
  EXPECT_EQ(shown_looks({}, measured).count(Look::clear), 1u);
  EXPECT_EQ(shown_looks({Look::hazy}, measured).count(Look::clear), 0u);
}

TEST(Looks, WhatIsNearAThresholdIsUnclear) {
  ColourStatistics measured;
  measured.lightness = 68;
  measured.a = measured.b = 8;
  measured.chroma = 12;
  EXPECT_TRUE(is_unclear(Look::bright, {}, measured));
  EXPECT_FALSE(is_unclear(Look::bright, {Look::bright}, measured));
  EXPECT_TRUE(is_unclear(Look::warm, {}, measured));
  EXPECT_FALSE(is_unclear(Look::cool, {}, measured));
  EXPECT_FALSE(is_unclear(Look::vivid, {}, measured));
  EXPECT_FALSE(is_unclear(Look::blurry, {}, measured));
}

TEST(Looks, DevelopmentChangesAPictureWithoutLeavingItsRange) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Raster picture = test_picture(), before = picture;
    Rng rng(seed), again(seed);
    develop_at_random(picture, rng);
    develop_at_random(before, again);
    EXPECT_EQ(picture.rgb, before.rgb);
    EXPECT_NE(picture.rgb, test_picture().rgb);
    for (const float v : picture.rgb) EXPECT_TRUE(v > -0.05f && v <= 1.001f) << v;
  }
}

TEST(Looks, MeasuredColoursOverruleWhatWasApplied) {
  // An orange flower under a cool filter is not cool, and not to be called warm either, since the
  // filter went the other way; without a filter it is warm. A grey picture cannot be vivid.
  const ColourStatistics orange{50, 40, 50, 64, 20}, grey{50, 0, 0, 0.5f, 15};
  EXPECT_EQ(shown_looks({Look::cool}, orange).count(Look::cool), 0u);
  EXPECT_EQ(shown_looks({Look::cool}, orange).count(Look::warm), 0u);
  EXPECT_EQ(shown_looks({}, orange).count(Look::warm), 1u);
  // Cooled as far as a mild warmth, it is the cool one of two renderings of an orange scene.
  const ColourStatistics mild{50, 5, 10, 20, 20};
  EXPECT_EQ(shown_looks({Look::cool}, mild).count(Look::cool), 1u);
  EXPECT_EQ(shown_looks({Look::vivid}, grey).count(Look::vivid), 0u);
  EXPECT_EQ(shown_looks({}, grey).count(Look::monochrome), 1u);
}

TEST(Looks, RandomChoicesNeverContradictEachOther) {
  Rng rng(11);
  for (int i = 0; i < 2000; ++i) {
    const std::vector<Look> looks = random_looks(rng);
    const std::set<Look> set(looks.begin(), looks.end());
    EXPECT_EQ(set.size(), looks.size());
    for (const Look look : looks) EXPECT_EQ(set.count(opposite_look(look)), 0u);
  }
}

TEST(Looks, AMisspeltNameIsAnsweredWithTheNearest) {
  EXPECT_EQ(look_from_name("golden_hour"), Look::golden_hour);
  try {
    look_from_name("blury");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config);
    EXPECT_NE(error.hint().find("blurry"), std::string::npos);
  }
}

}  // namespace
}  // namespace vane
