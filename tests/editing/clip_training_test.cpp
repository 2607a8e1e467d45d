// SPDX-License-Identifier: Apache-2.0
// Oracles: exact continuation (2k steps == k, stop, k more), a task that is solved when its loss
// reaches the entropy of its targets, and the saved folder read back by load_clip.
#include "editing/training/clip_training.h"

#include <gtest/gtest.h>

#include <fstream>

#include "editing/training/clip_trainer.h"
#include "engine/base/error.h"
#include "engine/clip/clip_encoder.h"
#include "engine/clip/clip_load.h"
#include "engine/data/folder_source.h"
#include "engine/image/codec.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class ClipTraining : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path() / (std::string("vane_clip_training_") + info->name());
    fs::remove_all(root_);
    fs::create_directories(root_ / "data");
    const std::array<std::pair<const char*, std::array<uint8_t, 3>>, 4> colours = {
        {{"a red picture", {220, 30, 30}},
         {"a green picture", {30, 200, 40}},
         {"a blue picture", {30, 40, 220}},
         {"a white picture", {240, 240, 240}}}};
    for (size_t k = 0; k < colours.size(); ++k) {
      Image image;
      image.width = image.height = 40;
      image.u8.resize(image.sample_count());
      for (size_t i = 0; i < image.u8.size(); ++i) image.u8[i] = colours[k].second[i % 3];
      write_image(root_ / "data" / (std::to_string(k) + ".png"), image);
      std::ofstream(root_ / "data" / (std::to_string(k) + ".txt")) << colours[k].first << "\n";
    }
  }
  void TearDown() override { fs::remove_all(root_); }

  ClipTrainingConfig tiny(int64_t steps) const {
    ClipTrainingConfig config;
    config.name = "tiny";
    config.output = root_ / "model";
    config.folder = root_ / "data";
    config.steps = steps;
    config.batch = 8;
    config.warmup = 2;
    config.learning_rate = 2e-3;
    config.evaluate_every = 0;
    config.checkpoint_seconds = 1e6;
    config.model.image_size = 32;
    config.model.embed_dim = 32;
    config.model.vision_width = 8;
    config.model.vision_depths = {1, 1, 1, 1};
    config.model.text_width = 32;
    config.model.text_heads = 2;
    config.model.text_layers = 1;
    return config;
  }

  fs::path root_;
  QuietJob quiet_;
};

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

TEST_F(ClipTraining, AStoppedRunContinuesBitForBit) {
  const ClipTrainingConfig config = tiny(8);
  train_clip(config, root_ / "whole", false, quiet_);
  const std::string whole = bytes_of(config.output / "open_clip_model.safetensors");
  ASSERT_FALSE(whole.empty());
  fs::remove_all(config.output);

  StoppingJob stopping(4);
  EXPECT_THROW(train_clip(config, root_ / "parts", false, stopping), Cancelled);
  EXPECT_FALSE(fs::exists(config.output / "open_clip_model.safetensors"));
  const TrainingResult result = train_clip(config, root_ / "parts", true, quiet_);
  EXPECT_EQ(result.steps, 8);
  EXPECT_EQ(bytes_of(config.output / "open_clip_model.safetensors"), whole);
  EXPECT_EQ(bytes_of(root_ / "parts/checkpoints/step-000000008.safetensors"),
            bytes_of(root_ / "whole/checkpoints/step-000000008.safetensors"));
}

TEST_F(ClipTraining, ARunFolderIsNotOverwrittenByAccident) {
  train_clip(tiny(1), root_ / "run", false, quiet_);
  try {
    train_clip(tiny(1), root_ / "run", false, quiet_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_NE(error.hint().find("--resume"), std::string::npos);
  }
}

TEST_F(ClipTraining, TwoProcessesDoNotShareARunFolder) {
  struct NestedJob final : Job {
    std::function<void()> during;
    bool stop_requested() const noexcept override { return false; }
    void progress(int64_t step, int64_t, std::string_view stage) override {
      if (stage == "training" && step == 1) during();
    }
    void metric(std::string_view, int64_t, double) override {}
    void warn(std::string_view) override {}
    void info(std::string_view) override {}
  } job;
  int refused = 0;
  job.during = [&] {
    try {
      train_clip(tiny(1), root_ / "run", true, quiet_);
    } catch (const Error& error) {
      refused += error.code() == ErrorCode::usage;
    }
  };
  train_clip(tiny(1), root_ / "run", false, job);
  EXPECT_EQ(refused, 1);
}

TEST_F(ClipTraining, ColoursAreLearntAndTheSavedModelKnowsThem) {
  ClipTrainingConfig config = tiny(80);
  config.average_decay = 0.9;
  train_clip(config, root_ / "run", false, quiet_);
  const auto clip = load_clip(config.output);
  const std::vector<std::string> texts = {"a red picture", "a green picture", "a blue picture",
                                          "a white picture"};
  const Tensor features = clip->text_features(texts);
  for (int k = 0; k < 4; ++k) {
    const Image picture = read_image(root_ / "data" / (std::to_string(k) + ".png"));
    const Tensor scores =
        at::matmul(features, unit(clip->image_embedding_exact(picture)).squeeze(0));
    EXPECT_EQ(scores.argmax().item<int64_t>(), k);
  }
}

TEST_F(ClipTraining, AVisionTransformerLearnsTheColoursInBfloat16) {
  ClipTrainingConfig config = tiny(120);
  config.average_decay = 0.9;
  config.precision = "bfloat16";
  config.model.vision = "vit";
  config.model.patch_size = 8;
  config.model.vision_width = 32;
  config.model.vision_heads = 2;
  config.model.vision_layers = 2;
  for (const std::string pool : {"token", "average"}) {
    config.model.vision_pool = pool;
    const TrainingResult result = train_clip(config, root_ / pool, false, quiet_);
    // Two pictures of each colour are in a batch of eight: the floor of the soft targets is ln 2.
    EXPECT_LT(result.loss, 1.5) << pool;
    const auto clip = load_clip(config.output);
    const Tensor texts = clip->text_features({"a red picture", "a blue picture"});
    const Image red = read_image(root_ / "data/0.png");
    const Tensor scores = at::matmul(texts, unit(clip->image_embedding_exact(red)).squeeze(0));
    EXPECT_EQ(scores.argmax().item<int64_t>(), 0) << pool;
  }
}

TEST_F(ClipTraining, ARunGoesOnFromTheWeightsItIsGiven) {
  ClipTrainingConfig first = tiny(3);
  train_clip(first, root_ / "run", false, quiet_);
  ClipTrainingConfig second = tiny(3);
  second.seed = 99;
  second.start = first.output;
  const ClipModel before = load_clip_model(first.output);
  const auto given = before.state_dict();
  const ClipTrainer trainer(second);
  const Checkpoint checkpoint = trainer.checkpoint();
  for (const auto& [name, tensor] : given) {
    EXPECT_TRUE(checkpoint.tensors.at("model." + name).equal(tensor)) << name;
    EXPECT_TRUE(checkpoint.tensors.at("average." + name).equal(tensor)) << name;
  }
  second.model.embed_dim = 16;
  try {
    const ClipTrainer other(second);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint);
    EXPECT_NE(std::string(error.what()).find("model"), std::string::npos);
  }
}

