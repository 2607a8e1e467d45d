// SPDX-License-Identifier: Apache-2.0
// Oracle: closed-form minima of a generator and an objective that can be solved by hand.
#include "editing/optimise.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace vane {
namespace {

// A picture of 2x2 pixels that is its parameters; "frozen" may not move.
class PixelGenerator final : public Generator {
 public:
  GeneratorInfo info() const override {
    GeneratorInfo info;
    info.name = "pixels";
    info.width = info.height = 2;
    info.groups = {{"colour", {"colour"}, 0.05f, true}, {"frozen", {"frozen"}, 0.05f, false}};
    return info;
  }
  Latent initial() const override {
    return {"pixels", {{"colour", at::zeros({1, 3, 2, 2})}, {"frozen", at::ones({1})}}};
  }
  Tensor render(const Latent& latent, int64_t) const override {
    return latent.parts.at("colour") * latent.parts.at("frozen");
  }
  Tensor render_full(const Latent& latent, Job&) const override { return render(latent, 2); }
  Tensor prior(const Latent& latent) const override {
    return latent.parts.at("colour").square().sum() * prior_weight;
  }
  float prior_weight = 0.f;
};

class TowardsTarget final : public Objective {
 public:
  Score evaluate(const Evaluation& evaluation) override {
    ++evaluations;
    const Tensor value = (evaluation.image - 0.75).square().sum();
    if (evaluations == fail_at) throw Error(ErrorCode::numeric, "term l2 is not finite");
    return {value, {{"l2", value, 1.f}}};
  }
  int evaluations = 0, fail_at = -1;
};

class StopAfter final : public Job {
 public:
  explicit StopAfter(int64_t steps) : steps_(steps) {}
  bool stop_requested() const noexcept override { return done_ >= steps_; }
  void progress(int64_t done, int64_t, std::string_view) override { done_ = done; }
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view message) override { warning = std::string(message); }
  void info(std::string_view) override {}
  std::string warning;

 private:
  int64_t steps_, done_ = 0;
};

OptimiseConfig quick() {
  OptimiseConfig config;
  config.steps = 200;
  config.patience = 0;
  return config;
}

TEST(Optimise, FindsTheMinimumAndLeavesDisabledGroupsAlone) {
  const PixelGenerator generator;
  TowardsTarget objective;
  QuietJob job;
  const OptimiseResult result =
      optimise(generator, generator.initial(), objective, {}, quick(), job);
  EXPECT_LT((result.latent.parts.at("colour") - 0.75).abs().max().item<float>(), 5e-3f);
  EXPECT_TRUE(at::equal(result.latent.parts.at("frozen"), at::ones({1})));
  EXPECT_EQ(result.steps, 200);
  EXPECT_GT(result.first_loss, 6.7);
  ASSERT_EQ(result.terms.size(), 1u);
  EXPECT_EQ(result.terms[0].first, "l2");
  EXPECT_FALSE(result.latent.parts.at("colour").requires_grad());
}

TEST(Optimise, ThePriorMovesTheMinimumByItsWeight) {
  // min (x - 0.75)^2 + x^2 lies at 0.375.
  PixelGenerator generator;
  generator.prior_weight = 1.f;
  TowardsTarget objective;
  QuietJob job;
  const OptimiseResult result =
      optimise(generator, generator.initial(), objective, {}, quick(), job);
  EXPECT_LT((result.latent.parts.at("colour") - 0.375).abs().max().item<float>(), 5e-3f);
}

TEST(Optimise, AStopGivesTheBestSoFar) {
  const PixelGenerator generator;
  TowardsTarget objective;
  StopAfter job(20);
  const OptimiseResult result =
      optimise(generator, generator.initial(), objective, {}, quick(), job);
  EXPECT_TRUE(result.cancelled);
  EXPECT_EQ(result.steps, 20);
  const float moved = result.latent.parts.at("colour").mean().item<float>();
  EXPECT_GT(moved, 0.3f);
  EXPECT_LT(moved, 1.2f);
}

TEST(Optimise, AStopBeforeTheFirstStepGivesTheStart) {
  const PixelGenerator generator;
  TowardsTarget objective;
  StopAfter job(0);
  const OptimiseResult result =
      optimise(generator, generator.initial(), objective, {}, quick(), job);
  EXPECT_TRUE(result.cancelled);
  EXPECT_TRUE(at::equal(result.latent.parts.at("colour"), at::zeros({1, 3, 2, 2})));
}

TEST(Optimise, RecoversFromOneNonFiniteStepAndSaysSo) {
  const PixelGenerator generator;
  TowardsTarget objective;
  objective.fail_at = 10;
  StopAfter job(1000);
  const OptimiseResult result =
      optimise(generator, generator.initial(), objective, {}, quick(), job);
  EXPECT_NE(job.warning.find("l2"), std::string::npos);
  EXPECT_LT((result.latent.parts.at("colour") - 0.75).abs().max().item<float>(), 2e-2f);
}

TEST(Optimise, StopsEarlyWithoutProgress) {
  const PixelGenerator generator;
  TowardsTarget objective;
  QuietJob job;
  OptimiseConfig config = quick();
  config.steps = 5000;
  config.patience = 40;
  EXPECT_LT(optimise(generator, generator.initial(), objective, {}, config, job).steps, 3000);
}

TEST(Optimise, ObjectiveThatIsNeverFiniteIsANumericError) {
  class Never final : public Objective {
    Score evaluate(const Evaluation& evaluation) override {
      const Tensor value = (evaluation.image / 0).sum();
      return {value, {{"never", value, 1.f}}};
    }
  } objective;
  const PixelGenerator generator;
  QuietJob job;
  try {
    optimise(generator, generator.initial(), objective, {}, quick(), job);
    FAIL() << "accepted a loss that is not finite";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::numeric);
  }
}

}  // namespace
}  // namespace vane
