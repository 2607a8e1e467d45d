// SPDX-License-Identifier: Apache-2.0
#include "guidance/descent.h"

#include "engine/base/error.h"
#include "engine/run/adam.h"

namespace vane {

Tensor descend(const Tensor& start, const std::function<Tensor(const Tensor&)>& loss,
               const DescentConfig& config, std::vector<double>& losses, Job& job) {
  Tensor point = start.detach().clone().requires_grad_(true), best = start.detach();
  AdamOptions options;
  options.learning_rate = static_cast<double>(config.learning_rate);
  options.weight_decay = static_cast<double>(config.weight_decay);
  Adam adam({{options, {{"point", point}}}});
  double lowest = std::numeric_limits<double>::infinity();
  const auto keep_if_better = [&](double value) {
    if (!(value < lowest)) return;
    lowest = value;
    best = point.detach().clone();
  };
  const at::AutoGradMode differentiate(true);
  for (int64_t step = 0; step < config.iterations && !job.stop_requested(); ++step) {
    const Tensor value = loss(point);
    losses.push_back(value.item<double>());
    if (!std::isfinite(losses.back())) {
      throw Error(ErrorCode::numeric, "the inversion diverged")
          .with_hint("give a smaller --learning-rate");
    }
    keep_if_better(losses.back());
    const Tensor gradient = torch::autograd::grad({value}, {point})[0];
    const at::NoGradGuard no_grad;
    adam.step({gradient});
    job.progress(step + 1, config.iterations, "inverting");
    job.metric("loss", step + 1, losses.back());
  }
  const at::NoGradGuard no_grad;
  keep_if_better(loss(point).item<double>());
  return best;
}

}  // namespace vane
