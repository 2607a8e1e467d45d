// SPDX-License-Identifier: Apache-2.0
// Oracle: the closed form of an exponential mean, and the variance that it leaves of white noise.
#include "generators/relight/steady_planes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "engine/base/rng.h"

namespace vane {
namespace {

constexpr int kWidth = 16, kHeight = 8;
constexpr size_t kCells = kWidth * kHeight;

RelightPlanes planes_of(float value) {
  const std::vector<float> plane(kCells, value);
  return {kWidth, kHeight, plane, plane, plane, plane, plane};
}

Image grey(uint8_t level) {
  Image image;
  image.width = kWidth;
  image.height = kHeight;
  image.u8.assign(3 * kCells, level);
  return image;
}

TEST(SteadyPlanes, IsAMeanAtFirstAndThenForgetsExponentially) {
  SteadyPlanes steady(25);
  const double w = 1 - std::exp(-1 / (25 * 0.18));
  double expected = 0;
  for (int i = 0; i < 30; ++i) {
    const float value = i % 7 == 3 ? 2.f : 0.5f;
    expected += std::max(w, 1.0 / (i + 1)) * (double(value) - expected);
    const RelightPlanes& mean = steady.next(planes_of(value), grey(90));
    for (const std::vector<float>* plane :
         {&mean.slope, &mean.offset, &mean.low, &mean.high, &mean.haze}) {
      EXPECT_NEAR(plane->at(37), expected, 1e-5) << i;
    }
  }
}

// Of white noise the difference of neighbours keeps w sqrt(2 / (2 - w)) / sqrt(2): .15 at 25 a
// second.
TEST(SteadyPlanes, CalmsNoiseByTheFactorOfItsWeight) {
  SteadyPlanes steady(25);
  Rng rng(3);
  double raw = 0, calm = 0;
  RelightPlanes before, before_mean;
  for (int i = 0; i < 400; ++i) {
    RelightPlanes now = planes_of(1);
    for (float& value : now.offset) value += 0.1f * float(rng.normal());
    const RelightPlanes mean = steady.next(now, grey(90));
    for (size_t k = 0; i > 20 && k < kCells; ++k) {
      raw += std::pow(double(now.offset[k] - before.offset[k]), 2);
      calm += std::pow(double(mean.offset[k] - before_mean.offset[k]), 2);
    }
    before = now;
    before_mean = mean;
  }
  const double w = 1 - std::exp(-1 / (25 * 0.18));
  EXPECT_NEAR(std::sqrt(calm / raw), w / std::sqrt(2 - w), 0.01);
}

TEST(SteadyPlanes, FollowsAtOnceWhatMovesAndACut) {
  SteadyPlanes steady(25);
  for (int i = 0; i < 20; ++i) steady.next(planes_of(1), grey(50));
  // Something bright comes into the left half: it has its own light from its first frame on.
  Image moved = grey(50);
  for (size_t k = 0; k < 3 * kCells; ++k) {
    if (k / 3 % kWidth < kWidth / 2) moved.u8[k] = 200;
  }
  const RelightPlanes mean = steady.next(planes_of(0), moved);
  EXPECT_FLOAT_EQ(mean.offset[0], 0);
  EXPECT_GT(mean.offset[kWidth - 1], 0.7f);
  steady.reset();
  EXPECT_FLOAT_EQ(steady.next(planes_of(3), grey(200)).offset[kWidth - 1], 3);
  EXPECT_THROW(
      steady.next({2, 2, {1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}, {0, 0, 0, 0}},
                  grey(200)),
      Error);
}

}  // namespace
}  // namespace vane
