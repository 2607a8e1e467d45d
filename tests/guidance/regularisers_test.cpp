// SPDX-License-Identifier: Apache-2.0
// Objectives that look at pixels, and the stack that adds objectives up.
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "guidance/edge_structure.h"
#include "guidance/objective_stack.h"
#include "guidance/pixel_l2.h"
#include "guidance/total_variation.h"
#include "tests/support/gradient_check.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::uniform_tensor;

Evaluation evaluation_of(const Tensor& image, const Tensor& source = {}) {
  Evaluation evaluation;
  evaluation.image = image;
  evaluation.source = source;
  return evaluation;
}

Tensor double_picture(uint64_t seed) { return uniform_tensor({2, 3, 5, 6}, seed).to(at::kDouble); }

double value(Objective& objective, const Tensor& image, const Tensor& source = {}) {
  return objective.evaluate(evaluation_of(image, source)).total.item<double>();
}

template <class F>
Error error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::internal, "nothing was thrown");
}

// Oracle 2: loops over pixels, from the formulas.
TEST(TotalVariation, AgreesWithLoopsOverPixels) {
  const Tensor image = double_picture(1);
  const auto at = [&](int64_t n, int64_t c, int64_t y, int64_t x) {
    return image[n][c][y][x].item<double>();
  };
  double across = 0, down = 0, squares[4] = {0, 0, 0, 0};
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t y = 0; y < 5; ++y) {
        for (int64_t x = 0; x < 6; ++x) {
          const auto square = [&](int64_t dy, int64_t dx) {
            if (y + dy >= 5 || x + dx >= 6 || x + dx < 0) return 0.0;
            const double d = at(n, c, y + dy, x + dx) - at(n, c, y, x);
            return d * d;
          };
          across += std::sqrt(square(0, 1));
          down += std::sqrt(square(1, 0));
          squares[0] += square(0, 1);
          squares[1] += square(1, 0);
          squares[2] += square(1, 1);
          squares[3] += square(1, -1);
        }
      }
    }
  }
  TotalVariation mean, norms({"norms"});
  EXPECT_NEAR(value(mean, image), across / (6 * 5 * 5) + down / (6 * 4 * 6), 1e-12);
  double sum = 0;
  for (const double square : squares) sum += std::sqrt(square);
  EXPECT_NEAR(value(norms, image), sum, 1e-12);
}

TEST(TotalVariation, IsZeroForAFlatPictureWithAFiniteGradient) {
  for (const char* form : {"mean", "norms"}) {
    TotalVariation objective({form});
    const Tensor flat = at::full({1, 3, 4, 4}, 0.5, at::kDouble).requires_grad_(true);
    const Score score = objective.evaluate(evaluation_of(flat));
    EXPECT_EQ(score.total.item<double>(), 0.0);
    const Tensor gradient = torch::autograd::grad({score.total}, {flat})[0];
    EXPECT_EQ(gradient.abs().max().item<double>(), 0.0) << form;
  }
  EXPECT_EQ(error_of([] { TotalVariation({"other"}); }).code(), ErrorCode::usage);
}

// Oracle 1.
TEST(PixelL2, IsTheMeanSquareOfTheChange) {
  PixelL2 objective;
  const Tensor source = double_picture(1);
  EXPECT_NEAR(value(objective, source + 0.3, source), 0.09, 1e-12);
  EXPECT_EQ(error_of([&] { value(objective, source); }).code(), ErrorCode::usage);
  EXPECT_EQ(error_of([&] {
              value(objective, source, uniform_tensor({2, 3, 5, 7}, 1));
            }).code(),
            ErrorCode::usage);
}

// Oracle 1: a constant added changes no edge; half the contrast halves every gradient.
TEST(EdgeStructure, AllowsLightButNotLostEdges) {
  EdgeStructure correlation, difference({"difference"});
  const Tensor source = double_picture(1);
  EXPECT_NEAR(value(correlation, source + 0.2, source), 0, 1e-9);
  EXPECT_NEAR(value(difference, source + 0.2, source), 0, 1e-12);
  EXPECT_LT(value(correlation, source * 0.5, source), 1e-4);
  EXPECT_NEAR(value(difference, source * 0.5, source),
              luma_gradient(source).abs().mean().item<double>() / 2, 1e-12);
  EXPECT_NEAR(value(correlation, -source, source), 2, 1e-4);
  EXPECT_GT(value(correlation, double_picture(9), source), 0.5);
  EXPECT_GT(value(correlation, at::full_like(source, 0.5), source), 0.9);
}

TEST(EdgeStructure, IsFiniteForFlatPictures) {
  EdgeStructure objective;
  const Tensor flat = at::full({1, 3, 5, 5}, 0.5, at::kDouble).requires_grad_(true);
  const Score score = objective.evaluate(evaluation_of(flat, flat.detach()));
  EXPECT_NEAR(score.total.item<double>(), 0.0, 1e-12);
  EXPECT_TRUE(at::isfinite(torch::autograd::grad({score.total}, {flat})[0]).all().item<bool>());
}

