// SPDX-License-Identifier: Apache-2.0
// Oracle: photographs drawn here; what a run must keep to whatever it learns.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "editing/training/enhance_training.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/image/codec.h"
#include "engine/tensor/weights.h"
#include "enhance/enhance_method.h"
#include "generators/enhance/enhancement_network.h"
#include "generators/relight/relight_network.h"
#include "guidance/direction.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Asks for a stop once so many steps are done.
class StopsAfter final : public Job {
 public:
  explicit StopsAfter(int64_t steps) : steps_(steps) {}
  bool stop_requested() const noexcept override { return stop_; }
  void progress(int64_t done, int64_t, std::string_view stage) override {
    if (stage == "training") stop_ = done >= steps_;
  }
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}

 private:
  int64_t steps_;
  bool stop_ = false;
};

class EnhanceTraining : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path() / (std::string("vane_enhance_training_") + info->name());
    fs::remove_all(root_);
    fs::create_directories(root_ / "photos");
    for (int k = 0; k < 4; ++k) {
      Image photo;
      photo.width = 96;
      photo.height = 80;
      photo.u8.resize(photo.sample_count());
      Rng rng(uint64_t(k) + 1);
      const float phase = rng.uniform(0.f, 6.f);
      for (size_t i = 0; i < photo.u8.size(); ++i) {
        const auto x = static_cast<float>(i / 3 % 96), y = static_cast<float>(i / 288);
        const float wave = std::sin(phase + 0.1f * x + 0.07f * y * float(k + 1) + float(i % 3));
        photo.u8[i] = static_cast<uint8_t>(140 + 90 * wave);
      }
      write_image(root_ / "photos" / (std::to_string(k) + ".png"), photo);
    }
  }
  void TearDown() override { fs::remove_all(root_); }

  EnhanceTrainingConfig config(const std::string& method, int64_t steps) const {
    EnhanceTrainingConfig config;
    config.name = "test";
    config.method = method;
    config.output = root_ / "model";
    config.steps = steps;
    config.batch = 2;
    config.warmup = 5;
    config.evaluate_every = 0;
    config.data.library.folders = {root_.string()};
    for (int k = 0; k < 4; ++k) {
      config.data.library.photographs.push_back(
          {"photos/" + std::to_string(k) + ".png", {"waves"}, k == 3});
    }
    config.data.backlit.size = 48;
    config.data.pool = 6;
    config.data.held_out = 4;
    config.published = {.reconstruction = 2,
                        .prompt_start = 20,
                        .round = 2,
                        .prompt_round = 10,
                        .prompt_rate = 0,
                        .remove_words = 0,
                        .warp = true};
    return config;
  }

  static std::string bytes(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path root_;
  QuietJob quiet_;
};

TEST_F(EnhanceTraining, TheOwnMethodLearnsToAddTheLightThatIsMissing) {
  EnhanceTrainingConfig recipe = config("vane", 60);
  recipe.learning_rate = 3e-3;
  recipe.vane.average_decay = 0.9;
  const TrainingResult result = train_enhance(recipe, root_ / "run", false, quiet_);
  EXPECT_TRUE(result.finished);
  const auto scores = nlohmann::json::parse(result.evaluation);
  EXPECT_GT(scores["psnr_after"].get<double>(), scores["psnr_before"].get<double>() + 1);
  load_relight_network(recipe.output / "relight.safetensors");
  const Direction residual = load_direction(recipe.output / "direction.safetensors", nullptr);
  EXPECT_GT(residual.tau, 0);
  EXPECT_TRUE(fs::exists(root_ / "run/samples.png"));
}

