// SPDX-License-Identifier: Apache-2.0
// Oracle: the plain product of the same numbers in float64.
#include "engine/clip/packed_linear.h"

#include <gtest/gtest.h>

#include "engine/tensor/fwd.h"

namespace vane {
namespace {

struct Layer {
  Tensor x, weight, bias;
};

Layer layer(int64_t rows = 50) {
  at::manual_seed(3);
  return {at::randn({2, rows, 96}), at::randn({160, 96}) * 0.1, at::randn({160})};
}

Tensor expected(const Layer& l, AfterLinear after, double scale) {
  const Tensor y = at::linear(l.x.to(at::kDouble), l.weight.to(at::kDouble) * scale,
                              l.bias.to(at::kDouble) * scale);
  switch (after) {
    case AfterLinear::silu:
      return y * at::sigmoid(y);
    case AfterLinear::gelu:
      return 0.5 * y * (1 + at::erf(y / std::sqrt(2.0)));
    case AfterLinear::gelu_tanh:
      return 0.5 * y * (1 + at::tanh(std::sqrt(2.0 / M_PI) * (y + 0.044715 * y * y * y)));
    default:
      return y;
  }
}

double worst(const Tensor& a, const Tensor& b) {
  return ((a.to(at::kDouble) - b).abs().max() / b.abs().max()).item<double>();
}

TEST(PackedLinear, EveryCallGivesTheSameForEveryActivation) {
  const at::NoGradGuard no_grad;
  const Layer l = layer();
  for (const auto after :
       {AfterLinear::nothing, AfterLinear::silu, AfterLinear::gelu, AfterLinear::gelu_tanh}) {
    for (const double scale : {1.0, 1.702}) {
      const PackedLinear linear;
      for (int call = 0; call < 5; ++call) {
        const Tensor y = linear(l.x, l.weight, l.bias, after, {scale, scale});
        ASSERT_EQ(y.sizes(), at::IntArrayRef({2, 50, 160}));
        EXPECT_LT(worst(y, expected(l, after, scale)), 1e-6) << "call " << call;
      }
    }
  }
}

TEST(PackedLinear, OtherNumbersOfRowsAfterReorderingAreRight) {
  const at::NoGradGuard no_grad;
  const PackedLinear linear;
  Layer l = layer();
  for (int call = 0; call < 4; ++call) linear(l.x, l.weight, l.bias);
  for (const int64_t rows : {1, 3, 7, 333}) {
    l.x = layer(rows).x;
    EXPECT_LT(worst(linear(l.x, l.weight, l.bias), expected(l, AfterLinear::nothing, 1)), 1e-6);
  }
}

TEST(PackedLinear, AReplacedWeightIsNoticed) {
  const at::NoGradGuard no_grad;
  const PackedLinear linear;
  Layer l = layer();
  for (int call = 0; call < 4; ++call) linear(l.x, l.weight, l.bias);
  l.weight = l.weight * -2;
  EXPECT_LT(worst(linear(l.x, l.weight, l.bias), expected(l, AfterLinear::nothing, 1)), 1e-6);
}

// What an optimiser does between two evaluations.
TEST(PackedLinear, AWeightWrittenInPlaceIsNoticed) {
  const at::NoGradGuard no_grad;
  const PackedLinear linear;
  Layer l = layer();
  for (int call = 0; call < 4; ++call) linear(l.x, l.weight, l.bias);
  l.weight.mul_(-2);
  EXPECT_LT(worst(linear(l.x, l.weight, l.bias), expected(l, AfterLinear::nothing, 1)), 1e-6);
  l.bias.add_(1);
  EXPECT_LT(worst(linear(l.x, l.weight, l.bias), expected(l, AfterLinear::nothing, 1)), 1e-6);
}

// A copy of a model with another activation has other scales for the same weights.
TEST(PackedLinear, OtherScalesAreNoticed) {
  const at::NoGradGuard no_grad;
  const PackedLinear linear;
  const PackedLinear copy = linear;
  const Layer l = layer();
  for (int call = 0; call < 4; ++call) {
    linear(l.x, l.weight, l.bias, AfterLinear::silu, {1.702, 1.702});
  }
  EXPECT_LT(worst(copy(l.x, l.weight, l.bias, AfterLinear::gelu, {1, 1}),
                  expected(l, AfterLinear::gelu, 1)),
            1e-6);
}

TEST(PackedLinear, GradientsFlowAfterReordering) {
  const PackedLinear linear;
  Layer l = layer();
  {
    const at::NoGradGuard no_grad;
    for (int call = 0; call < 4; ++call) linear(l.x, l.weight, l.bias);
  }
  const Tensor x = l.x.clone().requires_grad_(true);
  const Tensor y = linear(x, l.weight, l.bias);
  const Tensor gradient = torch::autograd::grad({y.sum()}, {x})[0];
  EXPECT_LT(worst(gradient, l.weight.sum(0).to(at::kDouble).expand_as(gradient)), 1e-5);
}

}  // namespace
}  // namespace vane
