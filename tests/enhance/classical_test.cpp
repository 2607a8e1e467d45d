// SPDX-License-Identifier: Apache-2.0
// Oracles: plain loops and a dense solver in double, written from the formulas of the headers.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "enhance/classical/clahe.h"
#include "enhance/classical/classical_method.h"
#include "enhance/classical/equalise.h"
#include "enhance/classical/exposure_fusion.h"
#include "enhance/classical/lime.h"
#include "enhance/classical/retinex.h"

namespace vane::testing {
namespace {

/// A shade that falls to the right, with noise; 8 or 16 bit, any channels, alpha of its own.
Image photograph(int width, int height, int channels, int depth, float brightness = 0.5f) {
  Image image;
  image.width = width;
  image.height = height;
  image.channels = channels;
  image.depth = depth;
  Rng rng(5);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const float shade = brightness * (1 - 0.8f * float(x) / float(width));
        const float value = std::min(1.f, shade * rng.uniform(0.7f, 1.3f));
        if (depth == 16) {
          image.u16.push_back(static_cast<uint16_t>(value * 65535));
        } else {
          image.u8.push_back(static_cast<uint8_t>(value * 255));
        }
      }
    }
  }
  return image;
}

Image enhanced(const std::string& name, const Image& source, const EnhanceControls& controls = {}) {
  QuietJob job;
  EnhanceMeasures measures;
  return make_enhance_method(name, {})->enhance(source, controls, job, measures);
}

double sample(const Image& image, size_t i) {
  return image.depth == 16 ? image.u16[i] / 65535.0 : image.u8[i] / 255.0;
}

double mean_of(const Image& image) {
  double sum = 0;
  for (size_t i = 0; i < image.sample_count(); ++i) sum += sample(image, i);
  return sum / static_cast<double>(image.sample_count());
}

class Classical : public ::testing::TestWithParam<std::string> {};

TEST_P(Classical, KeepsTheSourceAtStrengthZeroAndWhereTheMaskIsBlack) {
  for (const int depth : {8, 16}) {
    for (const int channels : {1, 2, 3, 4}) {
      const Image source = photograph(21, 13, channels, depth);
      const Image none = enhanced(GetParam(), source, {.strength = 0});
      EXPECT_EQ(none.u8, source.u8) << channels;
      EXPECT_EQ(none.u16, source.u16) << channels;
      const Tensor mask = at::zeros({1, 1, 13, 21});
      mask.select(3, 20).fill_(1);
      const Image masked = enhanced(GetParam(), source, {.mask = mask});
      for (size_t i = 0; i < source.sample_count(); ++i) {
        const size_t x = i / static_cast<size_t>(channels) % 21;
        if (x < 20) {
          ASSERT_EQ(sample(masked, i), sample(source, i));
        }
      }
    }
  }
}

TEST_P(Classical, KeepsDepthAlphaAndGrey) {
  for (const int depth : {8, 16}) {
    const Image source = photograph(17, 19, 4, depth);
    const Image result = enhanced(GetParam(), source);
    ASSERT_EQ(result.depth, depth);
    for (size_t i = 3; i < source.sample_count(); i += 4) {
      ASSERT_EQ(sample(result, i), sample(source, i));
    }
    // Grey gives what three equal channels give.
    const Image grey = photograph(17, 19, 1, depth);
    Image colour = grey;
    colour.channels = 3;
    const auto tripled = [](const auto& samples) {
      std::decay_t<decltype(samples)> out;
      for (const auto value : samples) out.insert(out.end(), 3, value);
      return out;
    };
    colour.u8 = tripled(grey.u8);
    colour.u16 = tripled(grey.u16);
    const Image grey_result = enhanced(GetParam(), grey);
    const Image colour_result = enhanced(GetParam(), colour);
    for (size_t i = 0; i < grey.sample_count(); ++i) {
      ASSERT_NEAR(sample(grey_result, i), sample(colour_result, 3 * i), 1e-6);
    }
  }
}

