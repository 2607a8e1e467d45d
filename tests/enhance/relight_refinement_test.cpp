// SPDX-License-Identifier: Apache-2.0
// Oracle: the objective written out again by plain loops, for an encoder that is a matrix.
#include "enhance/relight_refinement.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "tests/support/linear_clip.h"

namespace vane::testing {
namespace {

/// Cancels after so many steps were reported.
class StopsAfter final : public Job {
 public:
  explicit StopsAfter(int64_t steps) : steps_(steps) {}
  bool stop_requested() const noexcept override { return seen_ >= steps_; }
  void progress(int64_t done, int64_t total, std::string_view) override {
    seen_ = done;
    EXPECT_EQ(total, 12);
  }
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}
  int64_t seen() const { return seen_; }

 private:
  int64_t steps_, seen_ = 0;
};

class RelightRefinement : public ::testing::Test {
 protected:
  RelightRefinement() {
    view_.colours = uniform_tensor({1, 3, 24, 32}, 3, 0.05f, 0.6f);
    view_.guide = guide_of(view_.colours);
    view_.width = 32;
    view_.height = 20;  // four rows continue it
    predicted_.stops = uniform_tensor({1, 1, 24, 32}, 4, 0.2f, 1.f);
    predicted_.haze = uniform_tensor({1, 1, 24, 32}, 5, 0.f, 0.03f);
    residual_.vector = unit(normal_tensor({12}, 6));
    residual_.tau = 0.4f;
  }

  Refinement refined(const RefinementOptions& options) const {
    QuietJob job;
    return refined_light(clip_, residual_, view_, predicted_, options, job);
  }

  /// The objective at `light`, where nothing was clamped.
  double objective(const RelightEstimate& light, const RefinementOptions& options) const {
    const at::NoGradGuard no_grad;
    const Tensor y = relit_by(light, view_.colours, view_.guide).slice(2, 0, 20);
    const double along =
        at::dot(clip_->image_features(y).flatten(), residual_.vector).item<double>();
    const auto at = [](const Tensor& plane, int row, int column) {
      return double{plane.const_data_ptr<float>()[row * 32 + column]};
    };
    double moved = 0, rows = 0, columns = 0;
    for (int row = 0; row < 24; ++row) {
      for (int column = 0; column < 32; ++column) {
        const double stops = at(light.stops, row, column);
        moved += std::pow(stops - at(predicted_.stops, row, column), 2);
        moved += std::pow(40 * (at(light.haze, row, column) - at(predicted_.haze, row, column)), 2);
        if (row > 0) rows += std::abs(stops - at(light.stops, row - 1, column));
        if (column > 0) columns += std::abs(stops - at(light.stops, row, column - 1));
      }
    }
    return std::pow(along - 0.4, 2) + options.closeness * moved / (24 * 32) +
           options.smoothness * (rows / (23 * 32) + columns / (24 * 31));
  }

  std::shared_ptr<LinearClip> clip_ = std::make_shared<LinearClip>();
  RelightView view_;
  RelightEstimate predicted_;
  Direction residual_;
};

TEST_F(RelightRefinement, LowersItsObjectiveAndTellsIt) {
  // Haze starts high enough that none is clamped at 0.
  predicted_.haze = predicted_.haze + 0.03;
  const RefinementOptions options{.steps = 40, .closeness = 1e-3, .smoothness = 1e-3};
  const Refinement found = refined(options);
  EXPECT_NEAR(found.before, objective(predicted_, options), 1e-6);
  EXPECT_NEAR(found.after, objective(found.light, options), 1e-5);
  EXPECT_LT(found.after, 0.9 * found.before);
}

TEST_F(RelightRefinement, IsTheSameEveryTime) {
  const Refinement once = refined({.steps = 7}), again = refined({.steps = 7});
  EXPECT_TRUE(at::equal(once.light.stops, again.light.stops));
  EXPECT_TRUE(at::equal(once.light.haze, again.light.haze));
  EXPECT_EQ(once.after, again.after);
}

TEST_F(RelightRefinement, NeverLeavesThePredictionForSomethingWorse) {
  // Steps of many stops overshoot: whatever they find, the best that was seen is kept.
  for (const double rate : {0.03, 3.0}) {
    double last = 1e9;
    for (const int64_t steps : {0, 1, 4, 12}) {
      const Refinement found =
          refined({.steps = steps, .learning_rate = rate, .closeness = 5, .reach = 6});
      EXPECT_LE(found.after, found.before);
      EXPECT_LE(found.after, last);
      last = found.after;
      if (steps == 0) {
        EXPECT_TRUE(at::equal(found.light.stops, predicted_.stops));
      }
    }
  }
}

TEST_F(RelightRefinement, StaysWithinReachAndWithinWhatTheNetworkCanSay) {
  residual_.tau = 1;
  const Refinement found =
      refined({.steps = 12, .learning_rate = 1, .closeness = 0, .reach = 0.25});
  const Tensor moved = (found.light.stops - predicted_.stops).abs();
  EXPECT_GT(moved.max().item<double>(), 0.1);
  EXPECT_LE(moved.max().item<double>(), 0.25 + 1e-6);
  EXPECT_LE((found.light.haze - predicted_.haze).abs().max().item<double>(), 0.25 / 40 + 1e-7);
  EXPECT_GE(found.light.haze.min().item<double>(), 0);
}

TEST_F(RelightRefinement, StopsBetweenStepsAndRefusesADirectionWithoutAThreshold) {
  StopsAfter job(3);
  EXPECT_THROW(refined_light(clip_, residual_, view_, predicted_, {.steps = 12}, job), Cancelled);
  EXPECT_EQ(job.seen(), 3);
  residual_.tau = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(refined({.steps = 1}), Error);
}

}  // namespace
}  // namespace vane::testing
