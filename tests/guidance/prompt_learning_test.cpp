// SPDX-License-Identifier: Apache-2.0
// Laws of the published losses, gradients in float64, and learning on separable features.
#include "guidance/prompt_learning.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/support/gradient_check.h"
#include "tests/support/linear_clip.h"
#include "tests/support/named_clip.h"

namespace vane {
namespace {

using testing::gradient_error;
using testing::normal_tensor;
using testing::small_clip;

std::shared_ptr<const ClipEncoder> clip() {
  static const std::shared_ptr<const ClipEncoder> instance = small_clip();
  return instance;
}

// Two clouds around two random unit vectors.
std::pair<Tensor, Tensor> clouds(int64_t count = 20) {
  const Tensor a = unit(normal_tensor({16}, 1)), b = unit(normal_tensor({16}, 2));
  return {unit(a + 0.15 * normal_tensor({count, 16}, 3)),
          unit(b + 0.15 * normal_tensor({count, 16}, 4))};
}

// Enhance sheet 2.1: both rows start equal, so every picture scores exactly a half.
TEST(PromptPair, FullPromptsStartEqualAndScoreAHalf) {
  const PromptPair pair(clip(), {});
  EXPECT_EQ(pair.learned().sizes(), at::IntArrayRef({2, 77, 16}));
  EXPECT_TRUE(at::equal(pair.learned()[0], pair.learned()[1]));
  const Tensor score = prompt_score(clouds().first, pair.features());
  EXPECT_EQ((score - 0.5).abs().max().item<double>(), 0);
  // The features are those of the text "X X … X" (16 times).
  std::string text = "X";
  for (int i = 1; i < 16; ++i) text += " X";
  EXPECT_LT((pair.features()[0] - clip()->text_features({text})[0]).abs().max().item<double>(),
            1e-5);
}

TEST(PromptPair, ContextStandsInFrontOfTheWords) {
  PromptLearningConfig config;
  config.form = "context";
  config.tokens = 4;
  config.from_word = "dark";
  config.to_word = "bright";
  PromptPair pair(clip(), config);
  EXPECT_EQ(pair.learned().sizes(), at::IntArrayRef({4, 16}));
  // With the embeddings of "X" as context it is the sentence itself.
  const Tensor x = clip()->token_embedding()[clip()->tokenize({"X"}).ids[1]];
  pair.learned().copy_(x.unsqueeze(0).expand({4, 16}));
  const Tensor expected = clip()->text_features({"X X X X dark.", "X X X X bright."});
  EXPECT_LT((pair.features() - expected).abs().max().item<double>(), 1e-5);
  config.to_word = "dark";
  EXPECT_THROW(PromptPair(clip(), config), Error);
}

// Enhance sheet 2.3 with scores by hand: prompts along axes make the scores 0, 1 or a half.
TEST(PromptRankLoss, HasThePublishedMargins) {
  const Tensor prompts = at::eye(4).slice(0, 0, 2);
  const Tensor bad = at::eye(4).slice(0, 0, 1), good = at::eye(4).slice(0, 1, 2);
  const Tensor half = at::eye(4).slice(0, 2, 3);  // as near to one as to the other
  const auto loss = [&](const Tensor& worst, const Tensor& best,
                        const std::vector<Tensor>& between) {
    return prompt_rank_loss(worst, best, between, prompts).item<double>();
  };
  EXPECT_NEAR(loss(bad, good, {}), 0, 1e-6);
  EXPECT_NEAR(loss(good, bad, {}), 2, 1e-6);
  EXPECT_NEAR(loss(half, half, {}), 1, 1e-6);
  // One result half way: 0 + (0.5 - 1 + 0.9) + (0 - 0.5 + 0.2 -> 0).
  EXPECT_NEAR(loss(bad, good, {half}), 0.4, 1e-6);
  // Older half way, newer bad: 0 + 0.4 + (1 - 0.5 + 0.1) + (0 - 1 + 0.1 -> 0).
  EXPECT_NEAR(loss(bad, good, {half, bad}), 1.0, 1e-6);
}

TEST(PromptLosses, GradientsAgreeWithDifferences) {
  const auto [from, to] = clouds(3);
  const Tensor images = at::cat({from, to}).to(at::kDouble);
  const Tensor labels = at::tensor({0, 0, 0, 1, 1, 1}, at::TensorOptions().dtype(at::kLong));
  // Near to each other, so that the scores are not saturated.
  const Tensor base = normal_tensor({16}, 5).to(at::kDouble);
  const Tensor prompts = at::stack({base, base + 0.02 * normal_tensor({16}, 6).to(at::kDouble)});
  EXPECT_LT(gradient_error([&](const Tensor& p) { return prompt_loss(images, labels, unit(p)); },
                           prompts),
            1e-6);
  EXPECT_LT(gradient_error(
                [&](const Tensor& p) {
                  return prompt_rank_loss(images.slice(0, 0, 3), images.slice(0, 3),
                                          {images.slice(0, 1, 5)}, unit(p));
                },
                prompts),
            1e-6);
}

class LearnPrompts : public ::testing::TestWithParam<const char*> {};

TEST_P(LearnPrompts, TellsTheSetsApartAlsoOnPicturesThatDidNotTeach) {
  const auto [from, to] = clouds();
  PromptLearningConfig config;
  config.form = GetParam();
  config.tokens = 8;
  config.iterations = 300;
  QuietJob job;
  PromptPair pair(clip(), config);
  const PromptLearningResult result = learn_prompts(pair, from, to, {}, config, job);
  EXPECT_GT(result.accuracy, 0.95);
  EXPECT_GT(result.held_out_accuracy, 0.85);
  EXPECT_EQ(result.direction.kind, "prompts");
  EXPECT_NEAR(result.direction.vector.norm().item<double>(), 1, 1e-5);
}

TEST_P(LearnPrompts, GivesTheSameBytesForOneSeed) {
  const auto [from, to] = clouds();
  PromptLearningConfig config;
  config.form = GetParam();
  config.iterations = 10;
  QuietJob job;
  PromptPair once(clip(), config), again(clip(), config);
  EXPECT_TRUE(at::equal(learn_prompts(once, from, to, {}, config, job).direction.vector,
                        learn_prompts(again, from, to, {}, config, job).direction.vector));
}

INSTANTIATE_TEST_SUITE_P(Forms, LearnPrompts, ::testing::Values("full", "context", "latent"));

TEST(LearnPromptsRank, PutsResultsBetween) {
  const auto [from, to] = clouds();
  PromptLearningConfig config;
  config.form = "latent";
  config.iterations = 300;
  QuietJob job;
  PromptPair pair(clip(), config);
  const Tensor between = unit(0.4 * from + 0.6 * to);
  learn_prompts(pair, from, to, {between}, config, job);
  const Tensor prompts = pair.features();
  const auto mean = [&](const Tensor& images) {
    return prompt_score(images, prompts).mean().item<double>();
  };
  EXPECT_GT(mean(from), mean(between));
  EXPECT_GT(mean(between), mean(to));
}

TEST(LearnPromptsRank, AnEmptySideIsRefused) {
  PromptLearningConfig config;
  config.form = "latent";
  QuietJob job;
  PromptPair pair(clip(), config);
  EXPECT_THROW(learn_prompts(pair, at::zeros({0, 16}), clouds().first, {}, config, job), Error);
}

}  // namespace
}  // namespace vane