TEST_P(Classical, SurvivesOddPictures) {
  for (const auto& [width, height] : std::vector<std::pair<int, int>>{{2, 2}, {1, 1}, {1, 40}}) {
    for (const float brightness : {0.f, 3.f}) {
      const Image source = photograph(width, height, 3, 8, brightness);
      EXPECT_EQ(enhanced(GetParam(), source).sample_count(), source.sample_count());
    }
  }
}

TEST_P(Classical, RefusesWrongRequests) {
  EXPECT_THROW(make_enhance_method(GetParam(), "weights.pth"), Error);
  const Image source = photograph(8, 8, 3, 8);
  EXPECT_THROW(enhanced(GetParam(), source, {.strength = 2.1}), Error);
  EXPECT_THROW(enhanced(GetParam(), source, {.mask = at::ones({1, 1, 8, 9})}), Error);
}

INSTANTIATE_TEST_SUITE_P(Methods, Classical, ::testing::ValuesIn(classical_method_names()),
                         [](const auto& entry) {
                           std::string name = entry.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(ClassicalMethods, BrightenADarkPhotographAndMoreSoWithStrength) {
  const Image source = photograph(48, 40, 3, 8, 0.3f);
  EXPECT_EQ(enhanced("identity", source).u8, source.u8);
  for (const std::string name : {"gamma", "auto-gamma", "lime", "exposure-fusion"}) {
    const double half = mean_of(enhanced(name, source, {.strength = 0.5}));
    EXPECT_GT(half, mean_of(source) + 0.02) << name;
    EXPECT_GT(mean_of(enhanced(name, source)), half + 0.02) << name;
  }
}

TEST(ClassicalMethods, GammaAndAutoGammaAreTheirFormulas) {
  const Image source = photograph(31, 9, 3, 16, 0.4f);
  double luma = 0;
  for (size_t i = 0; i < source.sample_count(); i += 3) {
    luma +=
        0.299 * sample(source, i) + 0.587 * sample(source, i + 1) + 0.114 * sample(source, i + 2);
  }
  luma /= 31 * 9;
  const double automatic = std::log(0.5) / std::log(luma);
  ASSERT_GT(automatic, 0.3);
  ASSERT_LT(automatic, 1);
  const Image fixed = enhanced("gamma", source), judged = enhanced("auto-gamma", source);
  for (size_t i = 0; i < source.sample_count(); ++i) {
    ASSERT_NEAR(sample(fixed, i), std::pow(sample(source, i), 0.6), 1e-5);
    ASSERT_NEAR(sample(judged, i), std::pow(sample(source, i), automatic), 1e-5);
  }
  // The exponent is held: nothing darkens.
  const Image bright = photograph(31, 9, 3, 8, 2.f);
  EXPECT_EQ(enhanced("auto-gamma", bright).u8, bright.u8);
}

TEST(Lab, HasPublishedColoursAndReturns) {
  // sRGB primaries, D65 (Lindbloom): red 53.24 80.09 67.20, blue 32.30 79.19 -107.86.
  const float red[3] = {1, 0, 0}, blue[3] = {0, 0, 1}, white[3] = {1, 1, 1};
  const EncodedLab r = lab_of_srgb(red), b = lab_of_srgb(blue), w = lab_of_srgb(white);
  EXPECT_NEAR(r.lightness, 53.24, 0.02);
  EXPECT_NEAR(r.a, 80.09, 0.03);
  EXPECT_NEAR(r.b, 67.20, 0.03);
  EXPECT_NEAR(b.lightness, 32.30, 0.02);
  EXPECT_NEAR(b.b, -107.86, 0.03);
  EXPECT_NEAR(w.lightness, 100, 1e-4);
  EXPECT_NEAR(w.a, 0, 1e-4);
  Rng rng(3);
  for (int i = 0; i < 200; ++i) {
    const float rgb[3] = {rng.uniform(), rng.uniform(), rng.uniform()};
    float back[3];
    srgb_of_lab(lab_of_srgb(rgb), back);
    for (int c = 0; c < 3; ++c) ASSERT_NEAR(back[c], rgb[c], 2e-5);
  }
}

/// Curve of the cell of column i, row j on the 256 bins.
std::vector<double> cell_curve(const std::vector<float>& lightness, int width, int height, int i,
                               int j, double limit) {
  std::vector<double> counts(256);
  double pixels = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (x * 8 / width != i || y * 8 / height != j) continue;
      ++counts[size_t(std::floor(lightness[size_t(y * width + x)] * 2.55 + 0.5))];
      ++pixels;
    }
  }
  const double cap = std::max(1.0, limit * pixels / 256);
  double excess = 0, sum = 0;
  for (const double count : counts) excess += count > cap ? count - cap : 0;
  for (double& count : counts) {
    sum += std::min(count, cap) + excess / 256;
    count = 255 * sum / pixels;
  }
  return counts;
}

