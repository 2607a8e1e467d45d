// SPDX-License-Identifier: Apache-2.0
// Oracles: two-valued maps and pictures of two colours, whose split is known.
#include "guidance/colour_refine.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

TEST(ColourRefine, OtsuSplitsTwoHumps) {
  const Tensor map = at::cat(
      {testing::uniform_tensor({300}, 1, 0.f, 0.2f), testing::uniform_tensor({100}, 2, 0.7f, 1.f)});
  EXPECT_GE(otsu_threshold(map), 0.19);
  EXPECT_LE(otsu_threshold(map), 0.71);
  EXPECT_FLOAT_EQ(otsu_threshold(at::full({4, 4}, 0.3)), 0.3f);
}

// A vague blob, moved aside, finds the red square on noise of other colours.
TEST(ColourRefine, AVagueBlobBecomesTheThing) {
  Tensor image = testing::uniform_tensor({1, 3, 64, 64}, 3, 0.2f, 0.5f);
  Tensor truth = at::zeros({64, 64}, at::kBool);
  truth.slice(0, 20, 44).slice(1, 20, 44).fill_(true);
  image[0][0].masked_fill_(truth, 0.95);
  image[0][1].masked_fill_(truth, 0.05);
  const Tensor axis = at::arange(64, at::kFloat);
  const Tensor squared = (axis - 27).square().unsqueeze(1) + (axis - 37).square().unsqueeze(0);
  const Tensor prior = 0.9 * (-squared / 300).exp() + 0.02;
  const auto overlap = [&](const Tensor& mask) {
    return (mask & truth).sum().item<double>() / (mask | truth).sum().item<double>();
  };
  const Tensor found = refine_by_colours(prior, image);
  EXPECT_LT(overlap(prior > 0.5), 0.6);
  EXPECT_GT(overlap(found > 0.5), 0.85);
  EXPECT_TRUE(found.equal(refine_by_colours(prior, image)));
  EXPECT_THROW(refine_by_colours(prior.slice(0, 1), image), Error);
}

// Law: a picture of one colour has nothing to add.
TEST(ColourRefine, OneColourLeavesTheSideOfEveryPixel) {
  const Tensor prior = at::cat({at::full({16, 32}, 0.2), at::full({16, 32}, 0.8)});
  const Tensor found = refine_by_colours(prior, at::full({1, 3, 32, 32}, 0.4));
  EXPECT_TRUE((found > 0.5).slice(0, 0, 12).logical_not().all().item<bool>());
  EXPECT_TRUE((found > 0.5).slice(0, 20).all().item<bool>());
}

}  // namespace
}  // namespace vane
