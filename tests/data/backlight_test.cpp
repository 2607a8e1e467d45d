// SPDX-License-Identifier: Apache-2.0
// Oracle: the formulas of the enhancement sheet (section 6), written out; laws of what light does.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "engine/base/error.h"
#include "engine/data/backlit_source.h"

namespace vane {
namespace {

/// Light that rises to the right, dark in the lower half.
Raster scene(int width = 48, int height = 32) {
  Raster picture(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (size_t c = 0; c < 3; ++c) {
        picture.rgb[3 * size_t(y * width + x) + c] = (y < height / 2 ? 1.f : 0.2f) *
                                                     (0.1f + 0.8f * float(x) / float(width)) *
                                                     (1.f - 0.1f * float(c));
      }
    }
  }
  return picture;
}

std::vector<float> lower_half(const Raster& picture) {
  std::vector<float> subject(picture.pixels());
  std::fill(subject.begin() + ptrdiff_t(subject.size() / 2), subject.end(), 1.f);
  return subject;
}

TEST(Backlight, FollowsTheFormulaWithoutNoise) {
  const Raster picture = scene();
  const std::vector<float> subject = lower_half(picture);
  Rng rng(1);
  const Backlight light{.subject_ev = -2, .background_ev = 0.5, .glare = 0.02};
  const Raster out = under_backlight(picture, subject, light, rng);
  double background = 0;
  for (size_t i = 0; i < subject.size() / 2; ++i) {
    const float* p = &picture.rgb[3 * i];
    background += 0.2126 * double(p[0]) + 0.7152 * double(p[1]) + 0.0722 * double(p[2]);
  }
  const double veil = 0.02 * background / (double(subject.size()) / 2);
  for (size_t i = 0; i < out.rgb.size(); ++i) {
    const double gain = i < out.rgb.size() / 2 ? std::sqrt(2.0) : 0.25;
    EXPECT_NEAR(double(out.rgb[i]), std::min(1.0, double(picture.rgb[i]) * gain + veil), 1e-5);
  }
}

TEST(Backlight, NoiseHasTheVarianceThatItIsGiven) {
  Raster grey(96, 96);
  std::fill(grey.rgb.begin(), grey.rgb.end(), 0.4f);
  const std::vector<float> subject(grey.pixels(), 1.f);
  Rng rng(2);
  const Backlight light{
      .subject_ev = 0, .background_ev = 0, .glare = 0, .shot_noise = 2e-3, .read_noise = 3e-3};
  const Raster out = under_backlight(grey, subject, light, rng);
  double square = 0;
  for (const float v : out.rgb) square += (double(v) - 0.4) * (double(v) - 0.4);
  const double expected = 2e-3 * 0.4 + 9e-6;
  EXPECT_NEAR(square / double(out.rgb.size()) / expected, 1, 0.03);
}

TEST(Backlight, PresetsAreTheSheetsAndOthersAreRefused) {
  EXPECT_EQ(backlight_preset("bl-easy").subject_ev, -1.5);
  EXPECT_EQ(backlight_preset("bl-mid").subject_ev, -2.5);
  EXPECT_EQ(backlight_preset("bl-hard").subject_ev, -3.5);
  EXPECT_GT(backlight_preset("bl-hard").shot_noise, 0);
  const Raster picture = scene();
  Rng rng(3);
  const Raster same = under_backlight(picture, lower_half(picture), backlight_preset("ok"), rng);
  for (size_t i = 0; i < same.rgb.size(); ++i) EXPECT_FLOAT_EQ(same.rgb[i], picture.rgb[i]);
  EXPECT_THROW(backlight_preset("sunny"), Error);
}

TEST(Backlight, SubjectsCoverTheSheetsShareAndDiffer) {
  const Raster picture = scene(64, 64);
  std::vector<std::vector<float>> subjects;
  for (uint64_t i = 0; i < 20; ++i) {
    Rng rng(7, i);
    subjects.push_back(random_subject(picture, rng));
    const float share = std::accumulate(subjects.back().begin(), subjects.back().end(), 0.f) /
                        static_cast<float>(picture.pixels());
    EXPECT_GT(share, 0.1f);
    EXPECT_LT(share, 0.6f);
  }
  EXPECT_NE(subjects[0], subjects[1]);
}

TEST(Backlight, TheDarkerSideIsDarkerAndKeepsToItsEdge) {
  const Raster picture = scene(64, 64);  // an edge between rows 31 and 32
  double inside = 0, outside = 0, share = 0;
  int snapped = 0;
  for (uint64_t k = 0; k < 20; ++k) {
    Rng rng(9, k);
    const std::vector<float> subject = darker_side(picture, rng);
    double of_subject = 0, of_rest = 0, weight = 0;
    for (size_t i = 0; i < subject.size(); ++i) {
      of_subject += double(subject[i]) * luminance(&picture.rgb[3 * i]);
      of_rest += double(1 - subject[i]) * luminance(&picture.rgb[3 * i]);
      weight += double(subject[i]);
    }
    const auto pixels = static_cast<double>(subject.size());
    inside += of_subject / weight;
    outside += of_rest / (pixels - weight);
    share += weight / pixels;
    EXPECT_GT(weight, 0.1 * pixels);
    EXPECT_LT(weight, 0.8 * pixels);
    snapped += std::abs(subject[20 * 64 + 50] - subject[44 * 64 + 50]) > 0.6f;
  }
  EXPECT_LT(inside, 0.7 * outside);
  EXPECT_GT(share / 20, 0.3);
  EXPECT_GT(snapped, 5);
}

TEST(Backlight, AShadeFromOneSideIsMostOftenOnTheGround) {
  const Raster picture = scene(96, 64);
  const size_t half = picture.pixels() / 2;
  int below = 0, soft = 0;
  std::vector<std::vector<float>> shades;
  for (uint64_t k = 0; k < 60; ++k) {
    Rng rng(12, k);
    shades.push_back(shaded_side(picture, rng));
    const std::vector<float>& shade = shades.back();
    const float sky = std::accumulate(shade.begin(), shade.begin() + ptrdiff_t(half), 0.f);
    const float ground = std::accumulate(shade.begin() + ptrdiff_t(half), shade.end(), 0.f);
    const float share = (sky + ground) / static_cast<float>(shade.size());
    EXPECT_GT(share, 0.1f);
    EXPECT_LT(share, 0.8f);
    for (const float v : shade) ASSERT_TRUE(v >= 0 && v <= 1);
    below += ground > 2 * sky;
    const auto between =
        std::count_if(shade.begin(), shade.end(), [](float v) { return v > 0.2f && v < 0.8f; });
    soft += between > ptrdiff_t(shade.size() / 5);
  }
  EXPECT_GT(below, 25);
  EXPECT_LT(below, 55);
  EXPECT_GT(soft, 3);
  EXPECT_LT(soft, 40);
  EXPECT_NE(shades[0], shades[1]);
}

TEST(Backlight, MasksSnapToTheEdgesOfThePicture) {
  const Raster picture = scene(64, 64);  // an edge between rows 31 and 32
  std::vector<float> mask(picture.pixels());
  std::fill(mask.begin() + 34 * 64, mask.end(), 1.f);  // two rows too low
  const std::vector<float> refined = follow_edges(mask, picture, 6, 1e-3f);
  const size_t column = 50;
  EXPECT_LT(refined[30 * 64 + column], 0.35f);
  EXPECT_GT(refined[33 * 64 + column], 0.5f);
  EXPECT_GT(refined[33 * 64 + column], mask[33 * 64 + column]);
}

TEST(Backlight, PairsThatAreNotDarkOrClipTooMuchAreTold) {
  const Raster picture = scene();
  const std::vector<float> subject = lower_half(picture);
  Rng rng(4);
  EXPECT_TRUE(is_backlit(under_backlight(picture, subject, {.subject_ev = -3}, rng), subject));
  Raster bright = picture;
  for (float& v : bright.rgb) v = 0.6f;
  EXPECT_FALSE(is_backlit(bright, subject));
  EXPECT_FALSE(is_backlit(
      under_backlight(picture, subject, {.subject_ev = -3, .background_ev = 3}, rng), subject));
}

class BacklitStream : public testing::Test {
 protected:
  static std::shared_ptr<const PhotoLibrary> library() {
    auto library = std::make_shared<PhotoLibrary>();
    for (const bool held : {false, false, true}) {
      Photograph photograph;
      photograph.held_out = held;
      photograph.picture.width = 96;
      photograph.picture.height = 80;
      Rng rng(library->photographs.size());
      photograph.picture.u8.resize(photograph.picture.sample_count());
      uint8_t at = 128;
      for (uint8_t& v : photograph.picture.u8) v = at = uint8_t(at + rng.below(9) - 4);
      library->photographs.push_back(std::move(photograph));
    }
    return library;
  }
};

TEST_F(BacklitStream, IsReproducibleAndUntouchedPairsAreEqual) {
  BacklitConfig config;
  config.size = 40;
  config.jpeg_share = 0;
  const BacklitSource source(library(), config);
  EXPECT_EQ(source.photographs(), 2u);
  int changed = 0;
  for (uint64_t i = 0; i < 40; ++i) {
    const BacklitPair a = source.sample(i), b = source.sample(i);
    EXPECT_EQ(a.backlit, b.backlit);
    EXPECT_EQ(a.lit, b.lit);
    EXPECT_EQ(a.lit.size(), 40u * 40 * 3);
    EXPECT_EQ(a.backlit == a.lit, !a.changed);
    changed += a.changed;
  }
  EXPECT_GT(changed, 20);
  EXPECT_LT(changed, 40);
}

TEST_F(BacklitStream, ASideIsShadedWhereItIsAskedFor) {
  BacklitConfig config;
  config.size = 40;
  config.untouched_share = config.dark_share = config.cutout_share = 0;
  const BacklitSource without(library(), config);
  config.side_share = 1;
  const BacklitSource with(library(), config);
  // Of a shade from one side a corner is in the light and the one across from it is not.
  int without_sides = 0, with_sides = 0;
  const auto is_side = [](const std::vector<float>& s) {
    const auto corner = [&](size_t i) { return s[i]; };
    const float down = std::abs(corner(0) - corner(1599)), up = std::abs(corner(39) - corner(1560));
    return std::max(down, up) > 0.5f;
  };
  for (uint64_t i = 0; i < 30; ++i) {
    without_sides += is_side(without.sample(i).subject);
    with_sides += is_side(with.sample(i).subject);
  }
  EXPECT_GT(with_sides, 24);
  EXPECT_LT(without_sides, 20);
}

TEST_F(BacklitStream, RefusesALibraryWithoutThisSplit) {
  auto one = std::make_shared<PhotoLibrary>();
  one->photographs.push_back(library()->photographs[0]);
  BacklitConfig config;
  config.held_out = true;
  EXPECT_THROW(BacklitSource(one, config), Error);
}

}  // namespace
}  // namespace vane
