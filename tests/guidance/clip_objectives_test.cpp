// SPDX-License-Identifier: Apache-2.0
// The objectives that look through CLIP, on an encoder that is a matrix.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "guidance/clip_directional.h"
#include "guidance/clip_global.h"
#include "guidance/clip_identity.h"
#include "guidance/clip_residual.h"
#include "tests/support/gradient_check.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::LinearClip;
using testing::normal_tensor;
using testing::uniform_tensor;

ViewConfig whole_view() {
  ViewConfig views;
  views.cutouts.count = 0;
  return views;
}

ViewConfig crops(int64_t count, const std::string& average = "losses") {
  ViewConfig views;
  views.cutouts.count = count;
  views.cutouts.smallest = 0.4f;
  views.average = average;
  return views;
}

Evaluation evaluation_of(const Tensor& image, const Tensor& source = {}) {
  Evaluation evaluation;
  evaluation.image = image;
  evaluation.source = source;
  evaluation.rng = Rng(7).fork("step", 0);
  return evaluation;
}

std::shared_ptr<const ClipEncoder> linear(uint64_t seed = 1) {
  static std::map<uint64_t, std::shared_ptr<const ClipEncoder>> made;
  if (!made.contains(seed)) made[seed] = std::make_shared<LinearClip>(6, seed, 6);
  return made[seed];
}

std::shared_ptr<const ClipEncoder> linear_double(uint64_t seed = 1) {
  static std::map<uint64_t, std::shared_ptr<const ClipEncoder>> made;
  if (!made.contains(seed)) made[seed] = linear(seed)->to_double();
  return made[seed];
}

Direction direction_along(const ClipEncoder& clip, const Tensor& vector) {
  Direction direction;
  direction.vector = unit(vector.to(at::kFloat));
  direction.kind = "text";
  direction.model_hash = clip.info().hash;
  return direction;
}

// Guides one by one: an initialiser list of them makes GCC 12 warn of uninitialised pointers.
template <class Guide>
std::vector<Guide> list(Guide first) {
  std::vector<Guide> guides;
  guides.push_back(std::move(first));
  return guides;
}

template <class Guide>
std::vector<Guide> list(Guide first, Guide second) {
  std::vector<Guide> guides = list(std::move(first));
  guides.push_back(std::move(second));
  return guides;
}

DirectionalGuide guide(const std::shared_ptr<const ClipEncoder>& clip, const Direction& direction,
                       float weight = 1.f) {
  return {{clip, weight}, direction};
}

ClipResidual::Guide residual_guide(const std::shared_ptr<const ClipEncoder>& clip,
                                   const Direction& direction) {
  return {{clip, 1.f}, direction};
}

GlobalGuide guide(const std::shared_ptr<const ClipEncoder>& clip,
                  const std::vector<WeightedPrompt>& prompts, float weight = 1.f) {
  return {{clip, weight}, text_targets(*clip, prompts)};
}

ClipDirectional directional(const std::shared_ptr<const ClipEncoder>& clip, const Tensor& vector,
                            ClipDirectionalConfig config = {}) {
  if (config.views.cutouts.count == 8) config.views = whole_view();
  return ClipDirectional(list(guide(clip, direction_along(*clip, vector))), config);
}

double value(const Score& score) { return score.total.item<double>(); }

template <class F>
ErrorCode code_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

// Oracle 3 (law): 0 when the embedding moves exactly along the direction, 2 against it.
TEST(ClipDirectional, IsZeroWhenTheChangeIsTheDirection) {
  const auto clip = linear();
  const Tensor source = uniform_tensor({1, 3, 9, 8}, 1), image = uniform_tensor({1, 3, 9, 8}, 2);
  const Tensor change = clip->image_features(image)[0] - clip->image_features(source)[0];
  ClipDirectionalConfig config;
  config.softness = 1e-5f;
  EXPECT_NEAR(value(directional(clip, change, config).evaluate(evaluation_of(image, source))), 0,
              1e-5);
  EXPECT_NEAR(value(directional(clip, -change, config).evaluate(evaluation_of(image, source))), 2,
              1e-5);
  Tensor across = normal_tensor({6}, 3);
  across = across - change * (across.dot(change) / change.dot(change));
  EXPECT_NEAR(value(directional(clip, across, config).evaluate(evaluation_of(image, source))), 1,
              1e-5);
}

