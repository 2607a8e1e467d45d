// SPDX-License-Identifier: Apache-2.0
// The objectives with two sides: contrastive, prompt pair, feature identity, relevancy.
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "guidance/clip_contrastive.h"
#include "guidance/clip_prompt_pair.h"
#include "guidance/feature_identity.h"
#include "guidance/relevancy_preserve.h"
#include "tests/support/gradient_check.h"
#include "tests/support/linear_clip.h"
#include "tests/support/named_clip.h"

namespace vane {
namespace {

using testing::gradient_error;
using testing::LinearClip;
using testing::normal_tensor;
using testing::small_clip;
using testing::uniform_tensor;

ViewConfig whole_view() {
  ViewConfig views;
  views.cutouts.count = 0;
  return views;
}

// Oracle: the formula written out.
TEST(ClipContrastive, EqualsTheFormula) {
  const Tensor f = unit(normal_tensor({3, 2, 5}, 1)), p = unit(normal_tensor({5}, 2)),
               n = unit(normal_tensor({4, 5}, 3));
  const Tensor loss = info_nce(f, p, n, 0.07);
  for (int64_t v = 0; v < 3; ++v) {
    for (int64_t b = 0; b < 2; ++b) {
      const double positive = std::exp(f[v][b].dot(p).item<double>() / 0.07);
      double all = positive;
      for (int64_t k = 0; k < 4; ++k) all += std::exp(f[v][b].dot(n[k]).item<double>() / 0.07);
      EXPECT_NEAR(loss[v][b].item<double>(), -std::log(positive / all), 1e-4);
    }
  }
  // Positive and the only negative alike: an even bet.
  EXPECT_NEAR(info_nce(f, p, p.unsqueeze(0), 0.07).max().item<double>(), std::log(2.0), 1e-6);
}

TEST(ClipContrastive, GradientAgreesWithDifferences) {
  const std::shared_ptr<const ClipEncoder> clip = LinearClip(6, 1, 6).to_double();
  ClipContrastiveConfig config;
  config.views = whole_view();
  config.temperature = 0.5f;
  ClipContrastive objective({{{clip}, unit(normal_tensor({6}, 2)), unit(normal_tensor({3, 6}, 3))}},
                            config);
  Evaluation evaluation;
  const auto value = [&](const Tensor& x) {
    evaluation.image = x;
    return objective.evaluate(evaluation).total;
  };
  EXPECT_LT(gradient_error(value, uniform_tensor({1, 3, 6, 6}, 4).to(at::kDouble)), 1e-6);
}

TEST(ClipContrastive, RefusesAListWithoutNegatives) {
  const auto clip = std::make_shared<LinearClip>(6, 1, 6);
  EXPECT_THROW(ClipContrastive({{{clip}, unit(normal_tensor({6}, 2)), at::zeros({0, 6})}}), Error);
}

// Clip sheet 9: prompt rows equal at the start give exactly 0.5.
TEST(ClipPromptPair, EqualPromptsGiveExactlyAHalf) {
  const auto clip = std::make_shared<LinearClip>(6, 1, 6);
  const Tensor row = normal_tensor({6}, 5);
  ClipPromptPair objective({{{clip}, at::stack({row, row})}}, whole_view());
  Evaluation evaluation;
  evaluation.image = uniform_tensor({2, 3, 6, 6}, 4);
  EXPECT_EQ(objective.evaluate(evaluation).total.item<float>(), 0.5f);
}

TEST(ClipPromptPair, IsTheSoftmaxOfTheFirstPrompt) {
  const auto clip = std::make_shared<LinearClip>(6, 1, 6);
  const Tensor prompts = normal_tensor({2, 6}, 5);
  ClipPromptPair objective({{{clip}, prompts}}, whole_view());
  Evaluation evaluation;
  evaluation.image = uniform_tensor({1, 3, 6, 6}, 4);
  const Tensor cosine =
      at::mv(unit(prompts), clip->image_features(evaluation.image)[0]).to(at::kDouble);
  const double gap = (cosine[0] - cosine[1]).item<double>();
  EXPECT_NEAR(objective.evaluate(evaluation).total.item<double>(), 1 / (1 + std::exp(-100 * gap)),
              1e-5);
}

TEST(ClipPromptPair, GradientAgreesWithDifferences) {
  const std::shared_ptr<const ClipEncoder> clip = LinearClip(6, 1, 6).to_double();
  const Tensor near = normal_tensor({6}, 5);
  ClipPromptPair objective({{{clip}, at::stack({near, near + 0.02 * normal_tensor({6}, 6)})}},
                           whole_view());
  Evaluation evaluation;
  const auto value = [&](const Tensor& x) {
    evaluation.image = x;
    return objective.evaluate(evaluation).total;
  };
  EXPECT_LT(gradient_error(value, uniform_tensor({1, 3, 6, 6}, 4).to(at::kDouble)), 1e-6);
}

TEST(FeatureIdentity, WeighsTheStages) {
  const auto clip = small_clip(true);
  Evaluation evaluation;
  evaluation.source = uniform_tensor({1, 3, 64, 64}, 1);
  evaluation.image = uniform_tensor({1, 3, 64, 64}, 2);
  double sum = 0;
  VisionTaps before, after;
  const auto run = [&](const Tensor& image, VisionTaps* taps) {
    clip->image_embedding_of_input(preprocess_differentiable(image, clip->info().preprocess), taps);
  };
  run(evaluation.source, &before);
  run(evaluation.image, &after);
  const double weights[] = {1, 1, 1, 1, 0.5};
  for (size_t k = 0; k < 5; ++k) {
    sum += weights[k] * (after.stages[k] - before.stages[k]).square().mean().item<double>();
  }
  FeatureIdentity objective({{clip}});
  EXPECT_NEAR(objective.evaluate(evaluation).total.item<double>(), sum, 1e-5 * sum);
  evaluation.image = evaluation.source;
  EXPECT_EQ(objective.evaluate(evaluation).total.item<double>(), 0);
}

TEST(FeatureIdentity, GradientAgreesWithDifferences) {
  const std::shared_ptr<const ClipEncoder> clip = small_clip(true)->to_double();
  FeatureIdentity objective({{clip}});
  Evaluation evaluation;
  evaluation.source = uniform_tensor({1, 3, 8, 8}, 1).to(at::kDouble);
  const auto value = [&](const Tensor& x) {
    evaluation.image = x;
    return objective.evaluate(evaluation).total;
  };
  EXPECT_LT(gradient_error(value, uniform_tensor({1, 3, 8, 8}, 2).to(at::kDouble), 1e-6), 1e-4);
}

TEST(FeatureIdentity, NeedsAResNet) {
  EXPECT_THROW(FeatureIdentity({{small_clip(false)}}), Error);
  FeatureIdentityConfig config;
  config.stages = {1, 1};
  EXPECT_THROW(FeatureIdentity({{small_clip(true)}}, config), Error);
}

TEST(RelevancyPreserve, CostsChangesWhereThePhraseIsNot) {
  const auto clip = small_clip(true);
  RelevancyPreserveConfig config;
  config.text = "the sky";
  RelevancyPreserve objective({{clip}}, config);
  Evaluation evaluation;
  evaluation.source = uniform_tensor({1, 3, 64, 96}, 1);
  QuietJob job;
  const Tensor mask =
      segment_image(*clip, evaluation.source, {"the sky"}, {}, config.segmentation, job)
          .masks[0]
          .soft;
  evaluation.image = (evaluation.source + 0.1 * uniform_tensor({1, 3, 64, 96}, 2));
  const Tensor change = (evaluation.image - evaluation.source).square().mean(1)[0];
  const double expected = (((1 - mask) * change).sum() / (1 - mask).sum()).item<double>();
  EXPECT_NEAR(objective.evaluate(evaluation).total.item<double>(), expected, 1e-6);
  config.text = "...";
  EXPECT_THROW(RelevancyPreserve({{clip}}, config), Error);
}

TEST(RelevancyPreserve, GradientAgreesWithDifferences) {
  RelevancyPreserveConfig config;
  config.text = "the sky";
  RelevancyPreserve objective({{small_clip(true)}}, config);
  Evaluation evaluation;
  evaluation.source = uniform_tensor({1, 3, 9, 7}, 1).to(at::kDouble);
  const auto value = [&](const Tensor& x) {
    evaluation.image = x;
    return objective.evaluate(evaluation).total;
  };
  EXPECT_LT(gradient_error(value, uniform_tensor({1, 3, 9, 7}, 2).to(at::kDouble)), 1e-6);
}

}  // namespace
}  // namespace vane
