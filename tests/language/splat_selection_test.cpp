// SPDX-License-Identifier: Apache-2.0
// Oracle: brute force, and scenes whose pieces are known.
#include "generators/language/splat_selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/base/rng.h"

namespace vane {
namespace {

TEST(NearestPoints, EqualBruteForce) {
  Rng rng(4);
  std::vector<float> points;
  for (int i = 0; i < 300; ++i) {
    // Some coincide.
    for (int k = 0; k < 3; ++k) points.push_back(std::floor(rng.uniform() * 12));
  }
  const std::vector<int32_t> found = nearest_points(points, 6);
  ASSERT_EQ(found.size(), 300u * 6);
  for (size_t i = 0; i < 300; ++i) {
    std::vector<std::pair<float, int32_t>> all;
    for (size_t j = 0; j < 300; ++j) {
      float square = 0;
      for (size_t k = 0; k < 3; ++k) {
        const float d = points[3 * i + k] - points[3 * j + k];
        square += d * d;
      }
      if (j != i) all.emplace_back(square, static_cast<int32_t>(j));
    }
    std::sort(all.begin(), all.end());
    for (size_t k = 0; k < 6; ++k) EXPECT_EQ(found[6 * i + k], all[k].second) << i;
  }
}

TEST(NearestPoints, FewPoints) {
  EXPECT_TRUE(nearest_points({}, 4).empty());
  EXPECT_TRUE(nearest_points({1, 2, 3}, 4).empty());
  EXPECT_EQ(nearest_points({0, 0, 0, 5, 0, 0, 1, 0, 0}, 4),
            (std::vector<int32_t>{2, 1, 2, 0, 0, 1}));
}

// Rows of Gaussians at x = 0, 10 and 20, 100 each, and one straggler at 30.
class Selection : public testing::Test {
 protected:
  Selection() {
    for (int piece = 0; piece < 4; ++piece) {
      for (int i = 0; i < (piece == 3 ? 1 : 100); ++i) {
        cloud_.position.insert(cloud_.position.end(), {10.f * static_cast<float>(piece),
                                                       0.01f * static_cast<float>(i), 0});
        cloud_.opacity_logit.push_back(2);
        weight_.push_back(1);
        score_.push_back(0.55f);
      }
    }
  }
  std::vector<int64_t> selected() { return select_splats(cloud_, weight_, score_, {}); }

  SplatCloud cloud_;
  std::vector<float> weight_, score_;
};

TEST_F(Selection, APieceNeedsOneSeed) {
  EXPECT_TRUE(selected().empty());
  score_[150] = 0.7f;
  const std::vector<int64_t> found = selected();
  ASSERT_EQ(found.size(), 100u);
  EXPECT_EQ(found.front(), 100);
  EXPECT_EQ(found.back(), 199);
}

TEST_F(Selection, WhatIsTooLowHiddenOrFaintIsLeftOut) {
  score_[150] = 0.7f;
  score_[101] = 0.49f;
  weight_[102] = 0;
  cloud_.opacity_logit[103] = -4;
  const std::vector<int64_t> found = selected();
  EXPECT_EQ(found.size(), 97u);
  for (const int64_t gone : {101, 102, 103}) {
    EXPECT_EQ(std::count(found.begin(), found.end(), gone), 0);
  }
}

TEST_F(Selection, StragglersAreDropped) {
  score_[0] = score_[150] = score_[250] = 0.7f;
  // Far more than 200 in the selection would be needed for one Gaussian to be half a percent.
  score_[300] = 0.9f;
  cloud_.opacity_logit[300] = -2.5f;
  const std::vector<int64_t> found = selected();
  EXPECT_EQ(found.size(), 300u);
}

}  // namespace
}  // namespace vane
