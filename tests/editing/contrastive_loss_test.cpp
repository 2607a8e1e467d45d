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

TEST(FoilLoss, IsTheTwoWayCrossEntropy) {
  const Tensor image = wave(3, 5, 0.4), text = wave(3, 5, 2.0), foil = wave(3, 5, 3.1);
  const Tensor scale = at::full({}, 0.7, at::kDouble);
  const auto unit_rows = [](const Tensor& x) { return x / x.norm(2, 1, true); };
  double expected = 0;
  for (int64_t i = 0; i < 3; ++i) {
    const auto logit = [&](const Tensor& t) {
      return std::exp(0.7) * (unit_rows(image)[i] * unit_rows(t)[i]).sum().item<double>();
    };
    const double right = std::exp(logit(text)), wrong = std::exp(logit(foil));
    expected -= std::log(right / (right + wrong)) / 3;
  }
  EXPECT_NEAR(foil_loss(image, text, foil, scale).item<double>(), expected, 1e-12);
}

TEST(RankingLoss, ComparesPairsThatAreApart) {
  const auto d = at::TensorOptions().dtype(at::kDouble);
  const Tensor image = wave(4, 5, 0.4), more = wave(1, 5, 2.0)[0], less = wave(1, 5, 3.1)[0];
  const Tensor scale = at::full({}, 0.7, d), degrees = at::tensor({0.1, 2.0, 0.3, -1.0}, d);
  const auto score = [&](int64_t i) {
    const Tensor unit_image = image[i] / image[i].norm();
    return std::exp(0.7) *
           (unit_image.dot(more / more.norm()) - unit_image.dot(less / less.norm())).item<double>();
  };
  // 0.1 and 0.3 are too near to each other.
  double expected = 0;
  for (const auto& [high, low] : {std::pair{1, 0}, {1, 2}, {1, 3}, {0, 3}, {2, 3}}) {
    expected += std::log1p(std::exp(score(low) - score(high))) / 5;
  }
  EXPECT_NEAR(ranking_loss(image, more, less, degrees, 0.5, scale).item<double>(), expected, 1e-12);
  EXPECT_EQ(ranking_loss(image, more, less, degrees, 9, scale).item<double>(), 0);
}

TEST(RankingLoss, GradientMatchesCentralDifferences) {
  const Tensor image = wave(3, 4, 0.4).requires_grad_(true);
  const Tensor more = wave(1, 4, 2.0)[0], less = wave(1, 4, 3.1)[0];
  const Tensor scale = at::full({}, 0.3, at::kDouble);
  const Tensor degrees = at::tensor({1.0, -1.0, 0.0}, at::kDouble);
  const Tensor gradient =
      torch::autograd::grad({ranking_loss(image, more, less, degrees, 0.5, scale)}, {image})[0];
  for (int64_t i = 0; i < 12; ++i) {
    const auto at_offset = [&](double h) {
      const Tensor moved = image.detach().clone();
      moved.view({-1})[i] += h;
      return ranking_loss(moved, more, less, degrees, 0.5, scale).item<double>();
    };
    EXPECT_NEAR(gradient.view({-1})[i].item<double>(), (at_offset(1e-6) - at_offset(-1e-6)) / 2e-6,
                1e-8);
  }
}

TEST(DeltaLoss, IsZeroForParallelChangesAndTwoForOppositeOnes) {
  const auto d = at::TensorOptions().dtype(at::kDouble);
  const Tensor text = at::tensor({1., 0., 0., 0., 1., 0., 0., 0., 1., 0., 1., 0.}, d).view({4, 3});
  const Tensor apart = at::eye(4, d);
  EXPECT_NEAR(delta_loss(text, text, apart, 2).item<double>(), 0, 1e-12);
  // The captions of both groups swapped: every change goes the other way.
  const Tensor swapped = text.index_select(0, at::tensor(std::vector<int64_t>{1, 0, 3, 2}));
  EXPECT_NEAR(delta_loss(text, swapped, apart, 2).item<double>(), 2, 1e-12);
  // Pairs that are true both ways, and pairs across groups, do not count.
  Tensor pairs = apart.clone();
  pairs.index_put_({0, 1}, 1.0);
  pairs.index_put_({2, 3}, 1.0);
  EXPECT_EQ(delta_loss(text, swapped, pairs, 2).item<double>(), 0);
}

TEST(DeltaLoss, GradientMatchesCentralDifferences) {
  const Tensor image = wave(4, 5, 0.4).requires_grad_(true);
  const Tensor text = wave(6, 5, 2.0), pairs = at::eye(4, 6, at::kDouble);
  const Tensor gradient = torch::autograd::grad({delta_loss(image, text, pairs, 4)}, {image})[0];
  for (int64_t i = 0; i < 20; i += 3) {
    const auto at_offset = [&](double h) {
      const Tensor moved = image.detach().clone();
      moved.view({-1})[i] += h;
      return delta_loss(moved, text, pairs, 4).item<double>();
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
  EXPECT_TRUE(true_pairs(batch, {}).equal(expected));
  const std::vector<Caption> others = {{"of both", {1, 2}}, {"of none", {9}}};
  const Tensor more = at::tensor({1.f, 0.f, 1.f, 0.f, 0.f, 0.f}).view({3, 2});
  EXPECT_TRUE(true_pairs(batch, others).equal(at::cat({expected, more}, 1)));
}

TEST(ContrastiveLoss, ACaptionOfNoPictureOnlyCompetes) {
  const Tensor image = wave(3, 5, 0.4), text = wave(4, 5, 2.0);
  const Tensor scale = at::full({}, 0.7, at::kDouble);
  const Tensor pairs = at::cat({at::eye(3, at::kDouble), at::zeros({3, 1}, at::kDouble)}, 1);
  const Tensor unit_image = image / image.norm(2, 1, true),
               unit_text = text / text.norm(2, 1, true);
  const Tensor logits = std::exp(0.7) * at::matmul(unit_image, unit_text.t());
  double expected = 0;
  for (int64_t i = 0; i < 3; ++i) {
    const double own = logits[i][i].item<double>();
    expected += logits[i].exp().sum().log().item<double>() - own;
    expected += logits.slice(1, i, i + 1).exp().sum().log().item<double>() - own;
  }
  EXPECT_NEAR(contrastive_loss(image, text, scale, pairs).item<double>(), expected / 6, 1e-12);
}

}  // namespace
}  // namespace vane