TEST(Clahe, EqualsPlainLoops) {
  constexpr int kWidth = 83, kHeight = 61;
  Rng rng(11);
  std::vector<float> lightness;
  for (int i = 0; i < kWidth * kHeight; ++i) {
    lightness.push_back(100 * std::pow(rng.uniform(), 3.f) * float(i % kWidth) / kWidth);
  }
  for (const double limit : {2.0, 40.0}) {
    const Clahe clahe(kWidth, kHeight, [&](int y) { return &lightness[size_t(y * kWidth)]; },
                      {.limit = limit});
    for (int y = 0; y < kHeight; y += 3) {
      for (int x = 0; x < kWidth; x += 3) {
        const double gx = std::clamp((x + 0.5) * 8 / kWidth - 0.5, 0.0, 7.0);
        const double gy = std::clamp((y + 0.5) * 8 / kHeight - 0.5, 0.0, 7.0);
        const float before = lightness[size_t(y * kWidth + x)];
        const double bin = double{before} * 2.55;
        const auto low = size_t(bin);
        double expected = 0;
        for (int j = int(gy); j <= std::min(int(gy) + 1, 7); ++j) {
          for (int i = int(gx); i <= std::min(int(gx) + 1, 7); ++i) {
            const auto curve = cell_curve(lightness, kWidth, kHeight, i, j, limit);
            const double value = curve[low] + (bin - double(low)) * (curve[low + 1] - curve[low]);
            expected += (1 - std::abs(gx - i)) * (1 - std::abs(gy - j)) * value;
          }
        }
        ASSERT_NEAR(clahe.lightness(x, y, before), expected / 2.55, 2e-3) << x << " " << y;
      }
    }
  }
}

TEST(Clahe, NeverTurnsTheOrderOfLightnessAtOnePlace) {
  const Image source = photograph(64, 48, 1, 8);
  std::vector<float> row(64);
  const Clahe clahe(64, 48, [&](int y) {
    for (size_t x = 0; x < 64; ++x) row[x] = float(source.u8[size_t(y) * 64 + x]) / 2.55f;
    return row.data();
  });
  for (float value = 1; value <= 100; ++value) {
    EXPECT_GT(clahe.lightness(30, 20, value), clahe.lightness(30, 20, value - 1));
  }
}

