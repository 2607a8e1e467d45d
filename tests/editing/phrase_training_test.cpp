// SPDX-License-Identifier: Apache-2.0
// Oracles: exact continuation, the CLIP asked for what was gained, and the layers that may move.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "editing/inversion/tuning_file.h"
#include "editing/latent/latent_method.h"
#include "editing/training/mapper_training.h"
#include "editing/training/nada_training.h"
#include "engine/base/error.h"
#include "engine/clip/clip_load.h"
#include "generators/mappers/latent_mapper.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Asks to stop once `limit` steps are done.
struct StoppingJob final : Job {
  explicit StoppingJob(int64_t steps) : limit(steps) {}
  int64_t limit, done = 0;
  bool stop_requested() const noexcept override { return done >= limit; }
  void progress(int64_t step, int64_t, std::string_view stage) override {
    if (stage == "training") done = step;
  }
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}
};

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class PhraseTraining : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) /
            ("phrase_training_" + std::to_string(::getpid()) + "_" +
             testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    const TinyNetwork network(root_ / "generator", 4);
  }
  void TearDown() override { fs::remove_all(root_); }

  template <class Config>
  Config tiny(int64_t steps) const {
    Config config;
    config.name = "tiny";
    config.output = root_ / "model";
    config.generator = (root_ / "generator").string();
    config.from = "a dark photo";
    config.to = "a bright photo";
    config.steps = steps;
    config.view = 32;
    config.evaluate_every = 0;
    config.checkpoint_seconds = 1e6;
    return config;
  }

  template <class Config, class Train>
  void expect_exact_continuation(const Config& config, const Train& train, const char* file) {
    train(config, root_ / "whole", false, quiet_);
    const std::string whole = bytes_of(config.output / file);
    ASSERT_FALSE(whole.empty());
    fs::remove_all(config.output);
    StoppingJob stopping(3);
    EXPECT_THROW(train(config, root_ / "parts", false, stopping), Cancelled);
    EXPECT_FALSE(fs::exists(config.output / file));
    EXPECT_THROW(train(config, root_ / "parts", false, quiet_), Error);
    EXPECT_EQ(train(config, root_ / "parts", true, quiet_).steps, config.steps);
    EXPECT_EQ(bytes_of(config.output / file), whole);
  }

  fs::path root_;
  QuietJob quiet_;
};

TEST_F(PhraseTraining, AStoppedMapperContinuesBitForBit) {
  expect_exact_continuation(tiny<MapperTrainingConfig>(6), train_mapper, "mapper.safetensors");
}

TEST_F(PhraseTraining, AStoppedAdaptationContinuesBitForBit) {
  expect_exact_continuation(tiny<NadaTrainingConfig>(6), train_nada, "tuning.safetensors");
}

TEST_F(PhraseTraining, AMapperLearnsThePhraseAndEditsWithIt) {
  MapperTrainingConfig config = tiny<MapperTrainingConfig>(60);
  config.latent_weight = 1e-3;  // the tiny latents are far apart
  const auto scores =
      nlohmann::json::parse(train_mapper(config, root_ / "run", false, quiet_).evaluation);
  EXPECT_GT(scores["gain"].get<double>(), 0.02);
  EXPECT_GT(scores["gaining"].get<double>(), 0.7);
  EXPECT_TRUE(fs::exists(root_ / "run/samples.png"));

  LatentScene scene;
  scene.generator = std::make_shared<MobileStyleGan>(MobileStyleGan::load(root_ / "generator"));
  scene.clip = load_clip("clip-mini");
  scene.w_plus = at::full({1, scene.generator->rows(), 8}, 0.3);
  const Direction any;
  EXPECT_THROW(make_latent_method("mapper")->candidates(scene, any, quiet_), Error);
  scene.options.mapper = config.output;
  const auto found = make_latent_method("mapper")->candidates(scene, any, quiet_);
  ASSERT_EQ(found.size(), 1u);
  const LatentMapper mapper = load_latent_mapper(config.output / "mapper.safetensors");
  EXPECT_TRUE(at::allclose(found[0].move.w_plus, 0.1 * latent_step(mapper, scene.w_plus)));
  EXPECT_EQ(mapper.facts.at("to"), "a bright photo");

  const TinyNetwork other(root_ / "other", 5);
  scene.generator = std::make_shared<MobileStyleGan>(MobileStyleGan::load(root_ / "other"));
  try {
    make_latent_method("mapper")->candidates(scene, any, quiet_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint);
  }
}

TEST_F(PhraseTraining, AnAdaptationMovesTheChosenLayersOnly) {
  NadaTrainingConfig config = tiny<NadaTrainingConfig>(1);
  config.layers = 2;
  train_nada(config, root_ / "run", false, quiet_);
  MobileStyleGan tuned = MobileStyleGan::load(root_ / "generator");
  const std::vector<TunableTensor> before = tuned.tunable();
  const auto facts = load_tuning(config.output / "tuning.safetensors", tuned);
  EXPECT_EQ(facts.at("to"), "a bright photo");
  const std::vector<TunableTensor> after = tuned.tunable();
  std::set<int64_t> moved;
  for (size_t i = 0; i < before.size(); ++i) {
    if (!at::equal(before[i].value, after[i].value)) moved.insert(before[i].entry);
  }
  EXPECT_GE(moved.size(), 1u);
  EXPECT_LE(moved.size(), 2u);
  for (const int64_t entry : moved) {
    ASSERT_GE(entry, 0);
    EXPECT_FALSE(tuned.style_table()[static_cast<size_t>(entry)].to_rgb);
  }
}

TEST_F(PhraseTraining, AnAdaptationGainsAlongThePhrase) {
  NadaTrainingConfig config = tiny<NadaTrainingConfig>(40);
  config.learning_rate = 0.02;
  const auto scores =
      nlohmann::json::parse(train_nada(config, root_ / "run", false, quiet_).evaluation);
  EXPECT_GT(scores["gain"].get<double>(), 0.01);
  EXPECT_GT(scores["gaining"].get<double>(), 0.7);
}

}  // namespace
}  // namespace vane
