// SPDX-License-Identifier: Apache-2.0
// Oracle: the known-answer vector of Philox 4x32-10 (Random123), and statistics with their error.
#include "engine/base/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace vane {
namespace {

TEST(Rng, MatchesThePhiloxKnownAnswer) {
  Rng rng(0, 0);
  EXPECT_EQ(rng.next_u32(), 0x6627e8d5u);
  EXPECT_EQ(rng.next_u32(), 0xe169c58du);
  EXPECT_EQ(rng.next_u32(), 0xbc57ac4cu);
  EXPECT_EQ(rng.next_u32(), 0x9b00dbd8u);
}

TEST(Rng, SeekContinuesTheStreamAtEveryPosition) {
  Rng whole(42, 7);
  std::vector<uint32_t> numbers;
  for (int i = 0; i < 23; ++i) numbers.push_back(whole.next_u32());
  for (size_t start = 0; start < numbers.size(); ++start) {
    Rng resumed(42, 7);
    resumed.seek(start);
    for (size_t i = start; i < numbers.size(); ++i) ASSERT_EQ(resumed.next_u32(), numbers[i]);
  }
}

TEST(Rng, ForksDependOnPurposeAndIndexOnly) {
  Rng root(3);
  Rng used(3);
  used.next_u32();
  EXPECT_EQ(root.fork("crops", 5).next_u32(), used.fork("crops", 5).next_u32());
  EXPECT_NE(root.fork("crops", 5).next_u32(), root.fork("crops", 6).next_u32());
  EXPECT_NE(root.fork("crops", 5).next_u32(), root.fork("noise", 5).next_u32());
}

TEST(Rng, MomentsAreThoseOfTheDistributions) {
  Rng rng(1);
  const int n = 200000;
  double sum = 0, squares = 0, uniform = 0;
  std::array<int, 7> counts{};
  for (int i = 0; i < n; ++i) {
    const double x = static_cast<double>(rng.normal());
    sum += x;
    squares += x * x;
    uniform += static_cast<double>(rng.uniform());
    ++counts[rng.below(7)];
  }
  EXPECT_NEAR(sum / n, 0.0, 4 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1.0, 4 * std::sqrt(2.0 / n));
  EXPECT_NEAR(uniform / n, 0.5, 4 * std::sqrt(1.0 / 12 / n));
  for (int count : counts) EXPECT_NEAR(count, n / 7.0, 4 * std::sqrt(n * 6.0 / 49));
}

}  // namespace
}  // namespace vane