TEST(Equalise, EqualsPlainLoops) {
  const Image source =
      photograph(53, 31, 3, 16, 0.4f);  // 8 bits: luma at x.5, which may round to either
  std::vector<double> counts(256);
  const auto luma = [&](size_t pixel) {
    return 0.299 * sample(source, 3 * pixel) + 0.587 * sample(source, 3 * pixel + 1) +
           0.114 * sample(source, 3 * pixel + 2);
  };
  for (size_t i = 0; i < 53 * 31; ++i) ++counts[size_t(std::floor(luma(i) * 255 + 0.5))];
  size_t darkest = 0;
  while (counts[darkest] == 0) ++darkest;
  const auto curve = [&](size_t level) {
    double sum = 0;
    for (size_t k = darkest + 1; k <= level; ++k) sum += counts[k];
    return sum / (53 * 31 - counts[darkest]);
  };
  const Image result = enhanced("equalise", source);
  for (size_t i = 0; i < 53 * 31; ++i) {
    const double place = luma(i) * 255;
    const auto low = size_t(place);
    const double after = curve(low) + (place - double(low)) * (curve(low + 1) - curve(low));
    for (size_t c = 0; c < 3; ++c) {
      const double expected = std::clamp(sample(source, 3 * i + c) + after - luma(i), 0.0, 1.0);
      ASSERT_NEAR(sample(result, 3 * i + c), expected, 2e-5);
    }
  }
}

TEST(Equalise, MakesARampOfFewLevelsUseAllOfThem) {
  Image source;
  source.width = 64;
  source.height = 4;
  source.channels = 1;
  for (int i = 0; i < 256; ++i) source.u8.push_back(static_cast<uint8_t>(20 + i % 64 / 2));
  const Image result = enhanced("equalise", source);
  // 32 levels, as many pixels of each: 0, 1/31, ... 1.
  for (size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(int(result.u8[i]), int(std::floor(double(i / 2) / 31 * 255 + 0.5)));
  }
  // There is nothing to spread in one level.
  source.u8.assign(256, 77);
  EXPECT_EQ(enhanced("equalise", source).u8, source.u8);
}

/// R at every sample of a picture [height*width*3], by all weights of all pixels.
std::vector<double> plain_retinex(const std::vector<double>& rgb, int width, int height,
                                  const std::array<double, 3>& sigmas) {
  std::vector<double> result(rgb.size());
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const auto i = size_t(3 * (y * width + x) + c);
        for (const double sigma : sigmas) {
          double sum = 0, weights = 0;
          for (int v = 0; v < height; ++v) {
            for (int u = 0; u < width; ++u) {
              const double weight =
                  std::exp(-((u - x) * (u - x) + (v - y) * (v - y)) / (2 * sigma * sigma));
              weights += weight;
              sum += weight * rgb[size_t(3 * (v * width + u) + c)];
            }
          }
          result[i] += (std::log(rgb[i] + 1.0 / 255) - std::log(sum / weights + 1.0 / 255)) / 3;
        }
      }
    }
  }
  return result;
}

TEST(Retinex, EqualsPlainLoops) {
  constexpr int kWidth = 37, kHeight = 22;
  const Image source = photograph(kWidth, kHeight, 3, 16, 0.5f);
  std::vector<double> rgb;
  for (size_t i = 0; i < source.sample_count(); ++i) rgb.push_back(sample(source, i));
  const std::vector<double> plain = plain_retinex(rgb, kWidth, kHeight, {15, 80, 250});
  std::vector<double> sorted = plain;
  std::sort(sorted.begin(), sorted.end());
  const double low = sorted[size_t(0.01 * double(sorted.size() - 1))],
               high = sorted[size_t(0.99 * double(sorted.size() - 1))];
  const Image result = enhanced("msr", source);
  for (size_t i = 0; i < plain.size(); ++i) {
    // The quantiles are found to 1/6000 of the range.
    ASSERT_NEAR(sample(result, i), std::clamp((plain[i] - low) / (high - low), 0.0, 1.0), 1e-3);
  }
}

