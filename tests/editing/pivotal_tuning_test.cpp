// SPDX-License-Identifier: Apache-2.0
// Oracles: what tuning must change (the picture at the pivot) and what it must not (the generator
// that it started from); files give the tuned pictures back.
#include "editing/inversion/pivotal_tuning.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "editing/inversion/tuning_file.h"
#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "generators/stylegan/stylegan2.h"
#include "tests/support/named_stylegan2.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class PivotalTuningOf : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("tuning_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    if (GetParam()) {
      const TinyNetwork network(folder_ / "tiny");
      model_ = load_style_generator(folder_ / "tiny");
    } else {
      save_tensors(folder_ / "g.safetensors", rosinality_tensors({"small", {12, 10, 8}, 8, 8, 2}));
      model_ = load_style_generator(folder_ / "g.safetensors");
    }
    at::manual_seed(6);
    pivot_ = model_->map(model_->sample_z(1, 0)).unsqueeze(1).repeat({1, model_->rows(), 1});
    target_ = 0.8 * model_->synthesise(pivot_) + 0.05;  // flatter
    config_.steps = 40;
    config_.learning_rate = 3e-3;
    config_.enough = 0;
  }
  void TearDown() override { fs::remove_all(folder_); }
  PivotalTuning tuned() {
    return tune_pivot(*model_, pivot_, {{"pixels", pixel_term(target_), 1}}, config_, job_);
  }
  double error_of(const StyleGenerator& generator) const {
    return pixel_term(target_)(generator.synthesise(pivot_)).item<double>();
  }
  /// Mean change of pictures at random latents.
  double drift_of(const StyleGenerator& generator) const {
    double sum = 0;
    for (int64_t i = 10; i < 20; ++i) {
      const Tensor w = model_->map(model_->sample_z(1, i));
      sum += (generator.synthesise(w) - model_->synthesise(w)).square().mean().item<double>();
    }
    return sum;
  }

  fs::path folder_;
  std::unique_ptr<StyleGenerator> model_;
  Tensor pivot_, target_;
  PivotalTuningConfig config_;
  QuietJob job_;
};

INSTANTIATE_TEST_SUITE_P(Generators, PivotalTuningOf, testing::Values(true, false),
                         [](const auto& of) { return of.param ? "MobileStyleGan" : "StyleGan2"; });

TEST_P(PivotalTuningOf, BringsThePictureOfThePivotNearerAndLeavesTheGeneratorAlone) {
  const Tensor before = model_->synthesise(pivot_);
  const double error = error_of(*model_);
  const PivotalTuning tuning = tuned();
  EXPECT_LT(error_of(*tuning.generator), 0.5 * error);
  EXPECT_TRUE(at::equal(model_->synthesise(pivot_), before));
  EXPECT_FALSE(tuning.generator->synthesise(pivot_).requires_grad());
  EXPECT_EQ(std::ssize(tuning.losses), 40);
}

TEST_P(PivotalTuningOf, StopsWhenItIsEnough) {
  config_.enough = 0.7 * error_of(*model_);
  const PivotalTuning tuning = tuned();
  EXPECT_LT(std::ssize(tuning.losses), 40);
  EXPECT_LE(tuning.distances.back(), config_.enough);
}

TEST_P(PivotalTuningOf, LocalityHoldsOtherPictures) {
  config_.locality_radius = 2;
  const double free = drift_of(*tuned().generator);
  config_.locality = true;
  config_.locality_weight = 10;
  EXPECT_LT(drift_of(*tuned().generator), free);
}

TEST_P(PivotalTuningOf, AFileGivesTheTunedPicturesBack) {
  const PivotalTuning tuning = tuned();
  const fs::path path = folder_ / "t.safetensors";
  save_tuning(path, *model_, *tuning.generator, {{"photo", "a.jpg"}});
  const std::unique_ptr<StyleGenerator> again = model_->clone();
  EXPECT_EQ(load_tuning(path, *again).at("photo"), "a.jpg");
  EXPECT_TRUE(
      at::allclose(again->synthesise(pivot_), tuning.generator->synthesise(pivot_), 1e-3, 1e-3));
  EXPECT_LT(error_of(*again), 0.6 * error_of(*model_));
}

TEST_P(PivotalTuningOf, FilesOfOthersAreRefused) {
  const fs::path path = folder_ / "t.safetensors";
  const auto code = [&] {
    try {
      const std::unique_ptr<StyleGenerator> copy = model_->clone();
      load_tuning(path, *copy);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  save_tensors(path, {{"w_plus", pivot_}}, {{"generator", model_->content_hash()}});
  EXPECT_EQ(code(), ErrorCode::checkpoint);
  save_tensors(path, {{"input", at::zeros({1})}}, {{"kind", "tuning"}, {"generator", "other"}});
  EXPECT_EQ(code(), ErrorCode::checkpoint);
  save_tensors(path, {{"input", at::zeros({1})}},
               {{"kind", "tuning"}, {"generator", model_->content_hash()}});
  EXPECT_EQ(code(), ErrorCode::checkpoint);
}

TEST_P(PivotalTuningOf, GradientsReachEveryTensorThatTheFullPictureReads) {
  const std::unique_ptr<StyleGenerator> copy = model_->clone();
  std::vector<Tensor> slots;
  std::vector<std::string> names;
  for (const TunableTensor& tensor : copy->tunable()) {
    slots.push_back(tensor.value.clone().requires_grad_(true));
    names.push_back(tensor.name);
    EXPECT_GT(tensor.scale, 0) << tensor.name;
  }
  copy->set_tunable(slots);
  const Tensor picture = copy->synthesise(pivot_);
  EXPECT_TRUE(at::allclose(picture, model_->synthesise(pivot_), 1e-5, 1e-5));
  const auto gradients = torch::autograd::grad({picture.square().sum()}, slots);
  for (size_t i = 0; i < slots.size(); ++i) {
    EXPECT_GT(gradients[i].abs().max().item<double>(), 0) << names[i];
  }
}

TEST_P(PivotalTuningOf, TensorsOfAnotherShapeAreRefused) {
  const std::unique_ptr<StyleGenerator> copy = model_->clone();
  std::vector<Tensor> slots;
  for (const TunableTensor& tensor : copy->tunable()) slots.push_back(tensor.value);
  slots.back() = at::zeros({1});
  EXPECT_THROW(copy->set_tunable(slots), Error);
  slots.pop_back();
  EXPECT_THROW(copy->set_tunable(slots), Error);
}

}  // namespace
}  // namespace vane