TEST_F(EnhanceTraining, DifferencesBetweenSamplesMayCountBesideThem) {
  // Ten steps, which is how often the loss is written, of weights that stay.
  EnhanceTrainingConfig recipe = config("vane", 10);
  recipe.learning_rate = 0;
  const auto loss_with = [&](double edges) {
    recipe.vane.edges = edges;
    const std::string name = "edges-" + std::to_string(edges);
    recipe.output = root_ / (name + "-model");
    train_enhance(recipe, root_ / name, false, quiet_);
    std::ifstream in(root_ / name / "metrics.jsonl");
    std::string line;
    std::getline(in, line);
    return nlohmann::json::parse(line)["loss"].get<double>();
  };
  const double samples = loss_with(0), one = loss_with(1), two = loss_with(2);
  EXPECT_GT(one, samples + 1e-3);
  EXPECT_NEAR(two - one, one - samples, 1e-5);
}

TEST_F(EnhanceTraining, ARunGoesOnFromTheWeightsItIsGiven) {
  const EnhanceTrainingConfig first = config("vane", 6);
  train_enhance(first, root_ / "first", false, quiet_);
  EnhanceTrainingConfig second = config("vane", 2);
  second.seed = 5;
  second.learning_rate = 0;
  second.start = first.output;
  second.output = root_ / "other";
  train_enhance(second, root_ / "second", false, quiet_);
  EXPECT_TRUE(bytes(second.output / "relight.safetensors") ==
              bytes(first.output / "relight.safetensors"));
  EnhanceTrainingConfig published = config("rave", 3);
  published.start = first.output;
  EXPECT_THROW(train_enhance(published, root_ / "third", false, quiet_), Error);
}

TEST_F(EnhanceTraining, EveryMethodGoesOnExactlyWhereItStopped) {
  for (const std::string method : {"vane", "rave", "clip-lit", "clip-lit-latent"}) {
    const std::string weights =
        method == "vane" ? "relight.safetensors" : "enhancement_model.safetensors";
    EnhanceTrainingConfig whole = config(method, 8);
    whole.warmup = 0;
    train_enhance(whole, root_ / (method + "-whole"), false, quiet_);
    const std::string expected = bytes(whole.output / weights);
    fs::remove(whole.output / weights);
    StopsAfter impatient(5);
    EXPECT_THROW(train_enhance(whole, root_ / (method + "-part"), false, impatient), Cancelled);
    train_enhance(whole, root_ / (method + "-part"), true, quiet_);
    EXPECT_TRUE(bytes(whole.output / weights) == expected) << method;
  }
}

TEST_F(EnhanceTraining, PublishedMethodsWriteWeightsThatTheNetworkLoads) {
  const EnhanceTrainingConfig recipe = config("rave", 3);
  train_enhance(recipe, root_ / "run", false, quiet_);
  load_enhancement_network(recipe.output / "enhancement_model.safetensors");
  EXPECT_EQ(default_method(recipe.output), "rave");
  EXPECT_TRUE(make_enhance_method("rave", recipe.output));
  EXPECT_THROW(train_enhance(recipe, root_ / "run", false, quiet_), Error);
}

TEST_F(EnhanceTraining, LearnsFromFoldersOfOtherScenesToo) {
  EnhanceTrainingConfig recipe = config("rave", 3);
  for (const char* kind : {"dark", "light"}) {
    fs::create_directories(root_ / kind);
    for (int k = 0; k < 6; ++k) {
      Image photo = read_image(root_ / "photos" / (std::to_string(k % 4) + ".png"));
      for (uint8_t& v : photo.u8) {
        v = static_cast<uint8_t>(kind[0] == 'd' ? v / (4 + k) : std::min(255, v + k));
      }
      write_image(root_ / kind / (std::to_string(k) + ".png"), photo);
    }
  }
  recipe.data.backlit_folder = root_ / "dark";
  recipe.data.well_lit_folder = root_ / "light";
  const TrainingResult result = train_enhance(recipe, root_ / "run", false, quiet_);
  const auto scores = nlohmann::json::parse(result.evaluation);
  EXPECT_TRUE(scores["psnr_after"].is_null());
  EXPECT_TRUE(scores["gap_closed"].is_number());
  recipe.data.well_lit_folder.clear();
  EXPECT_THROW(train_enhance(recipe, root_ / "other", false, quiet_), Error);
}

}  // namespace
}  // namespace vane
