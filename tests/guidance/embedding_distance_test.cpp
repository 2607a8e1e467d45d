// SPDX-License-Identifier: Apache-2.0
#include "guidance/embedding_distance.h"

#include <gtest/gtest.h>

#include "engine/clip/clip_encoder.h"
#include "tests/support/gradient_check.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::normal_tensor;

Tensor at_angle(double angle) {
  return at::tensor({std::cos(angle), std::sin(angle), 0.0}, at::kDouble);
}

double value_of(const Tensor& x) { return x.item<double>(); }

// Oracle 1: angle^2 / 2 on the circle; 1 - cos likewise.
TEST(EmbeddingDistance, SphericalIsHalfTheSquaredAngle) {
  for (const double angle : {0.01, 0.7, 1.5, 3.0}) {
    EXPECT_NEAR(value_of(spherical_distance(at_angle(0), at_angle(angle))), angle * angle / 2, 1e-9)
        << angle;
    EXPECT_NEAR(value_of(cosine_distance(at_angle(0.3), at_angle(0.3 + angle))),
                1 - std::cos(angle), 1e-12);
  }
}

TEST(EmbeddingDistance, SphericalGradientIsFiniteAtBothEnds) {
  for (const double angle : {0.0, M_PI}) {
    const Tensor x = at_angle(angle).requires_grad_(true);
    const Tensor g = torch::autograd::grad({spherical_distance(x, at_angle(0))}, {x})[0];
    EXPECT_TRUE(at::isfinite(g).all().item<bool>()) << angle;
    EXPECT_LT(g.abs().max().item<double>(), 1e-6) << angle;
  }
}

// Oracle 1: 0 along the direction, 1 across, 2 against.
TEST(EmbeddingDistance, DirectionalIsOneMinusTheCosineOfTheChange) {
  const Tensor source = at::tensor({0.0, 1.0, 0.0}, at::kDouble);
  const Tensor direction = at::tensor({1.0, 0.0, 0.0}, at::kDouble);
  const DirectionalForm sharp{DirectionalForm::Kind::cosine, 1e-6};
  EXPECT_NEAR(value_of(directional_distance(source + direction * 0.5, source, direction, sharp)), 0,
              1e-9);
  EXPECT_NEAR(value_of(directional_distance(source * 1.5, source, direction, sharp)), 1, 1e-12);
  EXPECT_NEAR(value_of(directional_distance(source - direction, source, direction, sharp)), 2,
              1e-9);
  const Tensor slanted = source + at_angle(M_PI / 3) * 0.2;
  EXPECT_NEAR(value_of(directional_distance(slanted, source, direction, sharp)), 0.5, 1e-9);
}

// Oracle 1: at e = s the value is 1 and the gradient is -dT/softness.
TEST(EmbeddingDistance, DirectionalIsFiniteAndPointsAlongTheDirectionAtIdentity) {
  const Tensor source = unit(normal_tensor({7}, 1).to(at::kDouble));
  const Tensor direction = unit(normal_tensor({7}, 2).to(at::kDouble));
  const Tensor edited = source.clone().requires_grad_(true);
  const Tensor distance =
      directional_distance(edited, source, direction, {DirectionalForm::Kind::cosine, 0.02});
  EXPECT_EQ(value_of(distance), 1.0);
  const Tensor g = torch::autograd::grad({distance}, {edited})[0];
  EXPECT_LT((g + direction / 0.02).abs().max().item<double>(), 1e-9);
}

// Oracle 1: the cosine fades by |d| / sqrt(|d|^2 + softness^2).
TEST(EmbeddingDistance, SoftnessFadesShortChanges) {
  const Tensor source = at::tensor({0.0, 1.0}, at::kDouble);
  const Tensor direction = at::tensor({1.0, 0.0}, at::kDouble);
  const double d = directional_distance(source + direction * 0.03, source, direction,
                                        {DirectionalForm::Kind::cosine, 0.04})
                       .item<double>();
  EXPECT_NEAR(d, 1 - 0.6, 1e-12);
}

TEST(EmbeddingDistance, ProjectionIsTheLengthAlongTheDirection) {
  const Tensor source = at::tensor({0.0, 1.0}, at::kDouble);
  const Tensor direction = at::tensor({0.6, 0.8}, at::kDouble);
  EXPECT_NEAR(value_of(directional_distance(source + direction * 0.25, source, direction,
                                            {DirectionalForm::Kind::projection, 0.02})),
              -0.25, 1e-12);
}

// Oracle 1: with d = (3, 4) / 10 and the direction along the first axis, 0.3 is gained and 0.4
// lost.
TEST(EmbeddingDistance, GainChargesWhatMovesOffTheDirection) {
  const Tensor source = at::tensor({0.0, 1.0}, at::kDouble);
  const Tensor direction = at::tensor({1.0, 0.0}, at::kDouble);
  DirectionalForm form{DirectionalForm::Kind::gain};
  form.tolerance = 0.5;
  const Tensor edited = source + at::tensor({0.3, 0.4}, at::kDouble);
  EXPECT_NEAR(value_of(directional_distance(edited, source, direction, form)), 0.5 * 0.4 - 0.3,
              1e-4);
  EXPECT_EQ(value_of(directional_distance(source, source, direction, form)), 0.0);
  form.target = 0.2;
  EXPECT_NEAR(value_of(directional_distance(edited, source, direction, form)),
              0.5 * 0.4 - 0.2 * std::tanh(1.5), 1e-4);
  form.target = 0;
  form.tolerance = 1.0;
  EXPECT_GT(value_of(directional_distance(edited, source, direction, form)), 0.0)
      << "a change too far off the direction is worse than none";
}

// Oracle 1: value unchanged, gradient gone below the stop.
TEST(EmbeddingDistance, StoppedKeepsTheValueAndDropsTheGradient) {
  const Tensor x = at::tensor({0.2, 0.9}, at::kDouble).requires_grad_(true);
  const Tensor y = stopped(x, 0.5);
  EXPECT_TRUE(at::allclose(y, x));
  const Tensor g = torch::autograd::grad({y.sum()}, {x})[0];
  EXPECT_EQ(g[0].item<double>(), 0.0);
  EXPECT_EQ(g[1].item<double>(), 1.0);
}

// Oracle 4.
TEST(EmbeddingDistance, GradientsMatchCentralDifferences) {
  const Tensor other = unit(normal_tensor({3, 6}, 1).to(at::kDouble));
  const Tensor direction = unit(normal_tensor({6}, 2).to(at::kDouble));
  const Tensor point = normal_tensor({3, 6}, 3).to(at::kDouble);
  using Function = std::function<Tensor(const Tensor&)>;
  for (const Function& f :
       {Function([&](const Tensor& x) { return cosine_distance(unit(x), other).sum(); }),
        Function([&](const Tensor& x) { return spherical_distance(unit(x), other).sum(); }),
        Function(
            [&](const Tensor& x) { return directional_distance(unit(x), other, direction).sum(); }),
        Function([&](const Tensor& x) {
          return directional_distance(unit(x), other, direction,
                                      {DirectionalForm::Kind::projection, 0.02})
              .sum();
        }),
        Function([&](const Tensor& x) {
          return directional_distance(unit(x), other, direction, {DirectionalForm::Kind::gain})
              .sum();
        })}) {
    EXPECT_LT(testing::gradient_error(f, point), 1e-7);
  }
}

}  // namespace
}  // namespace vane
