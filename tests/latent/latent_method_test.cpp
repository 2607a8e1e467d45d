// SPDX-License-Identifier: Apache-2.0
// Oracle: the CLIP itself, asked for the gain of the pictures that methods lead to.
#include "editing/latent/latent_method.h"

#include "editing/latent/guide_views.h"
#include "editing/latent/strength.h"
#include "engine/base/error.h"
#include "tests/latent/tiny_scene.h"

namespace vane {
namespace {

class LatentMethods : public TinyScene {
 protected:
  double gain(const Direction& direction, const LatentMove& move) const {
    const Tensor before = scene_.preview({}).clamp(0, 1), after = scene_.preview(move).clamp(0, 1);
    const auto seen = [&](const Tensor& picture) {
      return scene_.clip->image_features(guide_views(picture));
    };
    return at::mv(seen(after) - seen(before), direction.vector).mean().item<double>();
  }
  IdentityMeasure anyone() const {
    return {[](const Tensor&) { return 1.0; }, scene_.side};
  }
};

// Relevance is a mean over the prior, so its law is one of means; a random network also answers
// either way with the same change, which is why the way back is held to less than the way forth.
TEST_F(LatentMethods, GlobalGainsAlongTheDirectionMoreThanAgainstIt) {
  const Direction wanted = direction();
  for (const char* space : {"style_space", "w_plus"}) {
    scene_.options.space = space;
    const auto found = make_latent_method("global")->candidates(scene_, wanted, job_);
    for (const LatentCandidate& candidate : found) {
      double forth = 0, back = 0;
      for (int64_t i = 0; i < 12; ++i) {
        scene_.w_plus = scene_.prior->latents.w_plus(*scene_.generator, i, 1);
        forth += gain(wanted, scaled(candidate.move, 0.1 * candidate.reach));
        back += gain(wanted, scaled(candidate.move, -0.1 * candidate.reach));
      }
      EXPECT_GT(forth, 0) << space << " " << candidate.beta;
      EXPECT_LT(back, forth) << space << " " << candidate.beta;
    }
  }
}

TEST_F(LatentMethods, OptimiseGainsAlongTheDirectionInBothSpaces) {
  const Direction wanted = direction();
  scene_.options.gain = 0.5 * scene_.prior->deviation_along(wanted.vector);
  scene_.options.steps = 30;
  for (const char* space : {"style_space", "w_plus"}) {
    scene_.options.space = space;
    const auto found = make_latent_method("optimise")->candidates(scene_, wanted, job_);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_GT(gain(wanted, found[0].move), 0.1 * scene_.options.gain) << space;
  }
}

TEST_F(LatentMethods, GlobalOffersFewerChannelsForALargerBeta) {
  const auto found = make_latent_method("global")->candidates(scene_, direction(), job_);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_GT(found[0].beta, found[1].beta);
  EXPECT_LT(found[0].channels, found[1].channels);
  EXPECT_LT(found[1].channels, found[2].channels);
  scene_.options.beta = found[1].beta;
  const auto asked = make_latent_method("global")->candidates(scene_, direction(), job_);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].channels, found[1].channels);
  scene_.options.beta = 1;
  EXPECT_THROW(make_latent_method("global")->candidates(scene_, direction(), job_), Error);
}

TEST_F(LatentMethods, AnUnknownMethodIsToldWithTheNearest) {
  try {
    make_latent_method("globl");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_NE(std::string(error.what()).find("did you mean global?"), std::string::npos);
  }
}

TEST_F(LatentMethods, UnderAMaskNothingElseChanges) {
  scene_.mask = at::zeros({1, 1, 32, 32});
  scene_.mask.narrow(3, 0, 12).fill_(1);
  scene_.options.beta = 0;
  const auto found = make_latent_method("global")->candidates(scene_, direction(), job_);
  const Tensor before = scene_.preview({}), after = scene_.preview(scaled(found[0].move, 3));
  EXPECT_TRUE(at::equal(before.narrow(3, 12, 20), after.narrow(3, 12, 20)));
  EXPECT_GT((before - after).abs().max().item<double>(), 1e-3);
  // Only channels that act inside more than elsewhere are left.
  LatentScene open = scene_;
  open.mask = Tensor();
  const auto all = make_latent_method("global")->candidates(open, direction(), job_);
  EXPECT_LT(found[0].channels, all[0].channels);
}

