// SPDX-License-Identifier: Apache-2.0
// Oracles: the bare mapper in the model's units, and the file read back.
#include "generators/mappers/delta_model.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class DeltaModelFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("delta_model_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    const TinyNetwork network(folder_ / "generator", 4);
    generator_ = std::make_unique<MobileStyleGan>(MobileStyleGan::load(folder_ / "generator"));
  }
  void TearDown() override { fs::remove_all(folder_); }

  DeltaModel model() const {
    DeltaModel model;
    model.entries = style_entries(
        generator_->style_table(),
        {"conv1_resolution_4", "up_resolution_16", "conv1_resolution_16", "conv1_resolution_64"});
    model.mapper = initial_delta_mapper(
        delta_mapper_shape(conv_styles(generator_->style_table(), model.entries), 6), Rng(1));
    model.style_mean = at::linspace(-1, 1, 32);
    model.style_scale = at::linspace(0.5, 4, 32);
    model.relevance = at::linspace(-0.1, 0.1, 32 * 3).view({32, 3});
    model.image_mean = at::ones({3}) * 0.5;
    model.image_covariance = at::eye(3) * 0.01;
    model.generator_hash = generator_->content_hash();
    model.clip_hash = "one clip";
    return model;
  }

  /// The message of the refusal, with the hint behind it.
  std::string refusal(const fs::path& path, const std::string& clip) const {
    try {
      load_delta_model(path, *generator_, clip);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::checkpoint);
      return std::string(error.what()) + " " + error.hint();
    }
    return "accepted";
  }

  fs::path folder_;
  std::unique_ptr<MobileStyleGan> generator_;
};

TEST_F(DeltaModelFile, StylesAreChosenByNameFromCoarseToFine) {
  const StyleTable& table = generator_->style_table();
  EXPECT_EQ(style_entries(table, {}).size(), table.size() - 1);  // all but the colours
  EXPECT_EQ(style_entries(table, {"conv0_resolution_8", "conv1_resolution_8"}),
            (std::vector<size_t>{2, 3}));
  for (const std::vector<std::string>& names :
       std::vector<std::vector<std::string>>{{"conv1_resolution_5"},
                                             {table.back().name},
                                             {"conv1_resolution_8", "conv1_resolution_4"},
                                             {"conv1_resolution_8", "conv1_resolution_8"}}) {
    EXPECT_THROW(style_entries(table, names), Error) << names.front();
  }
}

TEST_F(DeltaModelFile, SpeaksInTheGeneratorsUnits) {
  const DeltaModel one = model();
  const StyleCode code = generator_->styles(at::randn({2, 8}));
  const Tensor styles = moved_styles(one, code);
  ASSERT_EQ(styles.sizes(), at::IntArrayRef({2, 32}));
  EXPECT_TRUE(at::equal(styles.narrow(1, 8, 8), code[4]));
  const Tensor condition = at::randn({2, 6});
  const Tensor bare =
      style_delta(one.mapper, (styles - one.style_mean) / one.style_scale, condition);
  const Tensor delta = model_delta(one, styles, condition);
  EXPECT_LT((delta - bare * one.style_scale).abs().max().item<double>(), 1e-5);
  EXPECT_GT(delta.abs().max().item<double>(), 1e-3);
  const StyleCode moved = with_style_delta(one, code, delta);
  EXPECT_TRUE(at::equal(moved[1], code[1]));
  EXPECT_TRUE(at::equal(moved_styles(one, moved), styles + delta));
  // A step of zero leaves every bit.
  const StyleCode same = with_style_delta(one, code, delta * 0);
  for (size_t i = 0; i < code.size(); ++i) EXPECT_TRUE(at::equal(same[i], code[i]));
  EXPECT_THROW(with_style_delta(one, code, at::zeros({2, 31})), Error);
}

TEST_F(DeltaModelFile, IsReadBackWithItsUnits) {
  DeltaModel one = model();
  save_delta_model(folder_ / "delta.safetensors", one, generator_->style_table());
  DeltaModel back = load_delta_model(folder_ / "delta.safetensors", *generator_, "one clip");
  EXPECT_EQ(back.entries, one.entries);
  EXPECT_TRUE(at::equal(back.style_mean, one.style_mean));
  EXPECT_TRUE(at::equal(back.style_scale, one.style_scale));
  EXPECT_TRUE(at::equal(back.image_covariance, one.image_covariance));
  EXPECT_LT((back.relevance - one.relevance).abs().max().item<double>(), 1e-4);
  std::map<std::string, Tensor> written;
  visit_parameters(one.mapper,
                   [&](const std::string& name, Tensor& t, const auto&) { written[name] = t; });
  visit_parameters(back.mapper, [&](const std::string& name, Tensor& t, const auto&) {
    EXPECT_TRUE(at::equal(t, written.at(name).to(at::kHalf).to(at::kFloat))) << name;
  });
  EXPECT_EQ(load_delta_model(folder_ / "delta.safetensors", *generator_, "").clip_hash, "one clip");
}

