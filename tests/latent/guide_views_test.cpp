// SPDX-License-Identifier: Apache-2.0
// Oracle: what a closer look and a mirror do to pictures.
#include "editing/latent/guide_views.h"

#include <gtest/gtest.h>

namespace vane {
namespace {

TEST(GuideViews, AreThePicturesAndThenCloserLooks) {
  at::manual_seed(3);
  const Tensor pictures = at::rand({2, 3, 32, 32}) * 1.5 - 0.25;
  const Tensor views = guide_views(pictures);
  ASSERT_EQ(views.sizes(), at::IntArrayRef({4, 3, 32, 32}));
  EXPECT_TRUE(at::equal(views.narrow(0, 0, 2), pictures.clamp(0, 1)));
  // A ramp from left to right is less steep in a closer look, about the same middle.
  const Tensor ramp = at::linspace(0, 1, 32).view({1, 1, 1, 32}).expand({1, 3, 32, 32});
  const Tensor closer = guide_views(ramp)[1];
  EXPECT_NEAR(closer.mean().item<double>(), 0.5, 1e-4);
  EXPECT_LT(closer.max().item<double>(), 0.96);
  EXPECT_GT(closer.min().item<double>(), 0.04);
}

TEST(GuideViews, KnowLeftFromRight) {
  const Tensor ramp = at::linspace(0, 1, 32).view({1, 1, 1, 32}).expand({1, 3, 32, 32});
  const Tensor views = guide_views(ramp), mirrored = guide_views(ramp.flip(3));
  EXPECT_LT((views.flip(3) - mirrored).abs().max().item<double>(), 1e-6);
  EXPECT_GT((views.mean(0) - mirrored.mean(0)).abs().max().item<double>(), 0.5);
}

}  // namespace
}  // namespace vane