TEST_F(LatentMethods, TheStrengthReachesTheGainThatWasAskedFor) {
  const Direction wanted = direction();
  // To where the direction leads.
  LatentCandidate way;
  way.move = move_between(scene_.w_plus, scene_.prior->latents.w_plus(*scene_.generator, 3, 1), 0,
                          scene_.generator->rows() - 1);
  const double most = gain(wanted, way.move);
  ASSERT_GT(most, 0.05);
  double before = 0;
  for (const double share : {0.3, 0.6, 0.9}) {
    scene_.options.gain = share * most;
    const ChosenStrength chosen = choose_strength(scene_, wanted, {way}, anyone(), 0.3, job_);
    EXPECT_FALSE(chosen.falls_short);
    EXPECT_NEAR(chosen.point.gain, scene_.options.gain, 0.1 * scene_.options.gain);
    EXPECT_NEAR(chosen.point.gain, gain(wanted, scaled(way.move, chosen.point.alpha)), 1e-5);
    EXPECT_GT(chosen.point.gain, before);
    before = chosen.point.gain;
    EXPECT_EQ(chosen.tried.front().gain, 0);
  }
  scene_.options.gain = 5;
  EXPECT_TRUE(choose_strength(scene_, wanted, {way}, anyone(), 0.3, job_).falls_short);
}

TEST_F(LatentMethods, TheWantedGainLeadsToAPlaceAmongThePictures) {
  const Direction wanted = direction();
  const Tensor along = at::mv(scene_.prior->features, wanted.vector);
  const double mean = along.mean().item<double>(), deviation = along.std().item<double>();
  const Tensor picture = scene_.preview({}).clamp(0, 1);
  const double score = at::mv(scene_.clip->image_features(guide_views(picture)), wanted.vector)
                           .mean()
                           .item<double>();
  // Far enough that it counts whatever the source has.
  EXPECT_NEAR(wanted_gain(scene_, wanted, 20), mean + 20 * deviation - score, 1e-5);
  // The source has more than a thousandth of a deviation above the mean only one way.
  Direction back = wanted;
  back.vector = -wanted.vector;
  const Direction& ahead = score > mean ? wanted : back;
  EXPECT_NEAR(wanted_gain(scene_, ahead, 1e-3), 1e-3 * deviation / 3, 1e-8);
}

TEST_F(LatentMethods, TheCheapestCandidateIsTaken) {
  const Direction wanted = direction();
  scene_.options.gain = 0.5 * scene_.prior->deviation_along(wanted.vector);
  auto found = make_latent_method("global")->candidates(scene_, wanted, job_);
  found.push_back(found[1]);
  found.back().channels = -1;  // the same move, to be told from the others
  const IdentityMeasure measure = clip_identity_measure(scene_);
  const ChosenStrength chosen = choose_strength(scene_, wanted, found, measure, 0, job_);
  for (const LatentCandidate& candidate : found) {
    const ChosenStrength alone = choose_strength(scene_, wanted, {candidate}, measure, 0, job_);
    if (alone.falls_short) continue;
    EXPECT_LE(edit_cost(chosen.point), edit_cost(alone.point) + 1e-9);
  }
}

TEST_F(LatentMethods, TheStrengthStopsWhereTheIdentityWouldBeLost) {
  const Direction wanted = direction();
  scene_.options.gain = scene_.prior->deviation_along(wanted.vector);
  const auto found = make_latent_method("global")->candidates(scene_, wanted, job_);
  const Tensor source = scene_.preview({}).clamp(0, 1);
  const IdentityMeasure strict{
      [&](const Tensor& edited) { return 1 - 10 * (edited - source).abs().mean().item<double>(); },
      scene_.side};
  const ChosenStrength chosen = choose_strength(scene_, wanted, found, strict, 0.8, job_);
  EXPECT_TRUE(chosen.falls_short);
  EXPECT_GE(chosen.point.identity, 0.8);
  EXPECT_LT(chosen.point.gain, scene_.options.gain);
  EXPECT_GT(chosen.point.alpha, 0);
}

TEST_F(LatentMethods, IdentityIsOneForTheSourceAndFallsWithTheStrength) {
  const IdentityMeasure measure = clip_identity_measure(scene_);
  EXPECT_NEAR(measure.of(scene_.preview({}).clamp(0, 1)), 1, 1e-5);
  scene_.options.beta = 0;
  const auto found = make_latent_method("global")->candidates(scene_, direction(), job_);
  const StrengthPoint little = measured(scene_, direction(), measure, found[0].move, 0.5);
  const StrengthPoint more = measured(scene_, direction(), measure, found[0].move, 2);
  EXPECT_LT(more.identity, little.identity);
  EXPECT_GT(more.background, little.background);
  EXPECT_GT(little.background, 0);
}

TEST(Monotonicity, IsSpearmansOfTheCurve) {
  EXPECT_DOUBLE_EQ(monotonicity({{0, 0}, {1, 0.2}, {2, 0.3}}), 1);
  EXPECT_DOUBLE_EQ(monotonicity({{0, 0.3}, {1, 0.2}, {2, 0}}), -1);
}

}  // namespace
}  // namespace vane
