// SPDX-License-Identifier: Apache-2.0
// Oracle: pictures of known latents, which must be found again.
#include "editing/inversion/refine_w_plus.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <limits>

#include "engine/base/error.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Asks to stop after so many steps.
class StoppingJob final : public Job {
 public:
  explicit StoppingJob(int64_t steps) : left_(steps) {}
  bool stop_requested() const noexcept override { return left_ <= 0; }
  void progress(int64_t, int64_t, std::string_view) override { --left_; }
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}

 private:
  int64_t left_;
};

class RefineWPlus : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("refine_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    const TinyNetwork network(folder_);
    model_ = std::make_unique<MobileStyleGan>(MobileStyleGan::load(folder_));
    statistics_ = latent_statistics(*model_, 1000);
    start_ = model_->average_w().view({1, 1, -1}).repeat({1, model_->rows(), 1});
    target_ = model_->synthesise(model_->map(model_->sample_z(4, 2))).detach();
    config_.stages = {{16, 60}, {32, 120}};
    config_.patience = 0;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::vector<WeightedTerm> pixels() const { return {{"pixels", pixel_term(target_), 1}}; }
  double error_of(const Tensor& w_plus) const {
    return pixel_term(target_)(model_->synthesise(w_plus)).item<double>();
  }

  fs::path folder_;
  std::unique_ptr<MobileStyleGan> model_;
  LatentStatistics statistics_;
  Tensor start_, target_;
  RefineConfig config_;
  QuietJob job_;
};

TEST_F(RefineWPlus, FindsAPictureOfTheGenerator) {
  const Refinement found = refine_w_plus(*model_, start_, pixels(), statistics_, config_, job_);
  EXPECT_EQ(found.steps, 180);
  EXPECT_FALSE(found.cancelled);
  EXPECT_LT(found.last_loss, found.first_loss);
  EXPECT_LT(error_of(found.w_plus), 0.05 * error_of(start_));
}

TEST_F(RefineWPlus, TwoRunsAgreeBitForBit) {
  config_.stages = {{16, 10}, {32, 10}};
  const Refinement a = refine_w_plus(*model_, start_, pixels(), statistics_, config_, job_);
  const Refinement b = refine_w_plus(*model_, start_, pixels(), statistics_, config_, job_);
  EXPECT_TRUE(at::equal(a.w_plus, b.w_plus));
}

TEST_F(RefineWPlus, RowsThatNothingReadsRepeatTheOneBefore) {
  const Refinement found = refine_w_plus(*model_, start_, pixels(), statistics_, config_, job_);
  const std::vector<RowUse> uses = model_->row_uses();
  for (int64_t i = 1; i < model_->rows(); ++i) {
    const bool same = at::equal(found.w_plus.select(1, i), found.w_plus.select(1, i - 1));
    EXPECT_EQ(same, !uses[size_t(i)].is_read) << i;
  }
}

TEST_F(RefineWPlus, RowsThatPreviewsDoNotSeeFollow) {
  PreviewHead preview;
  at::manual_seed(5);
  preview.head.style = {at::randn({8, 8}) * 0.1, at::ones({8})};
  preview.head.weight = at::randn({12, 8, 1, 1}) * 0.3;
  preview.head.bias = at::zeros({12});
  model_->set_preview_heads({preview});
  ASSERT_EQ(model_->rows_at(16), 3);
  ASSERT_EQ(model_->rows_at(32), model_->rows());
  config_.stages = {{16, 20}};
  const Refinement found = refine_w_plus(*model_, start_, pixels(), statistics_, config_, job_);
  for (int64_t i = 3; i < model_->rows(); ++i) {
    EXPECT_TRUE(at::allclose(found.w_plus.select(1, i), found.w_plus.select(1, 2), 1e-5, 1e-5))
        << i;
  }
  EXPECT_FALSE(at::allclose(found.w_plus.select(1, 0), found.w_plus.select(1, 2), 1e-3, 1e-3));
}

