// SPDX-License-Identifier: Apache-2.0
#include "editing/inversion/projector.h"

#include <cmath>
#include <numbers>

#include "engine/base/error.h"
#include "engine/run/adam.h"

namespace vane {
namespace {

double share(const ProjectorConfig& config, int64_t step) {
  return static_cast<double>(step) / static_cast<double>(config.steps);
}

Tensor normal_like(const Tensor& tensor, Rng rng) {
  Tensor out = at::empty(tensor.sizes());
  for (float& value : std::span(out.mutable_data_ptr<float>(), size_t(out.numel()))) {
    value = rng.normal();
  }
  return out;
}

Tensor view_of(const StyleGenerator& generator, const StyleGan2* with_noise, const Tensor& w,
               const NoiseMaps& noise, int64_t view) {
  const int64_t side = std::min(view, generator.size());
  if (with_noise == nullptr) return generator.synthesise_at(w, side);
  const Tensor picture = with_noise->synthesise(w, noise);
  return picture.size(2) > side ? at::adaptive_avg_pool2d(picture, {side, side}) : picture;
}

}  // namespace

double projector_rate(const ProjectorConfig& config, int64_t step) {
  const double t = share(config, step);
  const double down = std::min(1.0, (1 - t) / config.rate_ramp_down);
  return config.learning_rate * (0.5 - 0.5 * std::cos(std::numbers::pi * down)) *
         std::min(1.0, t / config.rate_ramp_up);
}

double projector_exploration(const ProjectorConfig& config, int64_t step) {
  const double left = std::max(0.0, 1 - share(config, step) / config.exploration_ramp);
  return config.exploration * left * left;
}

Tensor noise_regulariser(const NoiseMaps& maps) {
  Tensor sum = at::zeros({});
  for (Tensor map : maps) {
    for (;;) {
      for (const int64_t axis : {3, 2}) {
        sum = sum + (map * at::roll(map, {1}, {axis})).mean().square();
      }
      if (map.size(2) <= 8) break;
      map = at::avg_pool2d(map, 2);
    }
  }
  return sum;
}

void normalise_noise(const NoiseMaps& maps) {
  const at::NoGradGuard no_grad;
  for (const Tensor& map : maps) {
    Tensor values = map.detach();
    values.sub_(values.mean());
    values.mul_(values.square().mean().rsqrt());
  }
}

Projection project(const StyleGenerator& generator, const std::vector<WeightedTerm>& distance,
                   const LatentStatistics& statistics, const ProjectorConfig& config, Job& job) {
  if (config.steps < 1) throw Error(ErrorCode::usage, "the projector needs a step");
  const at::AutoGradMode gradients(true);
  const auto* with_noise = dynamic_cast<const StyleGan2*>(&generator);
  const Rng rng(config.seed);
  const Tensor w = statistics.mean.view({1, 1, -1})
                       .repeat({1, config.rows ? generator.rows() : 1, 1})
                       .requires_grad_(true);
  AdamGroup group;
  group.options.learning_rate = 1;  // the schedule says the rate
  group.parameters.emplace_back("w", w);
  Projection result;
  if (with_noise != nullptr) {
    result.noise = with_noise->noise(NoiseMode::random, 1, rng.fork("maps"));
    for (size_t i = 0; i < result.noise.size(); ++i) {
      group.parameters.emplace_back("noise" + std::to_string(i),
                                    result.noise[i].requires_grad_(true));
    }
  }
  Adam optimiser({group});
  for (int64_t step = 0; step < config.steps; ++step) {
    if (job.stop_requested()) {
      result.cancelled = true;
      break;
    }
    const double spread = statistics.deviation * projector_exploration(config, step);
    const Tensor noisy = w + spread * normal_like(w, rng.fork("exploration", uint64_t(step)));
    const Tensor rows = noisy.expand({1, generator.rows(), generator.w_dim()});
    const Tensor picture = view_of(generator, with_noise, rows, result.noise, config.view);
    Tensor loss = config.noise_weight * noise_regulariser(result.noise);
    for (const WeightedTerm& term : distance) loss = loss + term.weight * term.term(picture);
    const double value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw Error(ErrorCode::numeric, "the loss is not finite at step " + std::to_string(step + 1));
    }
    result.losses.push_back(value);
    result.rates.push_back(projector_rate(config, step));
    optimiser.step(torch::autograd::grad({loss}, optimiser.parameters(), {}, {}, false, true),
                   result.rates.back());
    normalise_noise(result.noise);
    job.metric("loss", step, value);
    job.progress(step + 1, config.steps, "projecting");
  }
  result.w_plus = w.detach().expand({1, generator.rows(), generator.w_dim()}).contiguous();
  for (Tensor& map : result.noise) map = map.detach();
  return result;
}

}  // namespace vane