// Oracle 1: value 1, finite gradient; a step against it lowers the loss at once.
TEST(ClipDirectional, StartsAtOneWithAUsefulGradientWhenNothingChanged) {
  const auto clip = linear_double();
  const Tensor source = uniform_tensor({1, 3, 9, 8}, 1).to(at::kDouble);
  ClipDirectional objective = directional(clip, normal_tensor({6}, 4));
  const Tensor image = source.clone().requires_grad_(true);
  const Score score = objective.evaluate(evaluation_of(image, source));
  EXPECT_EQ(value(score), 1.0);
  const Tensor gradient = torch::autograd::grad({score.total}, {image})[0];
  ASSERT_TRUE(at::isfinite(gradient).all().item<bool>());
  const Tensor moved = source - gradient / gradient.norm() * 0.05;
  EXPECT_LT(value(objective.evaluate(evaluation_of(moved, source))), 0.9);
}

// Oracle 2: patch loss by hand from the crops themselves.
TEST(ClipDirectional, ComparesEveryCropWithTheSameCropOfTheSource) {
  const auto clip = linear();
  const Tensor source = uniform_tensor({2, 3, 14, 12}, 1),
               image = uniform_tensor({2, 3, 14, 12}, 2);
  ClipDirectionalConfig config;
  config.views = crops(3);
  config.views.cutouts.whole = false;
  config.views.cutouts.bank = 0;
  const Direction direction = direction_along(*clip, normal_tensor({6}, 3));
  ClipDirectional objective(list(guide(clip, direction)), config);
  const Evaluation evaluation = evaluation_of(image, source);
  const Rng rng = evaluation.rng.fork("views");
  const auto boxes = random_cutouts(14, 12, 6, config.views.cutouts, rng);
  const auto edited = cut(image, boxes, 6, rng), original = cut(source, boxes, 6, rng);
  double sum = 0;
  for (int64_t v = 0; v < 3; ++v) {
    const Tensor d = clip->image_features(edited[v]) - clip->image_features(original[v]);
    for (int64_t n = 0; n < 2; ++n) {
      const double length = d[n].norm().item<double>();
      sum +=
          1 - d[n].dot(direction.vector).item<double>() / std::sqrt(length * length + 0.02 * 0.02);
    }
  }
  EXPECT_NEAR(value(objective.evaluate(evaluation)), sum / 6, 1e-5);
}

// Oracle 1 (law of CLIPstyler): a crop below the threshold neither counts nor pulls.
TEST(ClipDirectional, RejectionSilencesGoodViews) {
  const auto clip = linear_double();
  const Tensor source = uniform_tensor({1, 3, 9, 8}, 1).to(at::kDouble);
  const Tensor image = uniform_tensor({1, 3, 9, 8}, 2).to(at::kDouble).requires_grad_(true);
  const Tensor change = (clip->image_features(image)[0] - clip->image_features(source)[0]).detach();
  ClipDirectionalConfig config;
  config.reject = 0.7f;
  const Score good = directional(clip, change, config).evaluate(evaluation_of(image, source));
  EXPECT_EQ(value(good), 0.0);
  const Tensor gradient = torch::autograd::grad({good.total}, {image})[0];
  EXPECT_EQ(gradient.abs().max().item<double>(), 0.0);
  EXPECT_NEAR(value(directional(clip, -change, config).evaluate(evaluation_of(image, source))), 2,
              1e-2);
}