TEST_F(RefineWPlus, WeightsHoldItToTheStartAndToOneVector) {
  const auto distance = [&](double weight) {
    config_.start_weight = weight;
    const Tensor w = refine_w_plus(*model_, start_, pixels(), statistics_, config_, job_).w_plus;
    return (w - start_).abs().max().item<double>();
  };
  EXPECT_LT(distance(1e6), 0.1 * distance(0));
  config_.start_weight = 0;
  const auto spread = [&](double weight) {
    config_.delta_weight = weight;
    const Tensor w = refine_w_plus(*model_, start_, pixels(), statistics_, config_, job_).w_plus;
    return (w - w.narrow(1, 0, 1)).norm(2, {2}).sum().item<double>();
  };
  EXPECT_LT(spread(0.1), 0.5 * spread(0));
}

TEST_F(RefineWPlus, ExtraTermsCount) {
  std::vector<WeightedTerm> terms = pixels();
  // Darkness only.
  terms[0].weight = 0;
  terms.push_back({"dark", [](const Tensor& picture) { return picture.mean(); }, 1});
  const Refinement found = refine_w_plus(*model_, start_, terms, statistics_, config_, job_);
  EXPECT_LT(model_->synthesise(found.w_plus).mean().item<double>(),
            model_->synthesise(start_).mean().item<double>() - 0.1);
}

TEST_F(RefineWPlus, AStopGivesTheBestSoFar) {
  StoppingJob job(7);
  const Refinement found = refine_w_plus(*model_, start_, pixels(), statistics_, config_, job);
  EXPECT_TRUE(found.cancelled);
  EXPECT_EQ(found.steps, 7);
  EXPECT_LT(error_of(found.w_plus), error_of(start_));
}

TEST_F(RefineWPlus, RecoversFromALossThatIsNotFiniteAndGivesUpInTheEnd) {
  int64_t calls = 0;
  std::vector<WeightedTerm> terms = pixels();
  terms.push_back({"once", [&calls](const Tensor& picture) {
                     const double value =
                         ++calls == 5 ? std::numeric_limits<double>::quiet_NaN() : 0;
                     return picture.mean() * value;
                   }});
  const Refinement found = refine_w_plus(*model_, start_, terms, statistics_, config_, job_);
  EXPECT_EQ(found.steps, 179);
  EXPECT_LT(error_of(found.w_plus), 0.1 * error_of(start_));
  terms.back().term = [](const Tensor& picture) {
    return picture.mean() * std::numeric_limits<double>::quiet_NaN();
  };
  try {
    refine_w_plus(*model_, start_, terms, statistics_, config_, job_);
    FAIL() << "should have given up";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::numeric);
  }
}

TEST_F(RefineWPlus, StopsWhenNothingIsGained) {
  config_.stages = {{32, 500}};
  config_.patience = 10;
  const std::vector<WeightedTerm> flat{
      {"flat", [](const Tensor& picture) { return picture.mean() * 0; }, 1}};
  config_.start_weight = config_.mean_weight = config_.delta_weight = 0;
  EXPECT_LE(refine_w_plus(*model_, start_, flat, statistics_, config_, job_).steps, 11);
}

TEST_F(RefineWPlus, StagesKeepTheirProportions) {
  const std::vector<RefineStage> stages = stages_of({{128, 60}, {256, 90}, {0, 10}}, 32);
  EXPECT_EQ(stages[0].steps, 12);
  EXPECT_EQ(stages[1].steps, 18);
  EXPECT_EQ(stages[2].steps, 2);
  EXPECT_EQ(stages_of({{128, 60}, {256, 90}, {0, 10}}, 1)[2].steps, 1);
}

TEST_F(RefineWPlus, AStartOfAnotherShapeIsRefused) {
  EXPECT_THROW(refine_w_plus(*model_, start_.narrow(1, 0, 3), pixels(), statistics_, config_, job_),
               Error);
}

}  // namespace
}  // namespace vane
