// SPDX-License-Identifier: Apache-2.0
// Oracle: scipy.stats 1.17, recorded by tests/oracles/record_rank_tests.py; laws by hand.
#include "guidance/rank_test.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace vane {
namespace {

std::vector<double> series(int step, int modulus, int count, double shift) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(double(i * step % modulus) / modulus + shift);
  return values;
}

TEST(RankTest, CountsAllOrdersOfFewDifferentNumbers) {
  const std::vector<double> low{0.11, 0.42, 0.23, 0.35, 0.19, 0.28},
      high{0.51, 0.31, 0.62, 0.44, 0.57};
  const RankTest test = mann_whitney(low, high);
  EXPECT_TRUE(test.exact);
  EXPECT_NEAR(test.auroc, 0.93333333333333335, 1e-14);
  EXPECT_NEAR(test.p, 0.017316017316017316, 1e-14);
  EXPECT_NEAR(welch_p(low, high), 0.011903398673984749, 1e-13);
  // Law: sides changed, the same p and the opposite AUROC.
  const RankTest back = mann_whitney(high, low);
  EXPECT_NEAR(back.auroc, 1 - test.auroc, 1e-14);
  EXPECT_NEAR(back.p, test.p, 1e-14);
}

// By hand: two of 20 orders of 3 and 3 are as extreme as complete separation.
TEST(RankTest, ThreeAgainstThreeCannotBeBelowATenth) {
  EXPECT_NEAR(mann_whitney({1, 2, 3}, {4, 5, 6}).p, 0.1, 1e-15);
}

TEST(RankTest, TiesAreCountedHalfAndShrinkTheVariance) {
  const std::vector<double> low{1, 2, 2, 3, 3, 3, 4, 5}, high{2, 3, 4, 4, 5, 5, 6};
  const RankTest test = mann_whitney(low, high);
  EXPECT_FALSE(test.exact);
  EXPECT_NEAR(test.auroc, 0.7589285714285714, 1e-14);
  EXPECT_NEAR(test.p, 0.098334987758501399, 1e-13);
  EXPECT_NEAR(welch_p(low, high), 0.083165636671467646, 1e-13);
}

TEST(RankTest, ManyNumbersAreTestedByTheNormalApproximation) {
  const std::vector<double> low = series(37, 101, 40, 0), high = series(53, 103, 30, 0.15);
  const RankTest test = mann_whitney(low, high);
  EXPECT_NEAR(test.auroc, 0.61250000000000004, 1e-14);
  EXPECT_NEAR(test.p, 0.1104393869359311, 1e-13);
  EXPECT_NEAR(welch_p(low, high), 0.10171744019847964, 1e-13);
}

TEST(RankTest, EqualNumbersSayNothing) {
  const RankTest test = mann_whitney({2, 2, 2}, {2, 2});
  EXPECT_EQ(test.auroc, 0.5);
  EXPECT_EQ(test.p, 1);
  EXPECT_EQ(welch_p({2, 2, 2}, {2, 2}), 1);
  EXPECT_EQ(welch_p({2, 2, 2}, {3, 3}), 0);
  EXPECT_THROW(mann_whitney({}, {1}), Error);
  EXPECT_THROW(welch_p({1}, {1, 2}), Error);
}

TEST(RankTest, StudentsTailsReachFarOut) {
  const struct {
    double t, degrees, p;
  } golden[] = {{0.5, 1.0, 0.70483276469913347},
                {2.0, 3.7, 0.12181720190523398},
                {12.0, 25.0, 7.182973075034825e-12},
                {40.0, 60.0, 5.7554804866273852e-45},
                {0.0, 5.0, 1.0},
                {1e-3, 800.0, 0.9992023648722077}};
  for (const auto& each : golden) {
    EXPECT_NEAR(student_two_sided(each.t, each.degrees) / each.p, 1, 1e-11) << each.t;
  }
}

// Holm by hand: sorted 0.005 x 6, 0.01 x 5, 0.03 x 4, then never less than the one before.
TEST(RankTest, AdjustsForTheNumberOfTests) {
  const std::vector<double> p{0.01, 0.04, 0.03, 0.005, 0.8, 0.03};
  const std::vector<double> by_holm{0.05, 0.12, 0.12, 0.03, 0.8, 0.12};
  const std::vector<double> by_bh{0.03, 0.048, 0.045, 0.03, 0.8, 0.045};  // scipy
  for (size_t i = 0; i < p.size(); ++i) {
    EXPECT_NEAR(holm(p)[i], by_holm[i], 1e-15) << i;
    EXPECT_NEAR(benjamini_hochberg(p)[i], by_bh[i], 1e-15) << i;
  }
  EXPECT_EQ(holm({0.7, 0.9}), (std::vector<double>{1, 1}));
  EXPECT_TRUE(holm({}).empty());
}

}  // namespace
}  // namespace vane