// Oracle 3 (law): where the mask is black, the image has no say.
TEST(ClipDirectional, MaskedPixelsNeitherCountNorPull) {
  const auto clip = linear_double();
  const Tensor source = uniform_tensor({1, 3, 10, 8}, 1).to(at::kDouble);
  Tensor image = uniform_tensor({1, 3, 10, 8}, 2).to(at::kDouble);
  const Tensor mask = at::zeros({1, 1, 10, 8}, at::kDouble);
  mask.narrow(3, 0, 4).fill_(1.0);
  ClipDirectionalConfig config;
  config.views = crops(2);
  ClipDirectional objective = directional(clip, normal_tensor({6}, 3), config);
  const auto masked = [&](const Tensor& picture) {
    Evaluation evaluation = evaluation_of(picture, source);
    evaluation.mask = mask;
    return objective.evaluate(evaluation).total;
  };
  const double before = masked(image).item<double>();
  Tensor changed = image.clone();
  changed.narrow(3, 4, 4).fill_(0.9);
  EXPECT_EQ(masked(changed).item<double>(), before);
  const Tensor leaf = image.clone().requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({masked(leaf)}, {leaf})[0];
  EXPECT_EQ(gradient.narrow(3, 4, 4).abs().max().item<double>(), 0.0);
  EXPECT_GT(gradient.narrow(3, 0, 4).abs().max().item<double>(), 1e-6);
}

// Oracle 3 (law): another source, or the same one written over, is encoded anew.
TEST(ClipDirectional, SourceFeaturesFollowTheSourceTensor) {
  const auto clip = linear();
  const Tensor image = uniform_tensor({1, 3, 9, 8}, 2), other = uniform_tensor({1, 3, 9, 8}, 5);
  Tensor source = uniform_tensor({1, 3, 9, 8}, 1).clone();
  ClipDirectional objective = directional(clip, normal_tensor({6}, 3));
  const double first = value(objective.evaluate(evaluation_of(image, source)));
  EXPECT_EQ(value(objective.evaluate(evaluation_of(image, source))), first);
  const double second = value(objective.evaluate(evaluation_of(image, other)));
  EXPECT_GT(std::abs(second - first), 1e-3);
  source.copy_(other);
  EXPECT_EQ(value(objective.evaluate(evaluation_of(image, source))), second);
}

// Oracle 3 (law): crops depend on seed and step only; a bank brings the same set back.
TEST(ClipDirectional, RepeatsUnderTheSeedForOneAndTwoThreads) {
  const auto clip = linear();
  const Tensor source = uniform_tensor({1, 3, 30, 20}, 1),
               image = uniform_tensor({1, 3, 30, 20}, 2);
  ClipDirectionalConfig config;
  config.views = crops(4);
  config.views.cutouts.bank = 3;
  const auto at_step = [&](int64_t step) {
    ClipDirectional objective = directional(clip, normal_tensor({6}, 3), config);
    Evaluation evaluation = evaluation_of(image, source);
    evaluation.step = step;
    return value(objective.evaluate(evaluation));
  };
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const double one = at_step(1);
  at::set_num_threads(2);
  EXPECT_EQ(at_step(1), one);
  at::set_num_threads(threads);
  EXPECT_EQ(at_step(4), one);
  EXPECT_NE(at_step(2), one);
}

TEST(ClipDirectional, RefusesAForeignDirectionAMissingSourceAndAnEmptyEnsemble) {
  const auto clip = linear();
  const Direction foreign = direction_along(*linear(2), normal_tensor({6}, 3));
  EXPECT_EQ(code_of([&] { ClipDirectional(list(guide(clip, foreign))); }), ErrorCode::checkpoint);
  EXPECT_EQ(code_of([] { ClipDirectional(std::vector<DirectionalGuide>{}); }), ErrorCode::usage);
  ClipDirectional objective = directional(clip, normal_tensor({6}, 3));
  EXPECT_EQ(code_of([&] {
              objective.evaluate(evaluation_of(uniform_tensor({1, 3, 9, 8}, 2)));
            }),
            ErrorCode::usage);
}

// Oracle 4: with crops, both ways of averaging and both forms, an ensemble of two encoders.
TEST(ClipDirectional, GradientMatchesCentralDifferences) {
  const Tensor source = uniform_tensor({1, 3, 9, 8}, 1).to(at::kDouble);
  for (const char* average : {"losses", "embeddings"}) {
    for (const char* form : {"cosine", "projection"}) {
      ClipDirectionalConfig config;
      config.views = crops(2, average);
      config.form = form;
      ClipDirectional objective(
          list(guide(linear_double(1), direction_along(*linear(1), normal_tensor({6}, 3))),
               guide(linear_double(2), direction_along(*linear(2), normal_tensor({6}, 4)), 0.5f)),
          config);
      const auto f = [&](const Tensor& image) {
        return objective.evaluate(evaluation_of(image, source)).total;
      };
      EXPECT_LT(testing::gradient_error(f, uniform_tensor({1, 3, 9, 8}, 2).to(at::kDouble)), 1e-5)
          << average << " " << form;
    }
  }
}

