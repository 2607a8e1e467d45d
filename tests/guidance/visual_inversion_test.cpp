// SPDX-License-Identifier: Apache-2.0
// Oracles: the tower's own embedding of a picture whose patches are all the same, the law of a
// descent, and the published protocol (clip sheet 5).
#include "guidance/visual_inversion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "engine/base/error.h"
#include "engine/clip/patch_sequence.h"
#include "tests/support/gradient_check.h"
#include "tests/support/linear_clip.h"
#include "tests/support/named_clip.h"

namespace vane {
namespace {

using testing::small_clip;
using testing::uniform_tensor;

// A picture of one patch, repeated, embeds to one patch vector, repeated.
TEST(VisualInversion, APatchEverywhereIsThePictureOfThatPatch) {
  const auto clip = small_clip();
  const at::NoGradGuard no_grad;
  const VisionTransformer& tower = *clip->vision_transformer_tower();
  const Tensor tile = uniform_tensor({1, 3, 8, 8}, 3, -1.f, 1.f);
  const Tensor patch = at::conv2d(tile, tower.conv1, tower.conv1_bias, {8}).view({1, 1, 24});
  const Tensor expected = vision_transformer(tower, tile.repeat({1, 1, 4, 4}));
  const Tensor actual = vision_transformer_of_patches(tower, patch.expand({1, 16, 24}));
  EXPECT_LT((actual - expected).abs().max().item<double>(), 1e-5);
  EXPECT_THROW(vision_transformer_of_patches(tower, patch.expand({1, 15, 24})), Error);
}

TEST(VisualInversion, GradientReachesThePatches) {
  const auto clip = small_clip()->to_double();
  const VisionTransformer& tower = *clip->vision_transformer_tower();
  const Tensor patches = (uniform_tensor({1, 16, 24}, 5) - 0.5).to(at::kDouble);
  EXPECT_LT(
      testing::gradient_error(
          [&](const Tensor& x) { return vision_transformer_of_patches(tower, x).sum(); }, patches),
      1e-6);
}

TEST(VisualInversion, FallsAndFindsAReachablePicture) {
  const auto clip = small_clip();
  QuietJob job;
  const at::NoGradGuard no_grad;
  // A target that a patch can reach: the feature of a picture of one patch.
  const Tensor target = unit(clip->image_embedding_of_input(
      uniform_tensor({1, 3, 8, 8}, 4, -1.f, 1.f).repeat({1, 1, 4, 4})));
  VisualInversionConfig config;
  config.iterations = 400;
  const VisualInversion inversion = invert_to_picture(*clip, target, config, job);
  ASSERT_EQ(inversion.losses.size(), 400u);
  double previous = 3;
  for (size_t part = 0; part < 4; ++part) {
    const auto begin = inversion.losses.begin() + static_cast<std::ptrdiff_t>(part * 100);
    const double mean = std::accumulate(begin, begin + 100, 0.0) / 100;
    EXPECT_LT(mean, previous);
    previous = mean;
  }
  EXPECT_GT(inversion.similarity, 0.98);
  EXPECT_NEAR(inversion.feature.norm().item<double>(), 1, 1e-5);
  EXPECT_NEAR(1 - inversion.similarity,
              *std::min_element(inversion.losses.begin(), inversion.losses.end()), 0.02);
  EXPECT_TRUE(invert_to_picture(*clip, target, config, job).feature.equal(inversion.feature));
}

TEST(VisualInversion, LeadsFromOneTextToAnother) {
  const auto clip = small_clip();
  QuietJob job;
  VisualInversionConfig config;
  config.iterations = 50;
  const auto of = [&](const char* text) {
    return invert_to_picture(*clip, clip->text_features({text}), config, job);
  };
  const VisualInversion frog = of("a frog"), photo = of("a photo");
  const Direction there = inversion_direction(*clip, photo, frog);
  const Direction back = inversion_direction(*clip, frog, photo);
  EXPECT_EQ(there.kind, "inversion");
  EXPECT_LT((there.vector + back.vector).abs().max().item<double>(), 1e-6);
  EXPECT_THROW(inversion_direction(*clip, frog, frog), Error);
}

TEST(VisualInversion, TowersWithoutPatchesAreRefusedByName) {
  const auto clip = small_clip(true);
  QuietJob job;
  try {
    invert_to_picture(*clip, clip->text_features({"a frog"}), {}, job);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_NE(std::string(error.what()).find("modified_resnet"), std::string::npos);
  }
}

}  // namespace
}  // namespace vane