TEST(Retinex, OnCellsIsNearThatOnPixels) {
  // 192 px across make cells of 3 px for a deviation of 15, of 2 px for one of 8.
  constexpr int kWidth = 200, kHeight = 192;
  Rng rng(4);
  std::vector<float> rgb;
  for (int i = 0; i < kWidth * kHeight * 3; ++i) {
    const int x = i / 3 % kWidth;
    rgb.push_back((x < 90 ? 0.05f : 0.8f) * rng.uniform(0.8f, 1.2f));
  }
  QuietJob job;
  const auto row = [&](int y) { return &rgb[size_t(3 * y * kWidth)]; };
  const RetinexOptions options{.sigmas = {15, 15, 8}, .low = 0, .high = 1};
  const Retinex found(kWidth, kHeight, row, options, job);
  // Two places tell the scale and the offset of the stretch; all others have to follow.
  const auto plain_at = [&](int x, int y) {
    double sum = 0;
    for (const double sigma : options.sigmas) {
      double mean = 0, weights = 0;
      for (int v = 0; v < kHeight; ++v) {
        for (int u = 0; u < kWidth; ++u) {
          const double weight =
              std::exp(-((u - x) * (u - x) + (v - y) * (v - y)) / (2 * sigma * sigma));
          weights += weight;
          mean += weight * double{rgb[size_t(3 * (v * kWidth + u))]};
        }
      }
      const double own = double{rgb[size_t(3 * (y * kWidth + x))]};
      sum += std::log(own + 1.0 / 255) - std::log(mean / weights + 1.0 / 255);
    }
    return sum / 3;
  };
  std::vector<float> out(3 * kWidth);
  const auto found_at = [&](int x, int y) {
    found.row(y, row(y), out.data());
    return double{out[size_t(3 * x)]};
  };
  const double plain_dark = plain_at(86, 90), plain_bright = plain_at(94, 90);
  const double dark = found_at(86, 90), bright = found_at(94, 90);
  const double scale = (bright - dark) / (plain_bright - plain_dark);
  for (const auto& [x, y] : std::vector<std::pair<int, int>>{
           {0, 0}, {199, 191}, {60, 3}, {89, 100}, {90, 101}, {110, 64}, {150, 150}}) {
    EXPECT_NEAR(found_at(x, y), dark + scale * (plain_at(x, y) - plain_dark), 0.015)
        << x << " " << y;
  }
}

TEST(Retinex, FreesAPictureOfMostOfItsShadeAndLeavesAFlatOne) {
  // The right half has a tenth of the light of the left.
  Image source;
  source.width = 160;
  source.height = 40;
  source.depth = 16;
  for (int i = 0; i < 160 * 40 * 3; ++i) {
    const int x = i / 3 % 160, y = i / 3 / 160;
    source.u16.push_back(static_cast<uint16_t>((x < 80 ? 30000 : 3000) * ((x + y) % 2 ? 1 : 2)));
  }
  const auto half_mean = [](const Image& image, int first) {
    double sum = 0;
    for (int y = 0; y < 40; ++y) {
      for (int x = first; x < first + 40; ++x) sum += sample(image, size_t(3 * (y * 160 + x)));
    }
    return sum / 1600;
  };
  const Image result = enhanced("msr", source);
  EXPECT_GT(half_mean(source, 0) / half_mean(source, 120), 9.9);
  EXPECT_LT(half_mean(result, 0) / half_mean(result, 120), 3);
  source.u16.assign(source.u16.size(), 12345);
  EXPECT_EQ(enhanced("msr", source).u16, source.u16);
}

/// Solves a dense system by Gaussian elimination.
std::vector<double> solved(std::vector<std::vector<double>> matrix, std::vector<double> right) {
  const size_t n = right.size();
  for (size_t k = 0; k < n; ++k) {
    for (size_t i = k + 1; i < n; ++i) {
      const double factor = matrix[i][k] / matrix[k][k];
      for (size_t j = k; j < n; ++j) matrix[i][j] -= factor * matrix[k][j];
      right[i] -= factor * right[k];
    }
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t j = i + 1; j < n; ++j) right[i] -= matrix[i][j] * right[j];
    right[i] /= matrix[i][i];
  }
  return right;
}