TEST_F(DeltaModelFile, KeepsWhatOfAStepIsVisible) {
  DeltaModel one = model();
  const Tensor step = at::randn({2, 32}) * one.style_scale;
  EXPECT_TRUE(at::equal(visible_part(one, step), step));
  one.visible = std::get<0>(at::linalg_qr(at::randn({32, 3})));
  const Tensor part = visible_part(one, step), rest = (step - part) / one.style_scale;
  EXPECT_LT((visible_part(one, part) - part).abs().max().item<double>(), 1e-5);
  EXPECT_LT(at::matmul(rest, one.visible).abs().max().item<double>(), 1e-5);
  EXPECT_GT(part.abs().max().item<double>(), 1e-2);
  save_delta_model(folder_ / "delta.safetensors", one, generator_->style_table());
  const DeltaModel back = load_delta_model(folder_ / "delta.safetensors", *generator_, "");
  EXPECT_TRUE(at::equal(back.visible, one.visible));
  one.visible = one.visible.narrow(0, 0, 31);
  save_delta_model(folder_ / "delta.safetensors", one, generator_->style_table());
  EXPECT_NE(refusal(folder_ / "delta.safetensors", "one clip").find("visible"), std::string::npos);
}

TEST_F(DeltaModelFile, RefusesAnotherClipAndAnotherGenerator) {
  DeltaModel one = model();
  const fs::path path = folder_ / "delta.safetensors";
  save_delta_model(path, one, generator_->style_table());
  const std::string other_clip = refusal(path, "another clip");
  EXPECT_NE(other_clip.find("another CLIP"), std::string::npos) << other_clip;
  EXPECT_NE(other_clip.find("vane train delta"), std::string::npos) << other_clip;
  one.generator_hash = "0123";
  save_delta_model(path, one, generator_->style_table());
  const std::string other_generator = refusal(path, "one clip");
  EXPECT_NE(other_generator.find("another generator"), std::string::npos) << other_generator;
  EXPECT_NE(other_generator.find("vane train delta"), std::string::npos) << other_generator;
}

TEST_F(DeltaModelFile, RefusesADamagedFile) {
  const fs::path path = folder_ / "delta.safetensors";
  DeltaModel one = model();
  one.style_scale = one.style_scale.clone();
  one.style_scale[3] = 0;
  save_delta_model(path, one, generator_->style_table());
  EXPECT_NE(refusal(path, "one clip").find("above 0"), std::string::npos);
  one = model();
  one.relevance = one.relevance.narrow(0, 0, 31);
  save_delta_model(path, one, generator_->style_table());
  EXPECT_NE(refusal(path, "one clip").find("relevance"), std::string::npos);
  one = model();
  one.entries.pop_back();
  save_delta_model(path, one, generator_->style_table());
  EXPECT_NE(refusal(path, "one clip"), "accepted");
}

TEST_F(DeltaModelFile, ReadsAPublishedFileWithoutUnits) {
  const std::vector<size_t> all = style_entries(generator_->style_table(), {});
  DeltaMapper mapper = initial_delta_mapper(
      delta_mapper_shape(conv_styles(generator_->style_table(), all), 6), Rng(2));
  std::map<std::string, Tensor> tensors;
  visit_parameters(mapper,
                   [&](const std::string& name, Tensor& t, const auto&) { tensors[name] = t; });
  save_tensors(folder_ / "published.safetensors", tensors);
  const DeltaModel back = load_delta_model(folder_ / "published.safetensors", *generator_, "any");
  EXPECT_EQ(back.entries, all);
  EXPECT_FALSE(back.relevance.defined());
  const Tensor styles = moved_styles(back, generator_->styles(at::randn({1, 8})));
  const Tensor condition = at::randn({1, 6});
  const Tensor expected = style_delta(mapper, styles, condition);
  EXPECT_LT((model_delta(back, styles, condition) - expected).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace vane
