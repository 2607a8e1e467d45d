// SPDX-License-Identifier: Apache-2.0
// Oracle: closed forms, and plain loops over the pixels.
#include "guidance/tone_statistics.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "engine/base/error.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

TEST(ToneStatistics, OfFlatAndOfHalvedPicturesAreTheirClosedForms) {
  const Tensor grey = at::full({1, 3, 8, 10}, 100.0 / 255, at::kDouble);
  const ToneStatistics flat = tone_statistics(grey);
  EXPECT_NEAR(flat.mean_luma, 100.0 / 255, 1e-12);
  EXPECT_EQ(flat.dark, 0);
  EXPECT_EQ(flat.bright, 0);
  EXPECT_EQ(flat.entropy, 0);
  EXPECT_NEAR(flat.colourfulness, 0, 1e-12);
  Tensor halves = grey.clone();
  halves.slice(3, 0, 5).fill_(4.0 / 255);  // below 5; 5 itself is not
  halves.slice(3, 5).fill_(251.0 / 255);
  const ToneStatistics two = tone_statistics(halves);
  EXPECT_EQ(two.dark, 0.5);
  EXPECT_EQ(two.bright, 0.5);
  EXPECT_NEAR(two.entropy, 1, 1e-12);
  EXPECT_EQ(tone_statistics(at::full({1, 3, 8, 10}, 5.0 / 255)).dark, 0);
  EXPECT_EQ(tone_statistics(at::full({1, 3, 8, 10}, 250.0 / 255)).bright, 0);
  // Pure red: rg = 255 and yb = 127.5 everywhere, which vary in nothing.
  Tensor red = at::zeros({1, 3, 4, 4});
  red.select(1, 0).fill_(1);
  EXPECT_NEAR(tone_statistics(red).colourfulness, 0.3 * std::hypot(255, 127.5), 1e-9);
  EXPECT_NEAR(tone_statistics(red).mean_luma, 0.299, 1e-12);
}

TEST(ToneStatistics, EqualPlainLoops) {
  const Tensor image = testing::uniform_tensor({1, 3, 37, 23}, 8, -0.05f, 0.9f);
  constexpr int kPixels = 37 * 23;
  std::array<double, 256> counts{};
  double luma = 0, rg = 0, yb = 0, rg2 = 0, yb2 = 0;
  int dark = 0;
  for (int i = 0; i < kPixels; ++i) {
    double level[3];
    for (int c = 0; c < 3; ++c) {
      const double value = double{image.const_data_ptr<float>()[c * kPixels + i]};
      level[c] = std::floor(std::max(0.0, value) * 255 + 0.5);
    }
    const double y = 0.299 * level[0] + 0.587 * level[1] + 0.114 * level[2];
    luma += y / kPixels / 255;
    ++counts[size_t(std::floor(y + 0.5))];
    dark += std::floor(y + 0.5) < 5;
    const double a = level[0] - level[1], b = (level[0] + level[1]) / 2 - level[2];
    rg += a / kPixels;
    yb += b / kPixels;
    rg2 += a * a / kPixels;
    yb2 += b * b / kPixels;
  }
  double entropy = 0;
  for (const double count : counts) {
    if (count > 0) entropy -= count / kPixels * std::log2(count / kPixels);
  }
  const ToneStatistics seen = tone_statistics(image);
  EXPECT_NEAR(seen.mean_luma, luma, 1e-9);
  EXPECT_NEAR(seen.dark, double(dark) / kPixels, 1e-12);
  EXPECT_NEAR(seen.entropy, entropy, 1e-9);
  EXPECT_NEAR(seen.colourfulness,
              std::sqrt(rg2 - rg * rg + yb2 - yb * yb) + 0.3 * std::hypot(rg, yb), 1e-6);
}

TEST(ToneStatistics, RefuseWhatIsNoPicture) {
  EXPECT_THROW(tone_statistics(at::zeros({3, 4, 4})), Error);
  EXPECT_THROW(tone_statistics(at::zeros({2, 3, 4, 4})), Error);
}

}  // namespace
}  // namespace vane
