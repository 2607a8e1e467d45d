// SPDX-License-Identifier: Apache-2.0
#include "guidance/direction.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/text/templates.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::LinearClip;
using testing::normal_tensor;

double gap(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

Tensor normalised(const Tensor& x) { return x / x.norm(); }

Direction direction_of(const Tensor& vector) {
  Direction direction;
  direction.vector = normalised(vector);
  direction.kind = "text";
  direction.model_hash = "m";
  return direction;
}

template <class F>
ErrorCode code_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

// Oracle 2: StyleGAN-NADA's formula as a loop over templates, row by row, in float64.
TEST(Direction, TextNormalisesEachTemplateBeforeAveraging) {
  const LinearClip clip;
  const Direction direction = text_direction(clip, "a photo", "warm light", "subset7");
  Tensor sum = at::zeros({clip.info().embed_dim}, at::kDouble);
  for (const std::string& text_template : prompt_templates("subset7")) {
    const auto row = [&](const char* phrase) {
      return clip.text_embedding({fill_template(text_template, phrase)})[0].to(at::kDouble);
    };
    sum += normalised(row("warm light")) - normalised(row("a photo"));
  }
  EXPECT_LT(gap(direction.vector, normalised(sum)), 1e-6);
  EXPECT_NEAR(direction.magnitude, (sum / 7).norm().item<double>(), 1e-6);
  EXPECT_EQ(direction.kind, "text");
  EXPECT_EQ(direction.origin.at("to"), "warm light");
  EXPECT_EQ(direction.model_hash, clip.info().hash);
}

// Oracle 2: CLIPstyler's formula; the two orders must be told apart.
TEST(Direction, TextCanAverageTemplatesBeforeNormalising) {
  const LinearClip clip;
  const Direction direction =
      text_direction(clip, "a photo", "warm light", "subset7", TemplateAveraging::average_first);
  Tensor from = at::zeros({clip.info().embed_dim}, at::kDouble), to = from.clone();
  for (const std::string& text_template : prompt_templates("subset7")) {
    from += clip.text_embedding({fill_template(text_template, "a photo")})[0];
    to += clip.text_embedding({fill_template(text_template, "warm light")})[0];
  }
  EXPECT_LT(gap(direction.vector, normalised(normalised(to) - normalised(from))), 1e-6);
  EXPECT_GT(gap(direction.vector, text_direction(clip, "a photo", "warm light", "subset7").vector),
            1e-4);
}

// Oracle 3 (law): the way back is the negative.
TEST(Direction, SwappedPhrasesFlipTheSign) {
  const LinearClip clip;
  const Direction there = text_direction(clip, "dark", "bright", "imagenet80");
  const Direction back = text_direction(clip, "bright", "dark", "imagenet80");
  EXPECT_LT(gap(there.vector, -back.vector), 1e-6);
  EXPECT_LT(gap(negated(there).vector, back.vector), 1e-6);
  EXPECT_EQ(negated(there).origin.at("from"), "bright");
}

TEST(Direction, IdenticalPhrasesAreRefusedByName) {
  const LinearClip clip;
  try {
    text_direction(clip, "warm", "warm", "nada79");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_NE(std::string(error.what()).find("'warm' and 'warm'"), std::string::npos);
  }
}

// Oracle 1: by hand, E(x) = W x + b on an input of the network's own size.
TEST(Direction, ImagePairFollowsTheDifferenceOfUnitEmbeddings) {
  const LinearClip clip(8, 3, 4);
  const Tensor a = testing::uniform_tensor({1, 3, 4, 4}, 1),
               b = testing::uniform_tensor({1, 3, 4, 4}, 2);
  const ClipPreprocess& p = clip.info().preprocess;
  const auto embedding = [&](const Tensor& image) {
    Tensor x = image.to(at::kDouble).clone();
    for (int64_t c = 0; c < 3; ++c) {
      const auto i = static_cast<size_t>(c);
      x.select(1, c).sub_(static_cast<double>(p.mean[i])).div_(static_cast<double>(p.std[i]));
    }
    return normalised(at::mv(clip.weight().to(at::kDouble), x.flatten()) + clip.bias());
  };
  const Direction direction = image_direction(clip, a, b);
  EXPECT_LT(gap(direction.vector, normalised(embedding(b) - embedding(a))), 1e-5);
  EXPECT_EQ(code_of([&] { image_direction(clip, a, a); }), ErrorCode::usage);
}

// Oracle 3 (law): tau = <mu_to, r>, and the two means lie |mu_to - mu_from| apart along r.
TEST(Direction, ResidualThresholdIsTheProjectionOfTheTargetMean) {
  const Tensor from = normal_tensor({9, 16}, 1), to = normal_tensor({5, 16}, 2) + 0.5;
  const Direction residual = residual_direction(from, to, "m");
  const auto mean = [](const Tensor& x) {
    const Tensor wide = x.to(at::kDouble);
    return normalised((wide / wide.norm(2, {1}, true)).mean(0));
  };
  const Tensor r = residual.vector.to(at::kDouble);
  EXPECT_NEAR(residual.tau, mean(to).dot(r).item<double>(), 1e-6);
  EXPECT_NEAR((mean(to) - mean(from)).dot(r).item<double>(), residual.magnitude, 1e-6);
  EXPECT_NEAR(r.norm().item<double>(), 1.0, 1e-6);
  EXPECT_EQ(residual.origin.at("count_from"), "9");
}

TEST(Direction, ResidualRefusesEmptyEqualAndForeignSets) {
  const Tensor some = normal_tensor({4, 8}, 1);
  EXPECT_EQ(code_of([&] { residual_direction(at::empty({0, 8}), some); }), ErrorCode::usage);
  EXPECT_EQ(code_of([&] { residual_direction(some, some * 2); }), ErrorCode::usage);
  EXPECT_EQ(code_of([&] { residual_direction(some, normal_tensor({4, 9}, 1)); }), ErrorCode::usage);
}

// Oracle 2: the formula of the sheet with an explicit inverse instead of a factorisation.
TEST(Direction, WhitenedResidualSolvesTheShrunkCovariance) {
  const Tensor from = normal_tensor({30, 6}, 1), to = normal_tensor({20, 6}, 2) + 1;
  const Direction white = whitened_residual_direction(from, to, "m");
  const Tensor a = from.to(at::kDouble) / from.to(at::kDouble).norm(2, {1}, true);
  const Tensor b = to.to(at::kDouble) / to.to(at::kDouble).norm(2, {1}, true);
  const Tensor x = at::cat({a - a.mean(0), b - b.mean(0)});
  const Tensor covariance = at::mm(x.t(), x) / 49;
  const Tensor precision =
      6 * at::linalg_inv(49 * covariance + covariance.trace() * at::eye(6, at::kDouble));
  EXPECT_LT(gap(white.vector, normalised(at::mv(precision, b.mean(0) - a.mean(0)))), 1e-6);
  EXPECT_GT(gap(white.vector, residual_direction(from, to).vector), 1e-3);
}

TEST(Direction, WhiteningNeedsSetsThatVary) {
  EXPECT_EQ(code_of([] {
              whitened_residual_direction(normal_tensor({1, 6}, 1), normal_tensor({1, 6}, 2));
            }),
            ErrorCode::usage);
}

// Oracle 1: closed form on a plane; t = 0 is a, t = 1 is b.
TEST(Direction, MixFollowsTheGreatCircle) {
  const double angle = 1.1;
  const Direction a = direction_of(at::tensor({1.0, 0.0, 0.0}, at::kFloat));
  const Direction b = direction_of(at::tensor({std::cos(angle), std::sin(angle), 0.0}, at::kFloat));
  for (const double t : {0.25, 0.5, 0.9}) {
    const Tensor expected =
        at::tensor({std::cos(t * angle), std::sin(t * angle), 0.0}, at::kDouble);
    EXPECT_LT(gap(mix(a, b, static_cast<float>(t)).vector, expected), 1e-6) << t;
  }
  EXPECT_TRUE(at::equal(mix(a, b, 0.f).vector, a.vector));
  EXPECT_TRUE(at::equal(mix(a, b, 1.f).vector, b.vector));
}

TEST(Direction, MixOfNearlyEqualStaysUnitAndOppositeIsRefused) {
  const Direction a = direction_of(normal_tensor({16}, 1));
  Direction near = a;
  near.vector = normalised(a.vector + normal_tensor({16}, 2) * 1e-6);
  EXPECT_NEAR(mix(a, near, 0.5f).vector.norm().item<double>(), 1.0, 1e-6);
  EXPECT_EQ(code_of([&] { mix(a, negated(a), 0.5f); }), ErrorCode::usage);
  Direction other = direction_of(normal_tensor({16}, 3));
  other.model_hash = "another";
  EXPECT_EQ(code_of([&] { mix(a, other, 0.5f); }), ErrorCode::usage);
}

TEST(Direction, ScalingChangesMagnitudeAndNegativeFactorsTurnRound) {
  Direction a = direction_of(normal_tensor({16}, 1));
  a.magnitude = 0.5f;
  EXPECT_FLOAT_EQ(scaled(a, 3.f).magnitude, 1.5f);
  EXPECT_TRUE(at::equal(scaled(a, 3.f).vector, a.vector));
  EXPECT_TRUE(at::equal(scaled(a, -2.f).vector, -a.vector));
  EXPECT_EQ(code_of([&] { scaled(a, 0.f); }), ErrorCode::usage);
}

TEST(Direction, AnotherModelIsRefused) {
  const LinearClip clip(12, 1), other(12, 2), wider(13, 1);
  const Direction direction = text_direction(clip, "dark", "bright");
  EXPECT_NO_THROW(check_same_model(direction, clip));
  EXPECT_EQ(code_of([&] { check_same_model(direction, other); }), ErrorCode::checkpoint);
  EXPECT_EQ(code_of([&] { check_same_model(direction, wider); }), ErrorCode::checkpoint);
}

}  // namespace
}  // namespace vane
