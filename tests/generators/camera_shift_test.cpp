// SPDX-License-Identifier: Apache-2.0
// Oracle: windows that are moved over one scene by known steps.
#include "generators/relight/camera_shift.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "generators/relight/steady_planes.h"

namespace vane {
namespace {

constexpr int kWidth = 128, kHeight = 72;

/// Objects of many sizes; the same at a place whatever window it is seen through.
float scene(int x, int y) {
  double sum = 0.5;
  for (int k = 1; k <= 5; ++k) {
    sum += 0.09 * std::sin(0.05 * k * k * x + 1.7 * k) * std::cos(0.043 * k * k * y + 0.6 * k);
  }
  return static_cast<float>(std::clamp(sum, 0.0, 1.0));
}

std::vector<float> window(int left, int top, double noise = 0, uint64_t seed = 1) {
  Rng rng(seed);
  std::vector<float> out;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      out.push_back(scene(x + left, y + top) + static_cast<float>(noise) * float(rng.normal()));
    }
  }
  return out;
}

TEST(CameraShift, IsThatOfTheWindowInEitherDirection) {
  const std::vector<float> before = window(200, 100);
  for (const Shift shift :
       {Shift{1, 0}, Shift{0, -1}, Shift{-5, 3}, Shift{7, 9}, Shift{-17, -14}, Shift{18, 0}}) {
    SCOPED_TRACE(std::to_string(shift.x) + " " + std::to_string(shift.y));
    // The scene moves against the camera.
    EXPECT_EQ(camera_shift(before, window(200 - shift.x, 100 - shift.y), kWidth, kHeight), shift);
    EXPECT_EQ(camera_shift(window(200, 100, 0.02), window(200 - shift.x, 100 - shift.y, 0.02, 2),
                           kWidth, kHeight),
              shift);
  }
}

TEST(CameraShift, IsNoneWhereNothingMovesOrNothingFits) {
  EXPECT_EQ(camera_shift(window(0, 0, 0.03, 1), window(0, 0, 0.03, 2), kWidth, kHeight), Shift{});
  // Noise alone, another scene, a small object that moves, pictures too small to tell.
  Rng rng(9);
  std::vector<float> a, b;
  for (int i = 0; i < kWidth * kHeight; ++i) {
    a.push_back(0.5f + 0.1f * float(rng.normal()));
    b.push_back(0.5f + 0.1f * float(rng.normal()));
  }
  EXPECT_EQ(camera_shift(a, b, kWidth, kHeight), Shift{});
  std::vector<float> object = window(0, 0), moved = window(0, 0);
  for (int y = 20; y < 40; ++y) {
    for (int x = 20; x < 40; ++x) {
      object[size_t(y * kWidth + x)] = 1;
      moved[size_t(y * kWidth + x + 6)] = 1;
    }
  }
  EXPECT_EQ(camera_shift(object, moved, kWidth, kHeight), Shift{});
  const std::vector<float> tiny(30 * 30, 0.5f);
  EXPECT_EQ(camera_shift(tiny, tiny, 30, 30), Shift{});
  EXPECT_THROW(camera_shift(tiny, tiny, 30, 31), Error);
}

// Planes that are a function of the place in the scene, with noise: after some frames of a pan the
// mean holds less of the noise than any frame does, and no light that lies where it was.
TEST(CameraShift, LetsTheMeanOfAPanFollow) {
  SteadyPlanes steady(25);
  double noise = 0, error = 0;
  Rng rng(4);
  for (int i = 0; i < 30; ++i) {
    const int left = 3 * i, top = -i;
    Image small;
    small.width = kWidth;
    small.height = kHeight;
    for (const float luma : window(left, top)) {
      small.u8.insert(small.u8.end(), 3, static_cast<uint8_t>(std::lround(255 * double(luma))));
    }
    std::vector<float> truth, seen;
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        truth.push_back(4 * scene(x + left + 31, y + top));
        seen.push_back(truth.back() + 0.3f * float(rng.normal()));
      }
    }
    const RelightPlanes& mean = steady.next({kWidth, kHeight, seen, seen, seen, seen, seen}, small);
    if (i < 15) continue;
    for (size_t k = 0; k < truth.size(); ++k) {
      noise += std::pow(double(seen[k] - truth[k]), 2);
      error += std::pow(double(mean.offset[k] - truth[k]), 2);
    }
  }
  EXPECT_LT(std::sqrt(error / noise), 0.5);
}

}  // namespace
}  // namespace vane
