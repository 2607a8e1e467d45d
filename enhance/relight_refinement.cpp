// SPDX-License-Identifier: Apache-2.0
#include "enhance/relight_refinement.h"

#include "engine/run/adam.h"
#include "guidance/clip_residual.h"
#include "guidance/total_variation.h"

namespace vane {
namespace {

/// A change of so many stops is as far as this much of haze.
constexpr double kHazeOfStop = 1.0 / 40;
constexpr double kLeastStops = -1, kMostStops = 5, kMostHaze = 0.1;

/// What Adam moves: stops and haze at the knots, both in stops.
class Change {
 public:
  Change(const RelightEstimate& predicted, const RefinementOptions& options)
      : predicted_(predicted), reach_(options.reach) {
    const auto knots = [&](int64_t side) { return std::max<int64_t>(2, side / options.cell); };
    const int64_t rows = knots(predicted.stops.size(2)), columns = knots(predicted.stops.size(3));
    stops_ = at::zeros({1, 1, rows, columns}, predicted.stops.options()).requires_grad_(true);
    haze_ = at::zeros_like(stops_).requires_grad_(true);
  }

  AdamGroup group(double learning_rate) const {
    AdamGroup group;
    group.options.learning_rate = learning_rate;
    group.parameters = {{"stops", stops_}, {"haze", haze_}};
    return group;
  }

  RelightEstimate light() const {
    RelightEstimate light;
    light.stops = at::clamp(predicted_.stops + spread(stops_), kLeastStops, kMostStops);
    light.haze = at::clamp(predicted_.haze + kHazeOfStop * spread(haze_), 0, kMostHaze);
    return light;
  }

  Tensor squared_distance() const {
    return spread(stops_).square().mean() + spread(haze_).square().mean();
  }

  /// Back within reach after a step.
  void hold() {
    const at::NoGradGuard no_grad;
    stops_.clamp_(-reach_, reach_);
    haze_.clamp_(-reach_, reach_);
  }

 private:
  Tensor spread(const Tensor& knots) const {
    return at::upsample_bilinear2d(knots, predicted_.stops.sizes().slice(2), true);
  }

  const RelightEstimate& predicted_;
  double reach_;
  Tensor stops_, haze_;
};

}  // namespace

Refinement refined_light(const std::shared_ptr<const ClipEncoder>& clip, const Direction& residual,
                         const RelightView& view, const RelightEstimate& predicted,
                         const RefinementOptions& options, Job& job) {
  const at::AutoGradMode differentiate(true);
  const std::unique_ptr<ClipResidual> rave = whole_picture_residual(clip, residual);
  Change change(predicted, options);
  Adam optimiser({change.group(options.learning_rate)});
  Refinement best{predicted, 0, 0};
  for (int64_t step = 0; step <= options.steps; ++step) {
    job.check_cancelled();
    job.progress(step, options.steps, "refining");
    const RelightEstimate light = change.light();
    // What continues a sliver is not shown.
    const Tensor rendering =
        relit_by(light, view.colours, view.guide).slice(2, 0, view.height).slice(3, 0, view.width);
    Evaluation evaluation;
    evaluation.image = rendering;
    const Tensor loss =
        score_of("refinement", rave->evaluate(evaluation).total +
                                   options.closeness * change.squared_distance() +
                                   options.smoothness * total_variation(light.stops, "mean"))
            .total;
    const double value = loss.item<double>();
    if (step == 0) best.before = best.after = value;
    if (value < best.after) {
      best.after = value;
      best.light = {light.stops.detach(), light.haze.detach()};
    }
    if (step == options.steps) break;
    optimiser.step(torch::autograd::grad({loss}, optimiser.parameters()));
    change.hold();
  }
  return best;
}

}  // namespace vane
