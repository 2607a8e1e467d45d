// SPDX-License-Identifier: Apache-2.0
// Oracles: exact continuation, samples that were not learned from, a CLIP without its text tower,
// and regression on data of known coefficients.
#include "editing/training/delta_training.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "editing/training/delta_relevance.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/tensor/weights.h"
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

class DeltaTraining : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) /
            ("delta_training_" + std::to_string(::getpid()) + "_" +
             testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    const TinyNetwork network(root_ / "generator", 4);
  }
  void TearDown() override { fs::remove_all(root_); }

  DeltaTrainingConfig tiny(int64_t steps) const {
    DeltaTrainingConfig config;
    config.name = "tiny";
    config.output = root_ / "model";
    config.generator = (root_ / "generator").string();
    config.samples = 120;
    config.styles = {"conv1_resolution_4", "up_resolution_16", "conv1_resolution_16",
                     "conv1_resolution_64"};
    config.steps = steps;
    config.batch = 16;
    config.warmup = 5;
    config.evaluate_every = 0;
    config.checkpoint_seconds = 1e6;
    config.relevance_pairs = 64;
    config.probed_channels = 6;
    config.probed_samples = 2;
    return config;
  }

  fs::path root_;
  QuietJob quiet_;
};

TEST_F(DeltaTraining, AStoppedRunContinuesBitForBit) {
  const DeltaTrainingConfig config = tiny(8);
  train_delta(config, root_ / "whole", false, quiet_);
  const std::string whole = bytes_of(config.output / "delta.safetensors");
  ASSERT_FALSE(whole.empty());
  fs::remove_all(config.output);
  StoppingJob stopping(4);
  EXPECT_THROW(train_delta(config, root_ / "parts", false, stopping), Cancelled);
  EXPECT_FALSE(fs::exists(config.output / "delta.safetensors"));
  EXPECT_THROW(train_delta(config, root_ / "parts", false, quiet_), Error);
  EXPECT_EQ(train_delta(config, root_ / "parts", true, quiet_).steps, 8);
  EXPECT_EQ(bytes_of(config.output / "delta.safetensors"), whole);
}

TEST_F(DeltaTraining, LearnsWhatThePicturesTell) {
  const auto first =
      nlohmann::json::parse(train_delta(tiny(1), root_ / "one", false, quiet_).evaluation);
  const auto last =
      nlohmann::json::parse(train_delta(tiny(250), root_ / "many", false, quiet_).evaluation);
  EXPECT_GT(last["cosine"].get<double>(), 0.2);
  EXPECT_GT(last["cosine"].get<double>(), first["cosine"].get<double>() + 0.2);
  EXPECT_LT(last["square_error"].get<double>(), 0.97);  // 1: predicting nothing
  EXPECT_LE(std::abs(last["probed_rank_correlation"].get<double>()), 1);
  const auto generator = MobileStyleGan::load(root_ / "generator");
  const DeltaModel model = load_delta_model(root_ / "model/delta.safetensors", generator, "");
  EXPECT_EQ(model.relevance.sizes(), at::IntArrayRef({32, 256}));
  EXPECT_GT(model.image_covariance.diagonal().sum().item<double>(), 0);
  EXPECT_EQ(model.visible.sizes(), at::IntArrayRef({32, 12}));
}

TEST_F(DeltaTraining, NeverTouchesTheTextTower) {
  const fs::path whole = assets_folder() / "models/clip-mini", bare = root_ / "bare";
  fs::create_directories(bare);
  fs::copy_file(whole / "open_clip_config.json", bare / "open_clip_config.json");
  const TensorTable table = open_weights(whole / "open_clip_model.safetensors");
  std::map<std::string, Tensor> visual;
  for (const TensorRecord& record : table.tensors) {
    if (record.name.starts_with("visual.") || record.name == "logit_scale") {
      visual[record.name] = tensor_from_record(table, record);
    }
  }
  ASSERT_LT(visual.size(), table.tensors.size());
  save_tensors(bare / "open_clip_model.safetensors", visual);
  DeltaTrainingConfig config = tiny(4);
  train_delta(config, root_ / "with", false, quiet_);
  const auto generator = MobileStyleGan::load(root_ / "generator");
  DeltaModel with = load_delta_model(config.output / "delta.safetensors", generator, "");
  config.clip = bare.string();
  train_delta(config, root_ / "without", false, quiet_);
  DeltaModel without = load_delta_model(config.output / "delta.safetensors", generator, "");
  std::map<std::string, Tensor> learned;
  visit_parameters(with.mapper,
                   [&](const std::string& name, Tensor& t, const auto&) { learned[name] = t; });
  visit_parameters(without.mapper, [&](const std::string& name, Tensor& t, const auto&) {
    EXPECT_TRUE(at::equal(t, learned.at(name))) << name;
  });
  EXPECT_TRUE(at::equal(with.relevance, without.relevance));
}

TEST(DeltaRelevance, RegressionFindsKnownCoefficients) {
  at::manual_seed(5);
  const Tensor truth = at::randn({12, 4}), steps = at::randn({600, 12});
  const Tensor found = regressed_relevance(steps, at::matmul(steps, truth), 1e-4);
  EXPECT_LT((found - truth).abs().max().item<double>(), 1e-2);
  // More ridge, smaller coefficients.
  const Tensor shrunk = regressed_relevance(steps, at::matmul(steps, truth), 1);
  EXPECT_NEAR((shrunk / truth).median().item<double>(), 0.5, 0.1);
}

TEST(DeltaRelevance, VisibleStylesAreThoseThatTheEmbeddingsFollow) {
  at::manual_seed(6);
  // Two directions of ten matter, one of them with thirty-six times the variance; both count.
  const Tensor basis = std::get<0>(at::linalg_qr(at::randn({10, 2})));
  const Tensor styles = at::randn({4000, 10});
  const Tensor mixing = at::randn({2, 6});
  const Tensor seen = at::matmul(styles, basis) * at::tensor({3.F, 0.5F});
  const Tensor embeddings = at::matmul(seen, mixing) + 0.01 * at::randn({4000, 6});
  const Tensor found = visible_styles(styles, embeddings, 2);
  ASSERT_EQ(found.sizes(), at::IntArrayRef({10, 2}));
  EXPECT_LT((at::matmul(found.t(), found) - at::eye(2)).abs().max().item<double>(), 1e-5);
  const Tensor shared = std::get<1>(at::linalg_svd(at::matmul(found.t(), basis), false));
  EXPECT_GT(shared.min().item<double>(), 0.98);
  EXPECT_EQ(visible_styles(styles, embeddings, 100).size(1), 6);
}

TEST(DeltaRelevance, RankCorrelationIsThatOfTheOrder) {
  const Tensor a = at::tensor({1.0, 2.0, 3.0, 4.0, 5.0});
  EXPECT_NEAR(rank_correlation(a, a.exp()), 1, 1e-12);
  EXPECT_NEAR(rank_correlation(a, -a), -1, 1e-12);
  // 1 - 6 sum d^2 / (n (n^2 - 1)), d = 1, -1, 0, 1, -1
  const Tensor b = at::tensor({2.0, 1.0, 3.0, 5.0, 4.0});
  EXPECT_NEAR(rank_correlation(a, b), 0.8, 1e-12);
}

}  // namespace
}  // namespace vane