/// The smoothed plane at (x, y), borders repeated: all 15 x 15 taps.
double smoothed(const std::vector<double>& plane, int width, int height, int x, int y) {
  double sum = 0, weights = 0;
  for (int j = -7; j <= 7; ++j) {
    for (int i = -7; i <= 7; ++i) {
      const double weight = std::exp(-(i * i + j * j) / 8.0);
      const int from = std::clamp(y + j, 0, height - 1) * width + std::clamp(x + i, 0, width - 1);
      sum += weight * plane[size_t(from)];
      weights += weight;
    }
  }
  return sum / weights;
}

TEST(Lime, EqualsADenseSolver) {
  constexpr int kWidth = 11, kHeight = 7, kCount = kWidth * kHeight;
  Rng rng(2);
  std::vector<double> t0;
  for (int i = 0; i < kCount; ++i) t0.push_back(rng.uniform() * (i % kWidth < 5 ? 0.2 : 1));
  std::vector<std::vector<double>> matrix(kCount, std::vector<double>(kCount));
  for (size_t i = 0; i < kCount; ++i) matrix[i][i] = 1;
  for (const int step : {1, kWidth}) {
    std::vector<double> gradient(kCount), inverse(kCount);
    const auto has_next = [&](int i) {
      return step == 1 ? i % kWidth + 1 < kWidth : i + kWidth < kCount;
    };
    for (int i = 0; i < kCount; ++i) {
      if (has_next(i)) gradient[size_t(i)] = std::abs(t0[size_t(i + step)] - t0[size_t(i)]);
    }
    for (int i = 0; i < kCount; ++i) {
      inverse[size_t(i)] = 1 / (smoothed(gradient, kWidth, kHeight, i % kWidth, i / kWidth) + 1e-3);
    }
    for (int i = 0; i < kCount; ++i) {
      if (!has_next(i)) continue;
      const double weight =
          smoothed(inverse, kWidth, kHeight, i % kWidth, i / kWidth) / (gradient[size_t(i)] + 1e-3);
      const auto a = size_t(i), b = size_t(i + step);
      matrix[a][a] += 0.15 * weight;
      matrix[b][b] += 0.15 * weight;
      matrix[a][b] -= 0.15 * weight;
      matrix[b][a] -= 0.15 * weight;
    }
  }
  const std::vector<double> expected = solved(matrix, t0);
  QuietJob job;
  const std::vector<double> t = lime_illumination(t0, kWidth, kHeight, {.tolerance = 1e-12}, job);
  for (size_t i = 0; i < kCount; ++i) EXPECT_NEAR(t[i], expected[i], 1e-8);
  // The tolerance that is used keeps it to what no 16-bit sample shows.
  const std::vector<double> used = lime_illumination(t0, kWidth, kHeight, {}, job);
  for (size_t i = 0; i < kCount; ++i) EXPECT_NEAR(used[i], expected[i], 1e-4);
}

TEST(Lime, DividesByItsMapToThePowerAndKeepsHue) {
  const Image source = photograph(40, 30, 3, 16, 0.2f);
  std::vector<double> t0;
  for (size_t i = 0; i < source.sample_count(); i += 3) {
    t0.push_back(std::max({sample(source, i), sample(source, i + 1), sample(source, i + 2)}));
  }
  QuietJob job;
  const std::vector<double> t = lime_illumination(t0, 40, 30, {}, job);
  const Image result = enhanced("lime", source);
  for (size_t i = 0; i < source.sample_count(); ++i) {
    ASSERT_NEAR(sample(result, i), std::min(1.0, sample(source, i) / std::pow(t[i / 3], 0.8)),
                3e-5);
  }
}

TEST(Lime, TellsTheMedianOfItsMap) {
  const Image source = photograph(40, 30, 3, 16, 0.2f);
  QuietJob job;
  EnhanceMeasures measures;
  // Divided by the map, so that the map is what the division took.
  const Image result = make_enhance_method("lime", {})->enhance(source, {}, job, measures);
  std::vector<double> map;
  for (size_t i = 1; i < source.sample_count(); i += 3) {
    if (result.u16[i] < 65535) map.push_back(sample(source, i) / sample(result, i));
  }
  ASSERT_GT(map.size(), 1100u);  // few are clipped
  std::nth_element(map.begin(), map.begin() + 600, map.end());
  EXPECT_NEAR(measures.map_median / map[600], 1, 0.02);
  EXPECT_GT(measures.map_median, measures.map_min);
  EXPECT_LT(measures.map_median, measures.map_max);
}

