// SPDX-License-Identifier: Apache-2.0
// Oracles: exact continuation, the CLIP asked for what was gained, and the layers that may move.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "editing/inversion/tuning_file.h"
#include "editing/latent/latent_method.h"
#include "editing/training/inverter_training.h"
#include "editing/training/mapper_training.h"
#include "editing/training/nada_training.h"
#include "engine/base/error.h"
#include "engine/clip/clip_load.h"
#include "engine/data/face_set.h"
#include "engine/tensor/image_tensor.h"
#include "generators/inversion/pyramid_encoder.h"
#include "generators/mappers/clip_inverter.h"
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
  MapperTrainingConfig config = tiny<MapperTrainingConfig>(120);
  config.latent_weight = 1e-3;  // the tiny latents are far apart
  config.identity_weight = 0;
  config.learning_rate = 10;
  config.batch = 4;
  config.warmup = 5;
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

/// Portraits of the tiny generator's, of two kinds that captions tell apart.
void write_faces(const fs::path& folder, const StyleGenerator& generator) {
  std::vector<FaceRecord> faces(40);
  for (size_t i = 0; i < faces.size(); ++i) {
    const Tensor w = generator.map(generator.sample_z(9, int64_t(i)));
    const Image picture = tensor_to_image(generator.synthesise_at(w, 32));
    faces[i].rgb = picture.u8;
    faces[i].landmarks.assign(2 * 68, 0.5f);
    faces[i].measures[static_cast<size_t>(FaceMeasure::detected)] = 1;
    faces[i].measures[static_cast<size_t>(FaceMeasure::hair_lightness)] = i % 2 ? 80.f : 5.f;
    const std::span<const float> numbers(w.const_data_ptr<float>(), size_t(w.numel()));
    faces[i].w.assign(numbers.begin(), numbers.end());
  }
  fs::create_directories(folder);
  write_face_file(face_file(folder, 0), 32, "tiny " + generator.content_hash(), faces);
}

TEST_F(PhraseTraining, AStoppedInverterContinuesBitForBitAndEdits) {
  const auto generator =
      std::make_shared<MobileStyleGan>(MobileStyleGan::load(root_ / "generator"));
  write_faces(root_ / "faces", *generator);
  save_pyramid_encoder(root_ / "encoder.safetensors", initial_pyramid_encoder(*generator, Rng(4)));
  InverterTrainingConfig config;
  config.name = "tiny";
  config.output = root_ / "model";
  config.generator = (root_ / "generator").string();
  config.faces = root_ / "faces";
  config.encoder = root_ / "encoder.safetensors";
  config.steps = 6;
  config.batch = 2;
  config.view = 32;
  config.hidden = 8;
  config.evaluate_every = 0;
  config.checkpoint_seconds = 1e6;
  expect_exact_continuation(config, train_inverter, "inverter.safetensors");

  const ClipInverter inverter = load_clip_inverter(config.output / "inverter.safetensors");
  const PyramidEncoder encoder = load_pyramid_encoder(config.encoder, *generator);
  EXPECT_EQ(inverter.facts.at("encoder"), encoder.content_hash);
  EXPECT_FALSE(inverter.refiner);
  // Strength 0 is the encoder's own inversion, and texts that differ lead elsewhere.
  const Tensor face = generator->synthesise_at(generator->map(generator->sample_z(3, 0)), 32);
  const auto clip = load_clip("clip-mini");
  const Tensor dark = clip->text_embedding({"a person with dark hair"});
  const Tensor light = clip->text_embedding({"a smiling person"});
  EXPECT_TRUE(at::equal(inverter_rows(encoder, inverter.adapter, face, dark, 0),
                        encode_face(encoder, face)));
  const Tensor one = inverter_rows(encoder, inverter.adapter, face, dark);
  EXPECT_GT(
      (one - inverter_rows(encoder, inverter.adapter, face, light)).abs().max().item<double>(), 0);
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
  NadaTrainingConfig config = tiny<NadaTrainingConfig>(160);
  config.learning_rate = 0.02;
  const auto scores =
      nlohmann::json::parse(train_nada(config, root_ / "run", false, quiet_).evaluation);
  EXPECT_GT(scores["gain"].get<double>(), 0.01);
  EXPECT_GT(scores["gaining"].get<double>(), 0.7) << scores;
}

}  // namespace
}  // namespace vane
