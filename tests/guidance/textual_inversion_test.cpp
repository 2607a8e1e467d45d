// SPDX-License-Identifier: Apache-2.0
// Clip sheet 9: the loss of the inversion falls, and 150 steps come near to its own optimum.
#include "guidance/textual_inversion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "engine/base/error.h"
#include "tests/support/linear_clip.h"
#include "tests/support/named_clip.h"

namespace vane {
namespace {

using testing::small_clip;
using testing::uniform_tensor;

TEST(TextualInversion, FallsAndComesNearItsOptimum) {
  const auto clip = small_clip();
  QuietJob job;
  const at::NoGradGuard no_grad;
  const Tensor target = clip->image_features(uniform_tensor({1, 3, 32, 32}, 1));
  TextualInversionConfig config;
  config.learning_rate = 0.1f;  // token embeddings of the small model are ten times CLIP's
  const TextualInversion short_run = invert_to_text(*clip, target, config, job);
  ASSERT_EQ(short_run.losses.size(), 150u);
  double previous = 3;
  for (size_t third = 0; third < 3; ++third) {
    const auto begin = short_run.losses.begin() + static_cast<std::ptrdiff_t>(third * 50);
    const double mean = std::accumulate(begin, begin + 50, 0.0) / 50;
    EXPECT_LT(mean, previous);
    previous = mean;
  }
  config.iterations = 600;
  const TextualInversion long_run = invert_to_text(*clip, target, config, job);
  EXPECT_GT(short_run.similarity, 0.9 * long_run.similarity);
  EXPECT_NEAR(short_run.feature.norm().item<double>(), 1, 1e-5);
  EXPECT_NEAR(1 - short_run.similarity,
              *std::min_element(short_run.losses.begin(), short_run.losses.end()), 0.05);
}

// A sentence that exists is found again: with its own embedding as target the tokens can reach it.
TEST(TextualInversion, SeveralTokensReachFurther) {
  const auto clip = small_clip();
  QuietJob job;
  const Tensor target = clip->text_features({"a photo of a red frog"});
  TextualInversionConfig config;
  config.learning_rate = 0.1f;
  config.iterations = 200;
  config.tokens = 3;
  EXPECT_GT(invert_to_text(*clip, target, config, job).similarity, 0.95);
}

TEST(TextualInversion, GivesADirectionFromAPlainPhoto) {
  const auto clip = small_clip();
  QuietJob job;
  TextualInversionConfig config;
  config.iterations = 20;
  const TextualInversion inversion =
      invert_to_text(*clip, clip->text_features({"a frog"}), config, job);
  const Direction direction = inversion_direction(*clip, inversion);
  EXPECT_EQ(direction.kind, "inversion");
  EXPECT_LT((unit(direction.to_point - direction.from_point) - direction.vector)
                .abs()
                .max()
                .item<double>(),
            1e-5);
  config.tokens = 80;
  EXPECT_THROW(invert_to_text(*clip, clip->text_features({"a frog"}), config, job), Error);
}

}  // namespace
}  // namespace vane