TEST(Lime, OfALargePhotographIsNearThatOfItsReduction) {
  const Image small = photograph(640, 40, 3, 8, 0.3f);
  Image large = small;  // each pixel three times as large
  large.width *= 3;
  large.height *= 3;
  large.u8.clear();
  for (int y = 0; y < large.height; ++y) {
    for (int x = 0; x < large.width; ++x) {
      const size_t from = 3 * (size_t(y / 3) * 640 + size_t(x / 3));
      large.u8.insert(large.u8.end(), &small.u8[from], &small.u8[from] + 3);
    }
  }
  ASSERT_GT(large.width, kLimeSide);
  const double difference = mean_of(enhanced("lime", large)) - mean_of(enhanced("lime", small));
  EXPECT_NEAR(difference, 0, 0.03);
}

TEST(ExposureFusion, OfOneLevelIsAWeightedMean) {
  constexpr int kWidth = 5, kHeight = 3;
  Rng rng(8);
  std::vector<float> rgb;
  for (int i = 0; i < kWidth * kHeight * 3; ++i) rgb.push_back(rng.uniform());
  QuietJob job;
  const std::vector<float> result = exposure_fusion(rgb, kWidth, kHeight, job);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      double weights = 0, sums[3] = {0, 0, 0};
      for (const double gamma : {1.0, 0.6, 0.35}) {
        const auto at = [&](int px, int py, int c) {
          const int i = std::clamp(py, 0, kHeight - 1) * kWidth + std::clamp(px, 0, kWidth - 1);
          return std::pow(double{rgb[size_t(3 * i + c)]}, gamma);
        };
        const auto grey = [&](int px, int py) {
          return (at(px, py, 0) + at(px, py, 1) + at(px, py, 2)) / 3;
        };
        const double contrast = std::abs(grey(x - 1, y) + grey(x + 1, y) + grey(x, y - 1) +
                                         grey(x, y + 1) - 4 * grey(x, y));
        double variance = 0, exposed = 1;
        for (int c = 0; c < 3; ++c) {
          variance += std::pow(at(x, y, c) - grey(x, y), 2) / 3;
          exposed *= std::exp(-std::pow(at(x, y, c) - 0.5, 2) / (2 * 0.2 * 0.2));
        }
        const double weight = contrast * std::sqrt(variance) * exposed + 1e-12;
        weights += weight;
        for (int c = 0; c < 3; ++c) sums[c] += weight * at(x, y, c);
      }
      for (int c = 0; c < 3; ++c) {
        EXPECT_NEAR(result[size_t(3 * (y * kWidth + x) + c)], sums[c] / weights, 1e-4);
      }
    }
  }
}

// The weights of a flat picture are alike, so that each level must give constants back.
TEST(ExposureFusion, KeepsAFlatPictureFlatAtAnySize) {
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{16, 16}, {37, 23}, {9, 64}}) {
    const std::vector<float> rgb(size_t(3 * width * height), 0.2f);
    QuietJob job;
    const double expected = (0.2 + std::pow(0.2, 0.6) + std::pow(0.2, 0.35)) / 3;
    for (const float value : exposure_fusion(rgb, width, height, job)) {
      ASSERT_NEAR(value, expected, 1e-5);
    }
  }
}

TEST(ClassicalMethods, SayWhenMemoryDoesNotSuffice) {
  const Image source = photograph(64, 64, 3, 8);
  for (const std::string name : {"exposure-fusion", "msr"}) {
    try {
      enhanced(name, source, {.memory_bytes = 100000});
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::resource);
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace vane::testing
