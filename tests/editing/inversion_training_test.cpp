// SPDX-License-Identifier: Apache-2.0
// Oracle: portraits of a tiny generator; what a run must keep to whatever it learns.
#include "editing/training/inversion_training.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "editing/training/face_augmentation.h"
#include "editing/training/preview_training.h"
#include "engine/base/error.h"
#include "engine/data/face_set.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"
#include "generators/inversion/pyramid_encoder.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Asks for a stop once so many steps are done.
class StopsAfter final : public Job {
 public:
  explicit StopsAfter(int64_t steps) : steps_(steps) {}
  bool stop_requested() const noexcept override { return stop_; }
  void progress(int64_t done, int64_t, std::string_view stage) override {
    if (stage.starts_with("training")) stop_ = done >= steps_;
  }
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}

 private:
  int64_t steps_;
  bool stop_ = false;
};

class InversionTraining : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path() / (std::string("vane_inversion_training_") + info->name());
    fs::remove_all(root_);
    const TinyNetwork network(root_ / "generator");
    generator_ = std::make_unique<MobileStyleGan>(MobileStyleGan::load(root_ / "generator"));
    write_faces(generator_->content_hash());
  }
  void TearDown() override { fs::remove_all(root_); }

  void write_faces(const std::string& origin) const {
    const at::NoGradGuard no_grad;
    fs::create_directories(root_ / "faces");
    std::vector<FaceRecord> faces;
    for (int64_t i = 0; i < 40; ++i) {
      FaceRecord face;
      const Tensor w = generator_->map(generator_->sample_z(1, i));
      const Image picture =
          tensor_to_image(resize_bilinear(generator_->synthesise(w) * 0.1 + 0.4, 128, 128));
      face.rgb = picture.u8;
      face.landmarks.assign(136, 0.5f);
      face.w.assign(w.const_data_ptr<float>(), w.const_data_ptr<float>() + w.numel());
      faces.push_back(std::move(face));
    }
    write_face_file(face_file(root_ / "faces", 0), 128, "tiny " + origin, faces);
  }

  InversionTrainingConfig config(int64_t latent_steps, int64_t steps) const {
    InversionTrainingConfig config;
    config.name = "test";
    config.output = root_ / "model";
    config.generator = (root_ / "generator").string();
    config.faces = root_ / "faces";
    config.latent_steps = latent_steps;
    config.steps = steps;
    config.latent_batch = 4;
    config.batch = 2;
    config.view = 32;
    config.warmup = 2;
    config.evaluate_every = 0;
    return config;
  }

  fs::path root_;
  std::unique_ptr<MobileStyleGan> generator_;
};

std::map<std::string, Tensor> tensors_of(const fs::path& file) {
  const Weights weights(open_weights(file));
  std::map<std::string, Tensor> tensors;
  for (const std::string& name : weights.names()) {
    tensors[name] = weights.take(name, weights.shape(name)).clone();
  }
  return tensors;
}

TEST_F(InversionTraining, AnInterruptedRunEndsWithTheSameWeights) {
  QuietJob quiet;
  const TrainingResult whole = train_inversion(config(2, 4), root_ / "whole", false, {}, quiet);
  EXPECT_TRUE(whole.finished);
  EXPECT_EQ(whole.steps, 4);
  const auto expected = tensors_of(root_ / "model/encoder.safetensors");
  fs::remove_all(root_ / "model");
  StopsAfter stop(3);
  EXPECT_THROW(train_inversion(config(2, 4), root_ / "parts", false, {}, stop), Cancelled);
  EXPECT_FALSE(fs::exists(root_ / "model/encoder.safetensors"));
  EXPECT_THROW(train_inversion(config(2, 4), root_ / "parts", false, {}, quiet), Error);
  train_inversion(config(2, 4), root_ / "parts", true, {}, quiet);
  const auto resumed = tensors_of(root_ / "model/encoder.safetensors");
  ASSERT_EQ(resumed.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    EXPECT_TRUE(at::equal(resumed.at(name), tensor)) << name;
  }
}