// Oracle 4.
TEST(Regularisers, GradientsMatchCentralDifferences) {
  TotalVariation mean, norms({"norms"});
  PixelL2 pixels;
  EdgeStructure correlation, difference({"difference"});
  const Tensor source = double_picture(1);
  for (Objective* objective :
       std::initializer_list<Objective*>{&mean, &norms, &pixels, &correlation, &difference}) {
    const auto f = [&](const Tensor& image) {
      return objective->evaluate(evaluation_of(image, source)).total;
    };
    EXPECT_LT(testing::gradient_error(f, double_picture(2), 1e-6), 1e-6);
  }
}

// Oracle 3 (law): a mask of ones changes nothing, a mask of zeros shows the source.
TEST(Regularisers, MaskSelectsBetweenImageAndSource) {
  PixelL2 objective;
  Evaluation evaluation = evaluation_of(double_picture(2), double_picture(1));
  const double open = objective.evaluate(evaluation).total.item<double>();
  evaluation.mask = at::ones({1, 1, 5, 6});
  EXPECT_NEAR(objective.evaluate(evaluation).total.item<double>(), open, 1e-12);
  evaluation.mask = at::zeros({1, 1, 5, 6});
  EXPECT_EQ(objective.evaluate(evaluation).total.item<double>(), 0.0);
  evaluation.mask = at::full({1, 1, 5, 6}, 0.5);
  EXPECT_NEAR(objective.evaluate(evaluation).total.item<double>(), open / 4, 1e-12);
  evaluation.mask = at::zeros({1, 1, 5, 5});
  EXPECT_EQ(error_of([&] { objective.evaluate(evaluation); }).code(), ErrorCode::usage);
}

class Constant : public Objective {
 public:
  explicit Constant(double number) : number_(number) {}
  Score evaluate(const Evaluation& evaluation) override {
    const Tensor value = evaluation.image.mean() * 0 + number_;
    return {value, {{"constant", value, 1.f}}};
  }

 private:
  double number_;
};

// Oracle 1.
TEST(ObjectiveStack, AddsWeightedTermsAndKeepsTheirOwnValues) {
  ObjectiveStack stack;
  stack.add("a", std::make_unique<Constant>(2.0), 3.f);
  stack.add("b", std::make_unique<Constant>(5.0), -0.5f);
  stack.add("off", std::make_unique<Constant>(1e9), 0.f);
  EXPECT_FALSE(stack.needs_source());
  stack.add("keep", std::make_unique<PixelL2>(), 10.f);
  EXPECT_TRUE(stack.needs_source());
  const Tensor source = double_picture(1);
  const Score score = stack.evaluate(evaluation_of(source + 0.1, source));
  EXPECT_NEAR(score.total.item<double>(), 6 - 2.5 + 0.1, 1e-9);
  ASSERT_EQ(score.terms.size(), 3u);
  EXPECT_EQ(score.terms[1].name, "b");
  EXPECT_NEAR(score.terms[1].value.item<double>(), 5.0, 1e-9);
  EXPECT_EQ(score.terms[1].weight, -0.5f);
  double sum = 0;
  for (const Term& term : score.terms) {
    sum += static_cast<double>(term.weight) * term.value.item<double>();
  }
  EXPECT_NEAR(sum, score.total.item<double>(), 1e-9);
}

TEST(ObjectiveStack, NamesTheTermThatIsNotFinite) {
  ObjectiveStack stack;
  stack.add("fine", std::make_unique<Constant>(1.0));
  stack.add("broken", std::make_unique<Constant>(std::numeric_limits<double>::quiet_NaN()));
  const Error error = error_of([&] { stack.evaluate(evaluation_of(double_picture(1))); });
  EXPECT_EQ(error.code(), ErrorCode::numeric);
  EXPECT_NE(std::string(error.what()).find("'broken'"), std::string::npos) << error.what();
  ObjectiveStack nested;
  nested.add("structure", std::make_unique<TotalVariation>());
  const Tensor bad = double_picture(1) * std::numeric_limits<double>::infinity();
  const Error inner = error_of([&] { nested.evaluate(evaluation_of(bad)); });
  EXPECT_EQ(inner.code(), ErrorCode::numeric);
  EXPECT_NE(std::string(inner.what()).find("total_variation"), std::string::npos) << inner.what();
}

TEST(ObjectiveStack, RefusesWhatCannotBeFollowed) {
  ObjectiveStack stack;
  EXPECT_EQ(error_of([&] { stack.evaluate(evaluation_of(double_picture(1))); }).code(),
            ErrorCode::usage);
  stack.add("a", std::make_unique<Constant>(1.0));
  EXPECT_EQ(error_of([&] { stack.add("a", std::make_unique<Constant>(1.0)); }).code(),
            ErrorCode::usage);
  EXPECT_EQ(error_of([&] {
              stack.add("b", std::make_unique<Constant>(1.0),
                        std::numeric_limits<float>::infinity());
            }).code(),
            ErrorCode::usage);
}

}  // namespace
}  // namespace vane
