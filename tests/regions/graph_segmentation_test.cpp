// SPDX-License-Identifier: Apache-2.0
// Oracle: pictures whose regions are known, and the definition of the boundary predicate
// (Felzenszwalb & Huttenlocher 2004, section 3.1).
#include "engine/regions/graph_segmentation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "engine/base/error.h"
#include "engine/base/rng.h"

namespace vane {
namespace {

Image painted(int width, int height, const std::function<std::array<int, 3>(int, int)>& colour) {
  Image image;
  image.width = width;
  image.height = height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int value : colour(x, y)) image.u8.push_back(static_cast<uint8_t>(value));
    }
  }
  return image;
}

// A red square with a darker square inside on a grey ground, each with a little noise.
Image nested_squares(uint64_t seed) {
  Rng rng(seed);
  return painted(96, 80, [&](int x, int y) -> std::array<int, 3> {
    const int noise = static_cast<int>(rng.below(5));
    if (x >= 36 && x < 52 && y >= 28 && y < 44) return {100 + noise, 30, 30};
    if (x >= 20 && x < 70 && y >= 16 && y < 60) return {210 + noise, 40, 40};
    return {120 + noise, 120 + noise, 120 + noise};
  });
}

TEST(GraphSegmentation, FlatRegionsAreFoundExactly) {
  GraphSegmentationOptions options;
  options.sigma = 0;
  for (const RegionMap& map : graph_segmentation(nested_squares(3), options)) {
    ASSERT_EQ(map.labels.size(), 96u * 80u);
    const auto at = [&](int x, int y) { return map.labels[static_cast<size_t>(y * 96 + x)]; };
    const bool coarse = map.count == 2;  // the inner square is smaller than 500 pixels
    EXPECT_EQ(map.count, coarse ? 2 : 3);
    for (int y = 0; y < 80; ++y) {
      for (int x = 0; x < 96; ++x) {
        const bool inner = x >= 36 && x < 52 && y >= 28 && y < 44;
        const bool outer = x >= 20 && x < 70 && y >= 16 && y < 60;
        EXPECT_EQ(at(x, y), !outer ? 0 : inner && !coarse ? 2 : 1) << x << ' ' << y;
      }
    }
  }
}

TEST(GraphSegmentation, TheCoarsestLevelSwallowsWhatIsSmall) {
  const auto maps = graph_segmentation(nested_squares(3));
  ASSERT_EQ(maps.size(), 3u);
  EXPECT_GE(maps[0].count, 3);
  EXPECT_EQ(maps[2].count, 2);
}

TEST(GraphSegmentation, LevelsNestAndTheFinestKeepsItsSmallestSize) {
  Rng rng(11);
  const Image image = painted(90, 70, [&](int x, int y) -> std::array<int, 3> {
    const int noise = static_cast<int>(rng.below(60));
    return {(x * 7) % 200 + noise / 2, (y * 5) % 180 + noise, ((x / 11 + y / 9) % 2) * 150 + noise};
  });
  const GraphSegmentationOptions options;
  const auto maps = graph_segmentation(image, options);
  for (size_t level = 0; level < maps.size(); ++level) {
    std::vector<int> size(static_cast<size_t>(maps[level].count));
    for (const int32_t label : maps[level].labels) ++size[static_cast<size_t>(label)];
    if (level == 0) {
      EXPECT_GE(*std::min_element(size.begin(), size.end()), options.levels[level].min_size);
      continue;
    }
    EXPECT_LE(maps[level].count, maps[level - 1].count);
    std::vector<int32_t> parent(static_cast<size_t>(maps[level - 1].count), -1);
    for (size_t i = 0; i < maps[level].labels.size(); ++i) {
      int32_t& mine = parent[static_cast<size_t>(maps[level - 1].labels[i])];
      if (mine < 0) mine = maps[level].labels[i];
      ASSERT_EQ(mine, maps[level].labels[i]);
    }
  }
  EXPECT_GT(maps[0].count, maps[2].count);
}

TEST(GraphSegmentation, RegionsOfOneLevelAreConnected) {
  for (const GraphLevel level : GraphSegmentationOptions{}.levels) {
    GraphSegmentationOptions options;
    options.levels = {level};
    const RegionMap map = graph_segmentation(nested_squares(7), options)[0];
    std::vector<bool> seen(map.labels.size());
    std::set<int32_t> started;
    for (size_t start = 0; start < map.labels.size(); ++start) {
      if (seen[start]) continue;
      ASSERT_TRUE(started.insert(map.labels[start]).second) << "a region in two pieces";
      std::vector<size_t> open{start};
      seen[start] = true;
      while (!open.empty()) {
        const auto here = static_cast<int>(open.back());
        open.pop_back();
        for (int dy = -1; dy <= 1; ++dy) {
          for (int dx = -1; dx <= 1; ++dx) {
            const int x = here % map.width + dx, y = here / map.width + dy;
            if (x < 0 || y < 0 || x >= map.width || y >= map.height) continue;
            const auto there = static_cast<size_t>(y * map.width + x);
            if (seen[there] || map.labels[there] != map.labels[static_cast<size_t>(here)]) continue;
            seen[there] = true;
            open.push_back(there);
          }
        }
      }
    }
    EXPECT_EQ(static_cast<int32_t>(started.size()), map.count);
  }
}

// A ramp of step d: every edge weighs d, so by the predicate a region of size n takes the next
// pixel while d <= 0 + k / 1 (a single pixel is the stricter side), and never otherwise.
TEST(GraphSegmentation, TheScaleIsWhereARampBreaks) {
  const Image ramp = painted(8, 1, [](int x, int) -> std::array<int, 3> { return {x * 20, 0, 0}; });
  GraphSegmentationOptions options;
  options.sigma = 0;
  options.levels = {{20, 0}};
  EXPECT_EQ(graph_segmentation(ramp, options)[0].count, 1);
  options.levels = {{19.9, 0}};
  EXPECT_EQ(graph_segmentation(ramp, options)[0].count, 8);
}

TEST(GraphSegmentation, OnePixelAndBadOptions) {
  const Image pixel = painted(1, 1, [](int, int) -> std::array<int, 3> { return {1, 2, 3}; });
  EXPECT_EQ(graph_segmentation(pixel)[2].count, 1);
  EXPECT_THROW(graph_segmentation(Image{}), Error);
  GraphSegmentationOptions options;
  options.levels.clear();
  EXPECT_THROW(graph_segmentation(pixel, options), Error);
  options.levels = {{-1, 0}};
  EXPECT_THROW(graph_segmentation(pixel, options), Error);
}

}  // namespace
}  // namespace vane
