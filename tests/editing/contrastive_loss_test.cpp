// SPDX-License-Identifier: Apache-2.0
// Oracles: the published loss written out (Radford et al. 2021, figure 3), a hand-computed case of
// soft targets, and central differences in float64.
#include "editing/training/contrastive_loss.h"

#include <gtest/gtest.h>

namespace vane {
namespace {

Tensor wave(int64_t rows, int64_t columns, double phase) {
  return at::sin(at::arange(rows * columns, at::kDouble) * 0.7 + phase).view({rows, columns});
}

TEST(ContrastiveLoss, WithDiagonalPairsItIsThePublishedLoss) {
  const Tensor image = wave(5, 7, 0.1), text = wave(5, 7, 1.3),
               scale = at::full({}, 1.5, at::kDouble);
  const Tensor logits =
      at::matmul(image / image.norm(2, 1, true), (text / text.norm(2, 1, true)).t()) *
      std::exp(1.5);
  const Tensor labels = at::arange(5, at::kLong);
  const double expected =
      0.5 * (at::cross_entropy_loss(logits, labels) + at::cross_entropy_loss(logits.t(), labels))
                .item<double>();
  EXPECT_NEAR(contrastive_loss(image, text, scale, at::eye(5, at::kDouble)).item<double>(),
              expected, 1e-12);
}

TEST(ContrastiveLoss, EqualCaptionsAreNotNegativesOfEachOther) {
  // Two pictures, one caption twice: a perfect model cannot tell the pairs apart, and the loss is
  // the entropy ln 2 of the targets with no gradient.
  const Tensor image = at::ones({2, 3}, at::kDouble).requires_grad_(true);
  const Tensor text = at::ones({2, 3}, at::kDouble);
  const Tensor loss =
      contrastive_loss(image, text, at::zeros({}, at::kDouble), at::ones({2, 2}, at::kDouble));
  EXPECT_NEAR(loss.item<double>(), std::log(2.0), 1e-12);
  const Tensor gradient = torch::autograd::grad({loss}, {image})[0];
  EXPECT_NEAR(gradient.abs().max().item<double>(), 0, 1e-12);
}

TEST(ContrastiveLoss, GradientMatchesCentralDifferences) {
  const Tensor image = wave(4, 5, 0.4).requires_grad_(true);
  const Tensor text = wave(4, 5, 2.0), scale = at::full({}, 1.0, at::kDouble);
  Tensor pairs = at::eye(4, at::kDouble);
  pairs.index_put_({0, 2}, 1.0);
  const Tensor gradient =
      torch::autograd::grad({contrastive_loss(image, text, scale, pairs)}, {image})[0];
  for (int64_t i = 0; i < 20; i += 3) {
    const auto at_offset = [&](double h) {
      const Tensor moved = image.detach().clone();
      moved.view({-1})[i] += h;
      return contrastive_loss(moved, text, scale, pairs).item<double>();
    };
    const double numeric = (at_offset(1e-6) - at_offset(-1e-6)) / 2e-6;
    EXPECT_NEAR(gradient.view({-1})[i].item<double>(), numeric, 1e-8);
  }
}

TEST(TruePairs, FollowFactsAndAlwaysHoldOnTheDiagonal) {
  std::vector<CaptionedPicture> batch(3);
  batch[0].caption.asserts = {1};
  batch[0].facts = {1, 2};
  batch[1].caption.asserts = {1, 2};
  batch[1].facts = {1, 2};
  batch[2].caption.asserts = {};  // "a photo"
  batch[2].facts = {3};
  const Tensor expected = at::tensor({1.f, 1.f, 1.f, 1.f, 1.f, 1.f, 0.f, 0.f, 1.f}).view({3, 3});
  EXPECT_TRUE(true_pairs(batch).equal(expected));
}

}  // namespace
}  // namespace vane
