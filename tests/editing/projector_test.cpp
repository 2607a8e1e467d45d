// SPDX-License-Identifier: Apache-2.0
// Oracles: the closed forms of the published schedule, a direct sum for the regulariser, and a
// generator that can draw the target.
#include "editing/inversion/projector.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "engine/tensor/weights.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "tests/support/gradient_check.h"
#include "tests/support/named_stylegan2.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class Projector : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              ("projector_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  /// Its noise has no effect, so that maps cannot hide what the latent does.
  StyleGan2 small() const {
    TensorMap tensors = rosinality_tensors({"small", {12, 10, 8}, 8, 8, 2});
    for (auto& [name, tensor] : tensors) {
      if (name.ends_with("noise.weight")) tensor = at::zeros_like(tensor);
    }
    save_tensors(folder_ / "g.safetensors", tensors);
    return StyleGan2::load(folder_ / "g.safetensors");
  }
  fs::path folder_;
  QuietJob job_;
};

TEST_F(Projector, TheRateFollowsThePublishedCurve) {
  const ProjectorConfig config;
  EXPECT_EQ(projector_rate(config, 0), 0);
  EXPECT_NEAR(projector_rate(config, 25), 0.05, 1e-12);   // half way up
  EXPECT_NEAR(projector_rate(config, 50), 0.1, 1e-12);    // up
  EXPECT_NEAR(projector_rate(config, 750), 0.1, 1e-12);   // not yet down
  EXPECT_NEAR(projector_rate(config, 875), 0.05, 1e-12);  // half of the cosine
  EXPECT_NEAR(projector_rate(config, 999), 0.1 * (0.5 - 0.5 * std::cos(M_PI * 0.004)), 1e-12);
}

TEST_F(Projector, ExplorationFallsAsASquareUntilThreeQuarters) {
  const ProjectorConfig config;
  EXPECT_NEAR(projector_exploration(config, 0), 0.05, 1e-12);
  EXPECT_NEAR(projector_exploration(config, 375), 0.05 / 4, 1e-12);
  EXPECT_EQ(projector_exploration(config, 750), 0);
  EXPECT_EQ(projector_exploration(config, 900), 0);
}

TEST_F(Projector, TheRegulariserIsTheSquareOfNeighboursProducts) {
  // One period in two pixels along x, constant along y: products with the neighbours are -1 and 1
  // at 16 px; the means of 2x2 at 8 px are 0.
  const Tensor stripes =
      at::tensor({1.0, -1.0}).repeat({16, 8}).view({1, 1, 16, 16}).to(at::kFloat);
  EXPECT_NEAR(noise_regulariser({stripes}).item<double>(), 1 + 1, 1e-6);
  // Constant: 1 along both axes at 16 and at 8 px.
  EXPECT_NEAR(noise_regulariser({at::ones({1, 1, 16, 16})}).item<double>(), 4, 1e-6);
  // Maps of 4 px count once.
  EXPECT_NEAR(noise_regulariser({at::ones({1, 1, 4, 4})}).item<double>(), 2, 1e-6);
  EXPECT_EQ(noise_regulariser({}).item<double>(), 0);
}

TEST_F(Projector, TheRegulariserHasTheGradientOfItsDifferences) {
  at::manual_seed(1);
  const Tensor map = at::randn({1, 1, 16, 16}, at::kDouble);
  EXPECT_LT(testing::gradient_error([](const Tensor& x) { return noise_regulariser({x}); }, map),
            1e-6);
}

TEST_F(Projector, NormalisedMapsHaveMeanZeroAndUnitSquare) {
  at::manual_seed(2);
  const NoiseMaps maps{at::randn({1, 1, 8, 8}) * 3 + 2, at::rand({1, 1, 16, 16})};
  normalise_noise(maps);
  for (const Tensor& map : maps) {
    EXPECT_NEAR(map.mean().item<double>(), 0, 1e-6);
    EXPECT_NEAR(map.square().mean().item<double>(), 1, 1e-5);
  }
}

TEST_F(Projector, StatisticsAreThoseOfTheMappedSamples) {
  const StyleGan2 model = small();
  const LatentStatistics statistics = latent_statistics(model, 500, 3);
  std::vector<Tensor> all;
  for (int64_t i = 0; i < 500; ++i) all.push_back(model.map(model.sample_z(3, i)));
  const Tensor w = at::cat(all);
  const Tensor mean = w.mean(0), offset = w - mean;
  EXPECT_TRUE(at::allclose(statistics.mean, mean, 1e-4, 1e-5));
  EXPECT_NEAR(statistics.deviation, offset.square().sum(1).mean().sqrt().item<double>(), 1e-3);
  // The axes diagonalise the covariance, so offsets have unit variance along each of them.
  const Tensor whitened = statistics.to_whitened(offset, 0);
  const Tensor covariance = at::matmul(whitened.t(), whitened) / 500.0;
  EXPECT_TRUE(at::allclose(covariance, at::eye(8), 1e-2, 1e-2)) << covariance;
  EXPECT_TRUE(at::allclose(statistics.to_w(whitened, 0), offset, 1e-3, 1e-4));
}

TEST_F(Projector, FindsAPictureThatTheGeneratorCanDraw) {
  const StyleGan2 model = small();
  const LatentStatistics statistics = latent_statistics(model, 1000);
  const Tensor target = model.synthesise(model.map(model.sample_z(8, 0)));
  ProjectorConfig config;
  config.steps = 200;
  const std::vector<WeightedTerm> terms{{"pixels", pixel_term(target), 1}};
  for (const bool rows : {false, true}) {
    config.rows = rows;
    const Projection found = project(model, terms, statistics, config, job_);
    ASSERT_EQ(found.w_plus.sizes(), at::IntArrayRef({1, model.rows(), 8}));
    const double at_mean =
        terms[0].term(model.synthesise(statistics.mean.unsqueeze(0))).item<double>();
    const double at_end = terms[0].term(model.synthesise(found.w_plus, found.noise)).item<double>();
    EXPECT_LT(at_end, 0.5 * at_mean) << rows;
    ASSERT_EQ(std::ssize(found.noise), 5);
    for (const Tensor& map : found.noise) {
      EXPECT_NEAR(map.mean().item<double>(), 0, 1e-5);
      EXPECT_NEAR(map.square().mean().item<double>(), 1, 1e-4);
      if (map.size(2) < 16) continue;
      EXPECT_NEAR((map * at::roll(map, {1}, {3})).mean().item<double>(), 0, 0.05);
    }
    const bool all_equal = at::equal(found.w_plus.select(1, 0), found.w_plus.select(1, 3));
    EXPECT_EQ(all_equal, !rows);
    EXPECT_EQ(found.rates.front(), 0);
    EXPECT_NEAR(found.rates[100], 0.1, 1e-12);
  }
}

TEST_F(Projector, AMobileStyleGanHasNoMapsToFind) {
  const TinyNetwork network(folder_ / "tiny");
  const MobileStyleGan model = MobileStyleGan::load(folder_ / "tiny");
  const Tensor target = model.synthesise(model.map(model.sample_z(8, 0)));
  ProjectorConfig config;
  config.steps = 20;
  const Projection found = project(model, {{"pixels", pixel_term(target), 1}},
                                   latent_statistics(model, 100), config, job_);
  EXPECT_TRUE(found.noise.empty());
  EXPECT_EQ(std::ssize(found.losses), 20);
}

}  // namespace
}  // namespace vane
