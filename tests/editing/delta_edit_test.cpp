// SPDX-License-Identifier: Apache-2.0
// Laws of DeltaEdit (StyleGAN sheet, section 12) on random weights, and closed forms.
#include "editing/latent/delta_edit.h"

#include <gtest/gtest.h>

#include <unistd.h>
#include <cmath>
#include <set>

#include "editing/latent/latent_projection.h"
#include "engine/base/error.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class DeltaEdit : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("delta_edit_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    const TinyNetwork network(folder_, 4);
    generator_ = std::make_unique<MobileStyleGan>(MobileStyleGan::load(folder_));
    model_.entries = style_entries(
        generator_->style_table(),
        {"conv1_resolution_4", "up_resolution_16", "conv1_resolution_16", "conv1_resolution_64"});
    model_.mapper = initial_delta_mapper(
        delta_mapper_shape(conv_styles(generator_->style_table(), model_.entries), 6), Rng(1));
    model_.style_mean = at::zeros({32});
    model_.style_scale = at::full({32}, 2.0);
    model_.relevance = at::randn({32, 3});
    model_.image_mean = at::tensor({0.5, 0.0, 0.0}).to(at::kFloat);
    model_.image_covariance = at::diag(at::tensor({0.04, 0.01, 0.0})).to(at::kFloat);
    w_ = at::randn({1, generator_->rows(), 8});
    image_ = at::tensor({0.6, 0.8, 0.0}).to(at::kFloat);
    direction_ = at::tensor({0.3, -0.2, 0.1}).to(at::kFloat);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Tensor flat(const DeltaEditOptions& options, const Tensor& direction) const {
    return moved_styles(model_, delta_edit(model_, *generator_, w_, image_, direction, options));
  }

  fs::path folder_;
  std::unique_ptr<MobileStyleGan> generator_;
  DeltaModel model_;
  Tensor w_, image_, direction_;
};

TEST_F(DeltaEdit, ReturnsAStepForEveryLayerAndMovesOnlyItsOwn) {
  const StyleCode step = delta_edit(model_, *generator_, w_, image_, direction_);
  ASSERT_EQ(step.size(), generator_->style_table().size());
  for (size_t i = 0; i < step.size(); ++i) {
    const bool is_moved =
        std::find(model_.entries.begin(), model_.entries.end(), i) != model_.entries.end();
    EXPECT_EQ(step[i].size(1), generator_->style_table()[i].channels);
    if (is_moved) continue;
    EXPECT_EQ(step[i].abs().max().item<double>(), 0) << i;
  }
  EXPECT_GT(moved_styles(model_, step).abs().max().item<double>(), 1e-3);
}

TEST_F(DeltaEdit, WithoutOptionsIsTheMapperAsPublished) {
  const DeltaEditOptions published{.relevance = 0, .alignment = 0, .contrast = false};
  const Tensor expected =
      model_delta(model_, moved_styles(model_, generator_->styles(w_)),
                  delta_condition(image_.unsqueeze(0), direction_.unsqueeze(0)));
  EXPECT_LT((flat(published, direction_) - expected).abs().max().item<double>(), 1e-5);
  DeltaEditOptions half = published;
  half.alpha = 0.5;
  EXPECT_LT((flat(half, direction_) - 0.5 * expected).abs().max().item<double>(), 1e-5);
}

TEST_F(DeltaEdit, ContrastTurnsWithItsDirection) {
  const DeltaEditOptions options{.relevance = 0, .alignment = 0, .contrast = true};
  const Tensor there = flat(options, direction_), back = flat(options, -direction_);
  EXPECT_LT((there + back).abs().max().item<double>(), 1e-5);
  const DeltaEditOptions plain{.relevance = 0, .alignment = 0, .contrast = false};
  EXPECT_GT((flat(plain, direction_) + flat(plain, -direction_)).abs().max().item<double>(), 1e-3);
}

TEST_F(DeltaEdit, DependsOnTheSource) {
  const Tensor mine = flat({}, direction_);
  w_ = at::randn({1, generator_->rows(), 8});
  EXPECT_GT((flat({}, direction_) - mine).abs().max().item<double>(), 1e-3);
}

