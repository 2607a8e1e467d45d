// SPDX-License-Identifier: Apache-2.0
// Oracle: what coordinates mean: mean 0 and deviation 1 over the prior, and moves that change them
// by what was asked for.
#include "editing/latent/edit_channels.h"

#include "editing/latent/relevance.h"
#include "engine/tensor/weights.h"
#include "generators/stylegan/stylegan2.h"
#include "tests/latent/tiny_scene.h"
#include "tests/support/named_stylegan2.h"

namespace vane {
namespace {

class Channels : public TinyScene {};

TEST_F(Channels, LevelsAreRowsOfOneResolutionThatShow) {
  const MixedLatents& latents = scene_.prior->latents;
  ASSERT_EQ(latents.levels.size(), 3u);  // at 4, 8 and 16 px
  EXPECT_EQ(latents.levels[0], (std::vector<int64_t>{0}));
  EXPECT_EQ(latents.levels[1], (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(latents.levels[2], (std::vector<int64_t>{4, 5, 6}));
  const Tensor rows = latents.w_plus(*scene_.generator, 2, 3);
  EXPECT_TRUE(at::equal(rows.select(1, 1), rows.select(1, 2)));
  EXPECT_FALSE(at::equal(rows.select(1, 0), rows.select(1, 1)));
  EXPECT_TRUE(
      at::equal(rows, mixed_latents(*scene_.generator, 9, 32).w_plus(*scene_.generator, 2, 3)));
}

TEST_F(Channels, CoordinatesAreStandardised) {
  const MixedLatents latents = mixed_latents(*scene_.generator, 2000, 32);
  for (const bool styles : {false, true}) {
    const auto channels = styles ? style_channels(*scene_.generator, latents, job_)
                                 : component_channels(*scene_.generator, latents);
    const Tensor x = channels->coordinates(*scene_.generator, latents, 0, 2000);
    ASSERT_EQ(x.size(1), channels->count());
    EXPECT_LT(x.mean(0).abs().max().item<double>(), 0.12) << styles;
    EXPECT_LT((x.std(0) - 1).abs().max().item<double>(), 0.12) << styles;
  }
}

TEST_F(Channels, AMoveOfComponentsChangesThoseCoordinatesOnly) {
  MixedLatents latents = mixed_latents(*scene_.generator, 4, 32);
  const auto channels = component_channels(*scene_.generator, latents);
  const Tensor before = channels->coordinates(*scene_.generator, latents, 0, 1)[0];
  const Tensor step = testing::normal_tensor({channels->count()}, 2);
  const LatentMove move = channels->move(step);
  for (int64_t level = 0; level < 3; ++level) {
    const int64_t row = latents.levels[static_cast<size_t>(level)][0];
    latents.w.narrow(0, 0, 1).select(1, level).add_(move.w_plus.select(1, row));
  }
  const Tensor after = channels->coordinates(*scene_.generator, latents, 0, 1)[0];
  EXPECT_LT((after - before - step).abs().max().item<double>(), 1e-3);
  EXPECT_EQ(move.w_plus.select(1, 3).abs().max().item<double>(), 0) << "nothing reads row 3";
}

TEST_F(Channels, AMoveOfStylesLeavesTheColoursAlone) {
  const auto channels = style_channels(*scene_.generator, scene_.prior->latents, job_);
  const LatentMove move = channels->move(at::ones({channels->count()}));
  const StyleTable& table = scene_.generator->style_table();
  ASSERT_EQ(move.styles.size(), table.size());
  for (size_t k = 0; k < table.size(); ++k) {
    EXPECT_EQ(move.styles[k].size(1), table[k].channels);
    EXPECT_EQ(move.styles[k].abs().sum().item<double>() == 0, table[k].to_rgb) << table[k].name;
  }
}

TEST_F(Channels, OfAStyleGan2AreItsConvolutions) {
  const NamedStyleGan2 network{"small", {12, 10, 8}, 8, 8, 2};
  save_tensors(folder_ / "network.safetensors", rosinality_tensors(network));
  const StyleGan2 generator = StyleGan2::load(folder_ / "network.safetensors");
  const MixedLatents latents = mixed_latents(generator, 50, generator.size());
  const auto channels = style_channels(generator, latents, job_);
  EXPECT_EQ(channels->count(), style_channels(generator.style_table(), StyleKind::convolutions));
  const Tensor w = latents.w_plus(generator, 0, 1);
  const LatentMove move = channels->move(testing::normal_tensor({channels->count()}, 3));
  EXPECT_TRUE(at::equal(moved_picture(generator, w, scaled(move, 0)), generator.synthesise(w)));
  EXPECT_GT(
      (moved_picture(generator, w, move) - generator.synthesise(w)).abs().max().item<double>(),
      1e-3);
}

TEST_F(Channels, FeaturesOfThePriorAreKept) {
  const PriorSample again = prior_sample(*scene_.generator, *scene_.clip, 200, scene_.side, job_);
  EXPECT_TRUE(at::equal(again.features, scene_.prior->features));
  const Tensor w = again.latents.w_plus(*scene_.generator, 7, 1);
  const Tensor seen =
      scene_.clip->image_features(scene_.generator->synthesise_at(w, scene_.side).clamp(0, 1));
  EXPECT_TRUE(at::allclose(seen[0], again.features[7], 1e-4, 1e-5));
  const PriorSample more = prior_sample(*scene_.generator, *scene_.clip, 210, scene_.side, job_);
  EXPECT_EQ(more.features.size(0), 210);
  EXPECT_TRUE(at::equal(more.features.narrow(0, 0, 200), again.features));
  for (const auto& file :
       std::filesystem::directory_iterator(folder_ / "cache" / "vane" / "latent-prior")) {
    std::filesystem::resize_file(file.path(), 40);
  }
  const PriorSample damaged = prior_sample(*scene_.generator, *scene_.clip, 200, scene_.side, job_);
  EXPECT_TRUE(at::allclose(damaged.features, again.features, 1e-5, 1e-6));
}

// What regression says of a channel is what moving it does.
TEST_F(Channels, RegressionAgreesWithProbing) {
  const auto prior = std::make_shared<PriorSample>(
      prior_sample(*scene_.generator, *scene_.clip, 1200, scene_.side, job_));
  const auto channels = component_channels(*scene_.generator, prior->latents);
  const Relevance relevance = relevance_of(*scene_.generator, *channels, *prior, job_);
  std::vector<int64_t> all;
  for (int64_t k = 0; k < channels->count(); ++k) all.push_back(k);
  const Tensor probed =
      probe_relevance(*scene_.generator, *channels, *prior, *scene_.clip, all, 16, 1, job_);
  const Tensor along = direction().vector;
  std::vector<double> a, b;
  const Tensor x = at::mv(relevance.rows, along), y = at::mv(unit(probed), along);
  for (const int64_t k : all) {
    a.push_back(x[k].item<double>());
    b.push_back(y[k].item<double>());
  }
  EXPECT_GT(rank_correlation(a, b), 0.6);
}

}  // namespace
}  // namespace vane
