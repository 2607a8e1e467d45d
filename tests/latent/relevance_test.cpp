// SPDX-License-Identifier: Apache-2.0
// Oracle: embeddings that are made of known channels; the two ways to solve a ridge regression
// against each other.
#include "editing/latent/relevance.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/clip/clip_encoder.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::normal_tensor;

/// Unit embeddings around a base, moved by the first `used` of the channels, each its own way.
Tensor embeddings(const Tensor& x, int64_t used, double noise) {
  const Tensor ways = normal_tensor({used, 16}, 3, "ways");
  const Tensor base = normal_tensor({1, 16}, 4, "base") * 4;
  return unit(base + 0.3 * at::mm(x.narrow(1, 0, used), ways) +
              noise * normal_tensor({x.size(0), 16}, 5, "noise"));
}

TEST(Relevance, FindsTheWayOfEveryChannelAndNothingInOthers) {
  const Tensor x = normal_tensor({600, 12}, 1);
  const Relevance found = regress_relevance(x, embeddings(x, 6, 0.05));
  EXPECT_GT(found.explained, 0.8);
  // What a small step of channel c does to the unit embedding: the way less its part along the
  // base.
  const Tensor base = unit(normal_tensor({1, 16}, 4, "base"));
  const Tensor ways = normal_tensor({6, 16}, 3, "ways");
  const Tensor expected = unit(ways - at::mm(at::mm(ways, base.t()), base));
  const Tensor cosines = (found.rows.narrow(0, 0, 6) * expected).sum(1);
  EXPECT_GT(cosines.min().item<double>(), 0.95);
  EXPECT_LT(found.rows.narrow(0, 6, 6).norm(2, 1).max().item<double>(), 0.7);
  EXPECT_LE(found.rows.norm(2, 1).max().item<double>(), 1.0 + 1e-6);
}

// Channels that never vary change nothing, but make the other Gram matrix the smaller one.
TEST(Relevance, IsTheSameByChannelsAndBySamples) {
  const Tensor x = normal_tensor({60, 20}, 1);
  const Tensor features = embeddings(x, 6, 0.1);
  const Relevance by_channel = regress_relevance(x, features);
  const Relevance by_sample = regress_relevance(at::cat({x, at::zeros({60, 60})}, 1), features);
  EXPECT_NEAR(by_channel.explained, by_sample.explained, 1e-6);
  EXPECT_LT((by_channel.rows - by_sample.rows.narrow(0, 0, 20)).abs().max().item<double>(), 1e-4);
  EXPECT_EQ(by_sample.rows.narrow(0, 20, 60).abs().max().item<double>(), 0);
}

TEST(Relevance, OfFewSamplesIsRefused) {
  const Tensor x = normal_tensor({7, 3}, 1);
  EXPECT_THROW(regress_relevance(x, embeddings(x, 2, 0.1)), Error);
}

// The published step 4, written out.
TEST(SelectedChannels, AreThoseAboveBetaOverTheLargest) {
  const Tensor relevance = at::tensor({0.5, 0.0, -0.2, 0.1, 0.05, 0.0}).to(at::kFloat).view({3, 2});
  const Tensor direction = at::tensor({1.0, 0.0}).to(at::kFloat);  // 0.5, -0.2, 0.05
  const Tensor kept = selected_channels(relevance, direction, 0.1);
  EXPECT_TRUE(at::allclose(kept, at::tensor({1.0, -0.4, 0.0}).to(at::kFloat)));
  EXPECT_TRUE(at::equal(selected_channels(relevance, -direction, 0.1), -kept));
}

TEST(SelectedChannels, AreFewerWithALargerBetaUntilNoneIsLeft) {
  const Tensor relevance = unit(normal_tensor({300, 16}, 1));
  const Tensor direction = unit(normal_tensor({1, 16}, 2))[0];
  int64_t before = 301;
  for (double beta = 0; beta < 0.6; beta += 0.05) {
    const Tensor kept = selected_channels(relevance, direction, beta);
    const int64_t count = (kept != 0).sum().item<int64_t>();
    EXPECT_LT(count, before) << beta;
    EXPECT_EQ(kept.abs().max().item<double>(), 1) << beta;
    before = count;
  }
  try {
    selected_channels(relevance, direction, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_NE(std::string(error.what()).find("beta"), std::string::npos);
  }
  EXPECT_THROW(selected_channels(at::zeros({4, 16}), direction, 0), Error);
}

TEST(AutomaticBeta, IsTheLargestOfTheRangeThatLeavesMoreThanTheLeast) {
  // Relevance 0.000, 0.005, …, 0.495 along the direction.
  const Tensor relevance = (at::arange(100).to(at::kFloat) * 0.005).unsqueeze(1);
  const Tensor direction = at::ones({1});
  EXPECT_DOUBLE_EQ(automatic_beta(relevance, direction, 20), 0.29);
  EXPECT_DOUBLE_EQ(automatic_beta(relevance, direction, 50), 0.24);
  const double beta = automatic_beta(relevance, direction, 90);
  EXPECT_EQ((selected_channels(relevance, direction, beta) != 0).sum().item<int64_t>(), 91);
}

TEST(RankCorrelation, SharesTies) {
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3}, {2, 8, 9}), 1);
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3}, {3, 2, -1}), -1);
  EXPECT_NEAR(rank_correlation({1, 2, 3, 4}, {1, 1, 2, 3}), 0.9486832980505138, 1e-12);
  EXPECT_EQ(rank_correlation({1, 2}, {5, 5}), 0);
}

}  // namespace
}  // namespace vane