TEST_F(DeltaEdit, RelevanceLeavesTheOtherChannelsAlone) {
  const DeltaEditOptions all{.relevance = 0, .alignment = 0}, few{.relevance = 0.5, .alignment = 0};
  const Tensor with_all = flat(all, direction_)[0], with_few = flat(few, direction_)[0];
  const Tensor strength = at::mv(model_.relevance, direction_).abs();
  const Tensor keeps = strength >= 0.5 * strength.max();
  ASSERT_GT(keeps.sum().item<int64_t>(), 0);
  ASSERT_LT(keeps.sum().item<int64_t>(), 32);
  EXPECT_LT((with_few - with_all * keeps).abs().max().item<double>(), 1e-6);
}

TEST_F(DeltaEdit, AlignmentFollowsTheCovariance) {
  const Tensor own = picture_direction(model_, direction_, 0);
  EXPECT_LT((own - direction_ / direction_.norm()).abs().max().item<double>(), 1e-6);
  const Tensor linear = picture_direction(model_, direction_, 1);
  const Tensor expected = at::mv(model_.image_covariance, direction_);
  EXPECT_LT((linear - expected / expected.norm()).abs().max().item<double>(), 1e-5);
  EXPECT_NEAR(picture_direction(model_, direction_, 0.5).norm().item<double>(), 1, 1e-5);
}

TEST_F(DeltaEdit, RefusesWhatDoesNotFit) {
  const auto code_of = [&](const Tensor& image, const Tensor& direction) {
    try {
      delta_edit(model_, *generator_, w_, image, direction);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code_of(image_, at::zeros({3})), ErrorCode::usage);
  EXPECT_EQ(code_of(image_, at::ones({4})), ErrorCode::usage);
  EXPECT_EQ(code_of(at::ones({2}), direction_), ErrorCode::usage);
}

TEST_F(DeltaEdit, ProjectionFindsTheLatentStepBehindStyles) {
  // Each resolution has a step of its own; where the model moves no style, there is none.
  Tensor made = at::zeros({1, generator_->rows(), 8});
  std::vector<bool> is_moved(static_cast<size_t>(generator_->rows()));
  std::set<int64_t> resolutions;
  for (const size_t i : model_.entries) {
    resolutions.insert(generator_->style_table()[i].resolution);
  }
  for (const StyleEntry& entry : generator_->style_table()) {
    if (resolutions.count(entry.resolution) == 0) continue;
    made.select(1, entry.row).fill_(0.4 - 0.1 * std::log2(double(entry.resolution)));
    is_moved[static_cast<size_t>(entry.row)] = true;
  }
  const Tensor delta = moved_styles(model_, generator_->styles(w_ + made)) -
                       moved_styles(model_, generator_->styles(w_));
  const LatentProjection exact(model_, *generator_, 1e-7);
  const Tensor step = exact.latent_step(delta).w_plus;
  const Tensor again = moved_styles(model_, generator_->styles(w_ + step)) -
                       moved_styles(model_, generator_->styles(w_));
  EXPECT_LT((again - delta).abs().max().item<double>(), 2e-2 * delta.abs().max().item<double>());
  for (int64_t row = 0; row < generator_->rows(); ++row) {
    if (!is_moved[static_cast<size_t>(row)]) {
      EXPECT_EQ(step.select(1, row).abs().max().item<double>(), 0) << row;
    }
  }
  // Linear, and shorter the more the styles are doubted.
  EXPECT_LT((exact.latent_step(2 * delta).w_plus - 2 * step).abs().max().item<double>(), 1e-4);
  const Tensor doubted = LatentProjection(model_, *generator_, 100).latent_step(delta).w_plus;
  EXPECT_LT(doubted.norm().item<double>(), 0.5 * step.norm().item<double>());
}

TEST_F(DeltaEdit, InLatentsIsTheProjectionOfItsStyles) {
  const DeltaEditor editor{model_, LatentProjection(model_, *generator_)};
  const auto [step, length] = delta_latent_step(editor, *generator_, w_, image_, direction_);
  const StyleCode styles = delta_edit(model_, *generator_, w_, image_, direction_);
  EXPECT_TRUE(at::equal(step, editor.projection.latent_step(moved_styles(model_, styles)).w_plus));
  EXPECT_GT(step.abs().max().item<double>(), 1e-4);
  EXPECT_GT(length, 0);
  EXPECT_NEAR(editor.projection.latent_step(2 * moved_styles(model_, styles)).length, 2 * length,
              1e-6 * length);
}

}  // namespace
}  // namespace vane