TEST(ClipGlobal, PromptSyntaxSplitsFromTheRight) {
  const WeightedPrompt plain = parse_prompt("a red car"), weighted = parse_prompt("fog:-0.5"),
                       stopped_at = parse_prompt("ratio 16:9, wide:2:0.3");
  EXPECT_EQ(plain.text, "a red car");
  EXPECT_EQ(plain.weight, 1.f);
  EXPECT_EQ(weighted.text, "fog");
  EXPECT_EQ(weighted.weight, -0.5f);
  EXPECT_EQ(stopped_at.text, "ratio 16:9, wide");
  EXPECT_EQ(stopped_at.weight, 2.f);
  EXPECT_EQ(stopped_at.stop, 0.3f);
  EXPECT_EQ(parse_prompt("note: blue").text, "note: blue");
  EXPECT_EQ(code_of([] { parse_prompt(":1"); }), ErrorCode::usage);
}

// Oracle 2: sum_k |w_k| sign(w_k) d_k / sum |w_k| over two prompts and two pictures.
TEST(ClipGlobal, WeighsThePromptsAndPushesAwayFromNegativeOnes) {
  const auto clip = linear();
  const Tensor image = uniform_tensor({2, 3, 9, 8}, 2);
  for (const bool spherical : {false, true}) {
    ClipGlobalConfig config;
    config.views = whole_view();
    config.distance = spherical ? "spherical" : "cosine";
    ClipGlobal objective(
        list(guide(clip, std::vector<WeightedPrompt>{{"warm light", 2.f}, {"fog", -0.5f}})),
        config);
    const Tensor features = clip->image_features(image);
    double sum = 0;
    for (const auto& [text, weight] : {std::pair{"warm light", 2.0}, std::pair{"fog", -0.5}}) {
      const Tensor target = clip->text_features({text})[0];
      for (int64_t n = 0; n < 2; ++n) {
        const double cosine = features[n].dot(target).item<double>();
        const double angle = std::acos(cosine);
        sum += weight * (spherical ? angle * angle / 2 : 1 - cosine) / 2 / 2.5;
      }
    }
    EXPECT_NEAR(value(objective.evaluate(evaluation_of(image))), sum, 1e-5);
  }
}

// Oracle 2: v-diffusion's single target, n(sum w T) with w divided by |sum w|.
TEST(ClipGlobal, CombinesPromptsIntoOneTarget) {
  const auto clip = linear();
  const Tensor image = uniform_tensor({1, 3, 9, 8}, 2);
  ClipGlobalConfig config;
  config.views = whole_view();
  config.combine = "target";
  const auto make = [&](std::vector<WeightedPrompt> prompts) {
    return ClipGlobal(list(guide(clip, prompts)), config);
  };
  ClipGlobal objective = make({{"dawn", 3.f}, {"fog", -1.f}});
  const Tensor target = unit(clip->text_features({"dawn"}) * 3 - clip->text_features({"fog"}))[0];
  EXPECT_NEAR(value(objective.evaluate(evaluation_of(image))),
              1 - clip->image_features(image)[0].dot(target).item<double>(), 1e-5);
  EXPECT_EQ(code_of([&] { make({{"a", 1.f}, {"b", -1.f}}); }), ErrorCode::usage);
}

TEST(ClipGlobal, AReachedPromptPullsNoFurther) {
  const auto clip = linear_double();
  const Tensor image = uniform_tensor({1, 3, 9, 8}, 2).to(at::kDouble).requires_grad_(true);
  ClipGlobalConfig config;
  config.views = whole_view();
  const auto gradient_at = [&](float stop) {
    ClipGlobal objective(list(guide(clip, std::vector<WeightedPrompt>{{"dawn", 1.f, stop}})),
                         config);
    return torch::autograd::grad({objective.evaluate(evaluation_of(image)).total}, {image})[0]
        .abs()
        .max()
        .item<double>();
  };
  EXPECT_EQ(gradient_at(2.f), 0.0);  // 1 - cos is below 2
  EXPECT_GT(gradient_at(-1.f), 1e-4);
}

