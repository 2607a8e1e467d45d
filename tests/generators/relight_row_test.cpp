// SPDX-License-Identifier: Apache-2.0
#include "generators/relight/relight_row.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/base/rng.h"

namespace vane {
namespace {

TEST(RelightRow, PowersOfTwoAreWithinThreeTenMillionths) {
  for (float x = -40; x < 40; x += 0.0137f) {
    EXPECT_NEAR(double(fast_exp2(x)) / std::exp2(double(x)), 1, 3e-7) << x;
  }
  for (const float whole : {-3.f, 0.f, 1.f, 5.f}) EXPECT_EQ(fast_exp2(whole), std::exp2(whole));
}

/// Bilinear at a place between the centres of cells; beyond the outer ones as they are.
double bilinear(const std::vector<float>& plane, int width, int height, double x, double y) {
  x = std::clamp(x, 0.0, width - 1.0);
  y = std::clamp(y, 0.0, height - 1.0);
  const int left = std::min(static_cast<int>(x), std::max(0, width - 2));
  const int top = std::min(static_cast<int>(y), std::max(0, height - 2));
  const auto at = [&](int u, int v) {
    u = std::min(u, width - 1);
    v = std::min(v, height - 1);
    return double(plane[static_cast<size_t>(v * width + u)]);
  };
  const double fx = x - left, fy = y - top;
  return (1 - fy) * ((1 - fx) * at(left, top) + fx * at(left + 1, top)) +
         fy * ((1 - fx) * at(left, top + 1) + fx * at(left + 1, top + 1));
}

TEST(RelightRow, PlanesAreBilinearWhicheverIsLarger) {
  struct Case {
    int width, height, planes_width, planes_height;
  };
  for (const Case& c : {Case{100, 70, 16, 12}, Case{17, 9, 16, 12}, Case{16, 12, 16, 12},
                        Case{5, 4, 16, 12}, Case{40, 30, 1, 1}, Case{1, 1, 7, 3}}) {
    RelightPlanes planes;
    planes.width = c.planes_width;
    planes.height = c.planes_height;
    Rng rng(3);
    for (std::vector<float>* plane :
         {&planes.slope, &planes.offset, &planes.low, &planes.high, &planes.haze}) {
      plane->resize(static_cast<size_t>(c.planes_width * c.planes_height));
      for (float& v : *plane) v = rng.uniform(-1.f, 1.f);
    }
    const RelightColumns columns(c.width, c.planes_width);
    RelightRow row(static_cast<size_t>(c.width));
    for (int y = 0; y < c.height; ++y) {
      columns.planes_at(planes, y, c.height, row);
      const double v = (y + 0.5) * c.planes_height / c.height - 0.5;
      for (int x = 0; x < c.width; ++x) {
        const double u = (x + 0.5) * c.planes_width / c.width - 0.5;
        const auto i = static_cast<size_t>(x);
        EXPECT_NEAR(row.slope[i], bilinear(planes.slope, c.planes_width, c.planes_height, u, v),
                    2e-5);
        EXPECT_NEAR(row.haze[i], bilinear(planes.haze, c.planes_width, c.planes_height, u, v),
                    2e-5);
      }
    }
  }
}

TEST(RelightRow, TheRangeOfGainsIsThatOfAllPixels) {
  for (const size_t width : {1u, 7u, 8u, 21u}) {
    RelightRow row(width);
    double sum = 0;
    for (size_t x = 0; x < width; ++x) {
      row.full_gain[x] = 1 + static_cast<float>((x * 5) % width);
      sum += double(row.full_gain[x]);
    }
    const GainRange range = gain_range(row);
    EXPECT_EQ(range.least, *std::ranges::min_element(row.full_gain));
    EXPECT_EQ(range.largest, *std::ranges::max_element(row.full_gain));
    EXPECT_DOUBLE_EQ(range.sum, sum);
  }
}

}  // namespace
}  // namespace vane
