// SPDX-License-Identifier: Apache-2.0
// Oracle: sequences whose cuts are known because they were made here.
#include "engine/video/shot_cuts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/base/hash.h"

namespace vane {
namespace {

using Scene = std::function<double(double x, double y)>;

double checkers(double x, double y) {
  return std::fmod(x / 16 + std::floor(y / 16), 2) < 1 ? 40 : 90;
}
double slope(double x, double) { return 90 + x; }

/// `noise` is the largest deviation.
Image drawn(const Scene& scene, double shift, double noise, uint64_t seed) {
  Image frame;
  frame.width = 128;
  frame.height = 72;
  for (int y = 0; y < 72; ++y) {
    for (int x = 0; x < 128; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double random =
            double(splitmix64(seed * 100000 + frame.u8.size()) >> 40) / (1 << 23) - 1;
        frame.u8.push_back(uint8_t(std::clamp(scene(x + shift, y) + noise * random, 0.0, 255.0)));
      }
    }
  }
  return frame;
}

TEST(ShotCuts, FindsACutAndNothingInNoise) {
  ShotCuts cuts;
  for (uint64_t i = 0; i < 40; ++i) {
    const Scene scene = i < 23 ? Scene(checkers) : Scene(slope);
    EXPECT_EQ(cuts.begins_shot(drawn(scene, 0, 20, i)), i == 0 || i == 23) << i;
  }
}

TEST(ShotCuts, APanIsOneShot) {
  ShotCuts cuts;
  for (uint64_t i = 0; i < 40; ++i) {
    EXPECT_EQ(cuts.begins_shot(drawn(checkers, 2.0 * double(i), 4, i)), i == 0) << i;
  }
}

// Every pixel has another tone, by one step of the histogram.
TEST(ShotCuts, AWallWhoseExposureMovesIsOneShot) {
  ShotCuts cuts;
  for (uint64_t i = 0; i < 20; ++i) {
    const double level = i < 10 ? 100 : 106;
    EXPECT_EQ(cuts.begins_shot(drawn([&](double, double) { return level; }, 0, 0, i)), i == 0) << i;
  }
}

// The same tones in other places.
TEST(ShotCuts, TonesThatStayDoNotHideACut) {
  ShotCuts cuts;
  const auto mirrored = [](double x, double y) { return slope(127 - x, y); };
  for (uint64_t i = 0; i < 20; ++i) {
    const Scene scene = i < 10 ? Scene(slope) : Scene(mirrored);
    EXPECT_EQ(cuts.begins_shot(drawn(scene, 0, 4, i)), i == 0 || i == 10) << i;
  }
}

}  // namespace
}  // namespace vane