// Oracle 3 (law): for the mean of unit vectors, the two averages differ unless all views agree.
TEST(ClipGlobal, AveragingEmbeddingsIsNotAveragingLosses) {
  const auto clip = linear();
  const Tensor image = uniform_tensor({1, 3, 30, 20}, 2);
  const auto loss = [&](const char* average, int64_t count) {
    ClipGlobalConfig config;
    config.views = crops(count, average);
    ClipGlobal objective(list(guide(clip, std::vector<WeightedPrompt>{{"dawn", 1.f}})), config);
    return value(objective.evaluate(evaluation_of(image)));
  };
  EXPECT_NE(loss("losses", 4), loss("embeddings", 4));
  EXPECT_NEAR(loss("losses", 0), loss("embeddings", 0), 1e-6);
}

// Oracle 4.
TEST(ClipGlobal, GradientMatchesCentralDifferences) {
  for (const char* distance : {"cosine", "spherical"}) {
    ClipGlobalConfig config;
    config.views = crops(2);
    config.distance = distance;
    ClipGlobal objective(
        list(guide(linear_double(1), std::vector<WeightedPrompt>{{"dawn", 1.f}, {"fog", -0.3f}}),
             guide(linear_double(2), std::vector<WeightedPrompt>{{"dawn", 1.f}}, 2.f)),
        config);
    const auto f = [&](const Tensor& image) {
      return objective.evaluate(evaluation_of(image)).total;
    };
    EXPECT_LT(testing::gradient_error(f, uniform_tensor({1, 3, 9, 8}, 2).to(at::kDouble)), 1e-5)
        << distance;
  }
}

// Oracle 1: 0 with zero gradient when nothing changed; 1 - cos otherwise.
TEST(ClipIdentity, IsTheCosineDistanceToTheSource) {
  const auto clip = linear_double();
  ClipIdentity objective(list(WeightedEncoder{clip, 1.f}), whole_view());
  const Tensor source = uniform_tensor({1, 3, 9, 8}, 1).to(at::kDouble);
  const Tensor image = uniform_tensor({1, 3, 9, 8}, 2).to(at::kDouble);
  EXPECT_NEAR(
      value(objective.evaluate(evaluation_of(image, source))),
      1 - clip->image_features(image)[0].dot(clip->image_features(source)[0]).item<double>(),
      1e-12);
  const Tensor same = source.clone().requires_grad_(true);
  const Score score = objective.evaluate(evaluation_of(same, source));
  EXPECT_NEAR(value(score), 0, 1e-12);
  EXPECT_LT(torch::autograd::grad({score.total}, {same})[0].abs().max().item<double>(), 1e-12);
  const auto f = [&](const Tensor& x) {
    return objective.evaluate(evaluation_of(x, source)).total;
  };
  EXPECT_LT(testing::gradient_error(f, image), 1e-5);
}

// Oracle 1: (<n(I), r> - tau)^2, and 0 for a picture that has reached tau.
TEST(ClipResidual, IsTheSquaredDistanceToTheThreshold) {
  const auto clip = linear_double();
  const Tensor image = uniform_tensor({1, 3, 9, 8}, 2).to(at::kDouble);
  Direction residual = direction_along(*clip, normal_tensor({6}, 3));
  const double along =
      clip->image_features(image)[0].dot(residual.vector.to(at::kDouble)).item<double>();
  residual.tau = 0.3f;
  ClipResidual objective(list(residual_guide(clip, residual)), whole_view());
  EXPECT_NEAR(value(objective.evaluate(evaluation_of(image))), (along - 0.3) * (along - 0.3), 1e-6);
  const auto f = [&](const Tensor& x) { return objective.evaluate(evaluation_of(x)).total; };
  EXPECT_LT(testing::gradient_error(f, image), 1e-5);
  residual.tau = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(code_of([&] { ClipResidual(list(residual_guide(clip, residual))); }), ErrorCode::usage);
}

}  // namespace
}  // namespace vane
