// SPDX-License-Identifier: Apache-2.0
// Oracle 1 and laws: what the recipe says about rates, copies, moments and opacities.
#include "editing/scenes/splat_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "editing/scenes/splat_start.h"
#include "generators/splats/splat_raster.h"

namespace vane {
namespace {

constexpr double kExtent = 2;

void add(SplatCloud& cloud, float x, float scale, float opacity) {
  cloud.position.insert(cloud.position.end(), {x, 0, 3});
  cloud.sh0.insert(cloud.sh0.end(), {0.1f, 0.2f, 0.3f});
  cloud.log_scale.insert(cloud.log_scale.end(), 3, std::log(scale));
  cloud.rotation.insert(cloud.rotation.end(), {1, 0, 0, 0});
  cloud.opacity_logit.push_back(std::log(opacity / (1 - opacity)));
  cloud.sh_rest.resize(cloud.sh_rest.size() + 3 * static_cast<size_t>(cloud.rest_coefficients()));
}

Camera camera() {
  Camera c;
  c.width = 24;
  c.height = 20;
  c.fx = c.fy = 24;
  c.cx = 12;
  c.cy = 10;
  return c;
}

double opacity(const SplatCloud& cloud, size_t i) {
  return 1 / (1 + std::exp(-double(cloud.opacity_logit[i])));
}

SplatFitConfig published() {
  SplatFitConfig config;
  config.iterations = 30000;
  return config;
}

TEST(SplatTrainer, ScheduleOfThirtyThousandIsThePublishedOne) {
  const SplatFitConfig config = published();
  EXPECT_EQ(config.raises_sh_every(), 1000);
  EXPECT_EQ(config.densifies_from(), 500);
  EXPECT_EQ(config.densifies_until(), 15000);
  EXPECT_EQ(config.resets_opacity_every(), 3000);
  const SplatTrainer trainer(config, kExtent, false, 1, 1);
  EXPECT_NEAR(trainer.position_rate(0), 1.6e-4 * kExtent, 1e-12);
  EXPECT_NEAR(trainer.position_rate(15000), 1.6e-5 * kExtent, 1e-12);
  EXPECT_NEAR(trainer.position_rate(30000), 1.6e-6 * kExtent, 1e-12);
  EXPECT_EQ(trainer.active_sh_degree(999), 0);
  EXPECT_EQ(trainer.active_sh_degree(1000), 1);
  EXPECT_EQ(trainer.active_sh_degree(29999), 3);
}

// Adam's first step is the learning rate, against the gradient.
TEST(SplatTrainer, FirstStepIsTheLearningRate) {
  SplatFitConfig config = published();
  const SplatTrainer trainer(config, kExtent, false, 1, 1);
  SplatCloud cloud;
  add(cloud, 0.1f, 0.3f, 0.5f);
  SplatTrainingState state = trainer.start(cloud);
  const std::vector<float> target(3 * 24 * 20, 1.f);
  trainer.step(state, camera(), target);
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(std::abs(state.cloud.position[k] - cloud.position[k]), 1.6e-4 * kExtent, 1e-6);
    EXPECT_NEAR(state.cloud.sh0[k] - cloud.sh0[k], 0.0025, 1e-6);  // brighter
    EXPECT_NEAR(state.cloud.log_scale[k] - cloud.log_scale[k], 0.005, 1e-6);
  }
  EXPECT_NEAR(state.cloud.opacity_logit[0] - cloud.opacity_logit[0], 0.05, 1e-6);
}

TEST(SplatTrainer, StepsMakeTheLossSmaller) {
  SplatFitConfig config;
  config.iterations = 200;
  config.densify_from = 1000;
  const SplatTrainer trainer(config, kExtent, false, 1, 2);
  SplatCloud truth, start;
  for (int i = 0; i < 5; ++i) {
    const auto x = 0.3f * static_cast<float>(i - 2);
    add(truth, x, 0.15f, 0.8f);
    add(start, x + 0.05f, 0.25f, 0.4f);
  }
  truth.sh0[3] = 1.5f;
  truth.sh0[7] = -1;
  const std::vector<float> target = SplatRaster(truth, camera()).draw().rgb;
  SplatTrainingState state = trainer.start(start);
  const double first = trainer.step(state, camera(), target).loss;
  double last = first;
  while (state.iteration < config.iterations) last = trainer.step(state, camera(), target).loss;
  EXPECT_LT(last, 0.1 * first);
}

// Small ones with a pull are cloned, large ones split in two, faint ones removed; the rest stays.
TEST(SplatTrainer, DensifyClonesSplitsAndPrunes) {
  const SplatTrainer trainer(published(), kExtent, false, 1, 1);
  SplatCloud cloud;
  add(cloud, 0, 0.01f, 0.5f);    // pulled, small: cloned
  add(cloud, 1, 0.1f, 0.5f);     // pulled, large: split
  add(cloud, 2, 0.01f, 0.5f);    // not pulled
  add(cloud, 3, 0.01f, 0.004f);  // faint
  add(cloud, 4, 0.01f, 0.5f);    // never seen
  SplatTrainingState state = trainer.start(cloud);
  for (float& m : state.moments) m = 1;
  state.pull = {0.0021f, 0.0021f, 0.0019f, 0, 0};
  state.seen = {10, 10, 10, 10, 0};
  trainer.densify(state);
  ASSERT_EQ(state.cloud.size(), 6);
  std::vector<float> x;
  for (size_t i = 0; i < 6; ++i) x.push_back(state.cloud.position[3 * i]);
  EXPECT_EQ(x[0], 0);
  EXPECT_EQ(x[1], 2);
  EXPECT_EQ(x[2], 4);
  EXPECT_EQ(x[3], 0);  // the clone lies where its source does
  for (size_t child = 4; child < 6; ++child) {
    EXPECT_NEAR(std::exp(state.cloud.log_scale[3 * child]), 0.1 / 1.6, 1e-6);
    EXPECT_NE(x[child], 1);
    EXPECT_NEAR(x[child], 1, 0.5);
  }
  EXPECT_NE(x[4], x[5]);
  const auto values = static_cast<size_t>(2 * row_values(state.cloud));
  ASSERT_EQ(state.moments.size(), 6 * values);
  EXPECT_EQ(state.moments[2 * values], 1);
  for (size_t k = 3 * values; k < 6 * values; ++k) ASSERT_EQ(state.moments[k], 0);
  EXPECT_EQ(state.pull, std::vector<float>(6, 0.f));
}

TEST(SplatTrainer, LargeOnesArePrunedOnlyAfterTheFirstReset) {
  const SplatTrainer trainer(published(), kExtent, false, 1, 1);
  SplatCloud cloud;
  add(cloud, 0, 0.3f, 0.5f);
  add(cloud, 1, 0.1f, 0.5f);
  SplatTrainingState state = trainer.start(cloud);
  state.iteration = 3000;
  trainer.densify(state);
  EXPECT_EQ(state.cloud.size(), 2);
  state.iteration = 3100;
  trainer.densify(state);
  EXPECT_EQ(state.cloud.size(), 1);
}

TEST(SplatTrainer, ResetCapsOpacityAndForgetsItsMoments) {
  const SplatTrainer trainer(published(), kExtent, false, 1, 1);
  SplatCloud cloud;
  add(cloud, 0, 0.1f, 0.9f);
  add(cloud, 1, 0.1f, 0.006f);
  SplatTrainingState state = trainer.start(cloud);
  for (float& m : state.moments) m = 1;
  trainer.reset_opacity(state);
  EXPECT_NEAR(opacity(state.cloud, 0), 0.01, 1e-6);
  EXPECT_NEAR(opacity(state.cloud, 1), 0.006, 1e-6);
  double kept = 0;
  for (const float m : state.moments) kept += double(m);
  EXPECT_EQ(kept, static_cast<double>(state.moments.size()) - 4);  // two moments of two rows
}

// Copies in one place let as much light through as the one that they came from.
TEST(SplatTrainer, RelocationKeepsTheTransmittance) {
  SplatFitConfig config = published();
  config.strategy = "mcmc";
  config.max_gaussians = 5;
  const SplatTrainer trainer(config, kExtent, false, 1, 1);
  SplatCloud cloud;
  add(cloud, 1, 0.1f, 0.9f);
  for (int i = 0; i < 4; ++i) add(cloud, 5, 0.1f, 0.001f);
  SplatTrainingState state = trainer.start(cloud);
  trainer.relocate(state);
  ASSERT_EQ(state.cloud.size(), 5);
  double transmittance = 1;
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(state.cloud.position[3 * i], 1);
    transmittance *= 1 - opacity(state.cloud, i);
  }
  EXPECT_NEAR(transmittance, 0.1, 1e-5);
  // With n copies of opacity o' the scale shrinks (equation 9); for o -> 0 it would not.
  EXPECT_LT(state.cloud.log_scale[0], std::log(0.1f));
  EXPECT_GT(state.cloud.log_scale[0], std::log(0.05f));
}