TEST_F(InversionTraining, LearnsWhichLatentMadeAFace) {
  QuietJob quiet;
  InversionTrainingConfig longer = config(80, 80);
  longer.average_decay = 0.9;
  longer.augmentation = {.blur = 0, .noise = 0, .colour = 0, .shift = 0, .cutout = 0};
  const auto error = [](const TrainingResult& result) {
    return nlohmann::json::parse(result.evaluation)["latent_error"].get<double>();
  };
  const double before = error(train_inversion(config(1, 1), root_ / "short", false, {}, quiet));
  const TrainingResult trained = train_inversion(longer, root_ / "long", false, {}, quiet);
  // On faces that it was not shown; a guess of the mean has 1.
  EXPECT_LT(error(trained), 0.8 * before);
  EXPECT_TRUE(fs::exists(root_ / "long/samples.png"));
}

TEST_F(InversionTraining, FacesOfAnotherGeneratorAreRefused) {
  QuietJob quiet;
  write_faces("0123456789abcdef");
  try {
    train_inversion(config(1, 1), root_ / "run", false, {}, quiet);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config) << error.what();
    EXPECT_NE(std::string(error.what()).find("another generator"), std::string::npos);
  }
}

TEST_F(InversionTraining, AugmentedFacesDependOnTheStreamAlone) {
  const Tensor faces = at::rand({3, 3, 64, 64});
  const FaceAugmentation augmentation;
  const Tensor once = augmented_faces(faces, augmentation, Rng(1).fork("a"));
  EXPECT_TRUE(at::equal(once, augmented_faces(faces, augmentation, Rng(1).fork("a"))));
  EXPECT_FALSE(at::equal(once, augmented_faces(faces, augmentation, Rng(1).fork("b"))));
  EXPECT_GE(once.min().item<double>(), 0);
  EXPECT_LE(once.max().item<double>(), 1);
  const FaceAugmentation none{.blur = 0, .noise = 0, .colour = 0, .shift = 0, .cutout = 0};
  EXPECT_LT((augmented_faces(faces, none, Rng(1)) - faces).abs().max().item<double>(), 1e-3);
}

TEST_F(InversionTraining, PreviewHeadsLearnThePictureOfTheirFeatures) {
  QuietJob quiet;
  PreviewTrainingConfig preview;
  preview.name = "test";
  preview.output = root_ / "preview";
  preview.generator = (root_ / "generator").string();
  preview.sides = {16};
  preview.pictures = 40;
  preview.held_out = 8;
  preview.pixels = 64;
  preview.batch = 8;
  preview.steps = 0;
  // Against full pictures that neither saw; the tiny generator's samples go far beyond [0,1].
  const auto error = [&](const std::string& run) {
    train_preview(preview, root_ / run, false, quiet);
    EXPECT_TRUE(generator_->load_preview_heads(preview.output / "preview.safetensors"));
    const at::NoGradGuard no_grad;
    const Tensor w = generator_->map(at::cat(
        {generator_->sample_z(9, 0), generator_->sample_z(9, 1), generator_->sample_z(9, 2)}));
    const Tensor whole = generator_->synthesise_half(w);
    return ((generator_->synthesise_at(w, 16) - whole).square().mean() / whole.var())
        .item<double>();
  };
  const double closed_form = error("run0");
  preview.steps = 300;
  preview.learning_rate = 3e-3;
  EXPECT_LT(error("run1"), 0.9 * closed_form);
  preview.sides = {24};
  EXPECT_THROW(train_preview(preview, root_ / "run2", false, quiet), Error);
  preview.sides = {32};  // the generator's own size
  EXPECT_THROW(train_preview(preview, root_ / "run3", false, quiet), Error);
}

}  // namespace
}  // namespace vane
