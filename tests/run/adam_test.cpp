// SPDX-License-Identifier: Apache-2.0
// Oracle: numbers of torch.optim.Adam and AdamW 2.14.1 on the same quadratic
// (tests/oracles/record_adam.py), and exact continuation.
#include "engine/run/adam.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace vane {
namespace {

// Gradient of sum(c * x^2) / 2 with c = 1, 2, 3.
Tensor slope(const Tensor& x) { return x * at::tensor({1.0, 2.0, 3.0}, at::kDouble); }

std::vector<double> run(double weight_decay, int steps) {
  const Tensor x = at::tensor({1.0, -2.0, 0.5}, at::kDouble);
  Adam adam({{{.learning_rate = 0.1, .weight_decay = weight_decay}, {{"x", x}}}});
  for (int i = 0; i < steps; ++i) adam.step({slope(x)});
  return {x.data_ptr<double>(), x.data_ptr<double>() + 3};
}

TEST(Adam, MatchesTheReferenceOptimiser) {
  const std::vector<double> expected = {0.32342070867887096, -1.3081994956139174,
                                        -0.10978886699972629};
  const std::vector<double> got = run(0.0, 7);
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(got[i], expected[i], 1e-12);
}

TEST(Adam, DecoupledDecayMatchesAdamW) {
  const std::vector<double> expected = {0.30089153940197783, -1.250630973652133,
                                        -0.11379009487932731};
  const std::vector<double> got = run(0.05, 7);
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(got[i], expected[i], 1e-12);
}

TEST(Adam, ARestoredStateContinuesBitForBit) {
  const auto make = [](const Tensor& x) {
    return Adam({{{.learning_rate = 0.05, .weight_decay = 0.01}, {{"x", x}}}});
  };
  const Tensor whole = at::tensor({1.f, -2.f, 0.5f});
  Adam uninterrupted = make(whole);
  const Tensor first = whole.clone();
  Adam before = make(first);
  const auto step = [](Adam& adam, const Tensor& x) {
    adam.step({x * 3}, warmup_cosine(adam.steps(), 20, 4));
  };
  for (int i = 0; i < 20; ++i) step(uninterrupted, whole);
  for (int i = 0; i < 9; ++i) step(before, first);
  std::map<std::string, Tensor> saved;
  for (const auto& [name, tensor] : before.state()) saved[name] = tensor.clone();
  const Tensor second = first.clone();
  Adam after = make(second);
  after.restore(saved);
  EXPECT_EQ(after.steps(), 9);
  for (int i = 9; i < 20; ++i) step(after, second);
  EXPECT_TRUE(at::equal(second, whole));
}

TEST(Adam, RefusesAStateOfAnotherShape) {
  Adam small({{{}, {{"x", at::zeros({2})}}}});
  Adam large({{{}, {{"x", at::zeros({3})}}}});
  EXPECT_THROW(large.restore(small.state()), Error);
  EXPECT_THROW(large.restore({}), Error);
}

TEST(Adam, ScheduleWarmsUpAndEndsAtTheFloor) {
  EXPECT_DOUBLE_EQ(warmup_cosine(0, 100, 10), 0.1);
  EXPECT_DOUBLE_EQ(warmup_cosine(9, 100, 10), 1.0);
  EXPECT_DOUBLE_EQ(warmup_cosine(10, 100, 10), 1.0);
  EXPECT_NEAR(warmup_cosine(55, 100, 10), 0.5, 1e-12);
  EXPECT_NEAR(warmup_cosine(100, 100, 10, 0.05), 0.05, 1e-12);
}

}  // namespace
}  // namespace vane