TEST(SplatTrainer, McmcGrowsByATwentieth) {
  SplatFitConfig config = published();
  config.strategy = "mcmc";
  const SplatTrainer trainer(config, kExtent, false, 1, 1);
  SplatCloud cloud;
  for (int i = 0; i < 100; ++i) add(cloud, static_cast<float>(i), 0.1f, 0.5f);
  SplatTrainingState state = trainer.start(cloud);
  trainer.relocate(state);
  EXPECT_EQ(state.cloud.size(), 105);
}

TEST(SplatTrainer, McmcNoiseLeavesOpaqueOnesAlone) {
  SplatFitConfig config = published();
  config.strategy = "mcmc";
  config.position_rate = config.final_position_rate = 1e-6;
  config.noise_rate = 1e6;
  const SplatTrainer trainer(config, kExtent, false, 1, 1);
  SplatCloud cloud;
  add(cloud, 0, 0.1f, 0.9f);
  add(cloud, 0.2f, 0.1f, 0.0045f);
  SplatTrainingState state = trainer.start(cloud);
  const std::vector<float> target(3 * 24 * 20, 0.5f);
  trainer.step(state, camera(), target);
  EXPECT_NEAR(state.cloud.position[0], 0, 1e-5);
  EXPECT_GT(std::abs(state.cloud.position[3] - 0.2f), 1e-4);
}

TEST(SplatStart, NeighbourDistancesAreThoseOfAllPairs) {
  Rng rng(4);
  std::vector<float> points;
  for (int i = 0; i < 400; ++i) {
    for (int k = 0; k < 3; ++k) points.push_back(i % 20 == 0 ? 50 * rng.normal() : rng.uniform());
  }
  points.insert(points.end(), points.begin(), points.begin() + 9);  // some twice
  const auto found = neighbour_distances(points, 2);
  const size_t size = points.size() / 3;
  for (size_t i = 0; i < size; ++i) {
    std::vector<float> all;
    for (size_t j = 0; j < size; ++j) {
      if (j == i) continue;
      float d2 = 0;
      for (size_t k = 0; k < 3; ++k) {
        const float d = points[3 * i + k] - points[3 * j + k];
        d2 += d * d;
      }
      all.push_back(d2);
    }
    std::sort(all.begin(), all.end());
    const float expected = (all[0] + all[1] + all[2]) / 3;
    ASSERT_NEAR(found[i], expected, 1e-5f * expected + 1e-12f) << i;
  }
  EXPECT_EQ(neighbour_distances({1, 2, 3}, 1), std::vector<float>{1});
}

}  // namespace
}  // namespace vane