TEST_F(ClipTraining, SomeOfTheStartIsKeptInWhatIsSaved) {
  ClipTrainingConfig first = tiny(3);
  train_clip(first, root_ / "run", false, quiet_);
  const auto start = load_clip_model(first.output).state_dict();
  ClipTrainingConfig second = tiny(12);
  second.seed = 99;
  second.start = first.output;
  second.output = root_ / "plain";
  train_clip(second, root_ / "second", false, quiet_);
  const auto plain = load_clip_model(second.output).state_dict();
  // The same run, which goes on and has nothing more to do.
  second.keep_of_start = 0.25;
  second.output = root_ / "mixed";
  train_clip(second, root_ / "second", true, quiet_);
  const auto mixed = load_clip_model(second.output).state_dict();
  double moved = 0;
  for (const auto& [name, tensor] : mixed) {
    // Unused tokens are the mean of the used ones, of either.
    const Tensor wanted = plain.at(name).lerp(start.at(name), 0.25);
    const double size = wanted.abs().max().item<double>();
    EXPECT_LT((tensor - wanted).abs().max().item<double>(), 2e-3 * (1 + size)) << name;
    moved = std::max(moved, (plain.at(name) - start.at(name)).abs().max().item<double>());
  }
  EXPECT_GT(moved, 0.02);
  second.start.clear();
  EXPECT_THROW(ClipTrainer{second}, Error);
}

TEST_F(ClipTraining, ARunMayGoOnWithALargerInput) {
  ClipTrainingConfig first = tiny(1);
  train_clip(first, root_ / "run", false, quiet_);
  ClipTrainingConfig second = tiny(1);
  second.start = first.output;
  second.model.image_size = 2 * first.model.image_size;
  const auto given = load_clip_model(first.output).state_dict();
  const Checkpoint checkpoint = ClipTrainer(second).checkpoint();
  int resized = 0;
  for (const auto& [name, tensor] : given) {
    const Tensor taken = checkpoint.tensors.at("model." + name);
    if (taken.sizes() == tensor.sizes()) {
      EXPECT_TRUE(taken.equal(tensor)) << name;
      continue;
    }
    ++resized;
    EXPECT_EQ(name, "visual.attnpool.positional_embedding");
    const int64_t grid = second.model.image_size / 32;
    EXPECT_EQ(taken.size(0), 1 + grid * grid);
    EXPECT_TRUE(taken[0].equal(tensor[0])) << "the row of the mean has no place";
    // A smooth enlargement keeps the mean of the map.
    EXPECT_LT((taken.slice(0, 1).mean(0) - tensor.slice(0, 1).mean(0)).abs().max().item<float>(),
              0.02f);
  }
  EXPECT_EQ(resized, 1);
}

TEST_F(ClipTraining, UnknownWordsSayNothingInsteadOfSomethingRandom) {
  ClipTrainer trainer(tiny(4));
  FolderConfig folder;
  folder.folder = root_ / "data";
  folder.size = 32;
  const FolderSource source(folder, quiet_);
  std::vector<CaptionedPicture> batch;
  for (uint64_t i = 0; i < 8; ++i) batch.push_back(source.sample(i));
  for (int i = 0; i < 4; ++i) trainer.step(batch, {});
  const ClipModel model = trainer.averaged_model();
  const Tokenizer& tokenizer = Tokenizer::builtin();
  const int64_t unseen = tokenizer.encode("zebra").front(),
                other = tokenizer.encode("piano").front();
  const int64_t seen = tokenizer.encode("red").front();
  const Tensor& table = model.token_embedding();
  EXPECT_TRUE(table[unseen].equal(table[other]));
  EXPECT_FALSE(table[unseen].equal(table[seen]));
}

TEST_F(ClipTraining, SizesThatDoNotFitTogetherAreRefusedByKey) {
  ClipSizes sizes;
  sizes.image_size = 72;
  try {
    clip_config_of(sizes);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config);
    EXPECT_EQ(error.key(), "model.image-size");
  }
}

}  // namespace
}  // namespace vane
