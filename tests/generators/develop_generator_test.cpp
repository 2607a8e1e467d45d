// SPDX-License-Identifier: Apache-2.0
// The generator as the optimisation editor sees it.
#include "generators/develop/develop_generator.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/base/error.h"
#include "engine/run/adam.h"
#include "generators/develop/develop_apply.h"
#include "tests/generators/develop_scenes.h"

namespace vane {
namespace {

using testing::noise_image;

// Oracle 3 (law): the start of an edit is the photograph itself.
TEST(DevelopGenerator, StartsAtThePhotograph) {
  const DevelopGenerator generator(noise_image(48, 32, 3, 8, 5));
  const Tensor view = generator.render(generator.initial(), 24);
  EXPECT_EQ(view.sizes(), (std::vector<int64_t>{1, 3, 16, 24}));
  EXPECT_LT((view - generator.source_view(24)).abs().max().item<double>(), 4e-6);
  EXPECT_EQ(generator.render(generator.initial(), 500).size(3), 48);
  EXPECT_EQ(generator.prior(generator.initial()).item<double>(), 0.0);
}

TEST(DevelopGenerator, GroupsNameEveryPartOnce) {
  const DevelopGenerator generator(noise_image(30, 60, 3, 8, 5));
  std::multiset<std::string> named;
  for (const ParameterGroup& group : generator.info().groups) {
    EXPECT_GT(group.learning_rate, 0.f);
    named.insert(group.parts.begin(), group.parts.end());
  }
  std::multiset<std::string> parts;
  const Latent initial = generator.initial();
  for (const auto& [name, part] : initial.parts) parts.insert(name);
  EXPECT_EQ(named, parts);
  EXPECT_EQ(initial.parts.at("grid").sizes(), (std::vector<int64_t>{12, 8, 12, 6}));
}

// Oracle 1: the target was made with known settings, so descent must find its way back to it, and
// the settings that it finds must render the same at full resolution.
TEST(DevelopGenerator, DescentRecoversAKnownLook) {
  const Image source = noise_image(40, 40, 3, 16, 6);
  DevelopGenerator::Options options;
  options.grid_long_side = 0;
  const DevelopGenerator generator(source, options);
  DevelopSettings look;
  look.exposure = 0.6f;
  look.temperature = 0.3f;
  look.saturation = -0.4f;
  const Tensor target = generator.render(latent_of_settings(look), 40);
  Latent latent = generator.initial();
  std::vector<AdamGroup> groups;
  for (const ParameterGroup& group : generator.info().groups) {
    AdamGroup adam;
    adam.options.learning_rate = group.learning_rate;
    for (const std::string& part : group.parts) {
      adam.parameters.emplace_back(part, latent.parts[part].requires_grad_(true));
    }
    groups.push_back(adam);
  }
  Adam adam(groups);
  const auto distance = [&] { return (generator.render(latent, 40) - target).square().mean(); };
  const double first = distance().item<double>();
  for (int step = 0; step < 120; ++step) {
    adam.step(torch::autograd::grad({distance()}, adam.parameters(), {}, {}, false, true));
  }
  EXPECT_LT(distance().item<double>(), 0.01 * first);
  QuietJob job;
  const Image out = develop_apply(source, settings_of_latent(latent), job);
  const Tensor full = generator.render_full(latent, job);
  for (size_t p = 0; p < 1600; p += 7) {
    EXPECT_NEAR(out.u16[3 * p] / 65535.0,
                full.view({3, -1})[0][static_cast<int64_t>(p)].item<double>(), 3e-5);
  }
}

TEST(DevelopGenerator, RefusesOtherShapes) {
  EXPECT_THROW((DevelopGenerator{at::zeros({1, 1, 4, 4})}), Error);
  EXPECT_THROW((DevelopGenerator{at::zeros({2, 3, 4, 4})}), Error);
  EXPECT_THROW(DevelopGenerator{Tensor()}, Error);
  DevelopGenerator::Options options;
  options.grid_depth = 1;
  EXPECT_THROW((DevelopGenerator{at::zeros({1, 3, 4, 4}), options}), Error);
}

}  // namespace
}  // namespace vane
