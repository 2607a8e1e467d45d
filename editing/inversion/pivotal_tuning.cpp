// SPDX-License-Identifier: Apache-2.0
#include "editing/inversion/pivotal_tuning.h"

#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "engine/run/adam.h"

namespace vane {
namespace {

constexpr double kTruncation = 0.5;  // of the latents that locality is asked at

/// Each tensor with the rate that a step of the trained numbers is for it.
Adam adam_of(const std::vector<TunableTensor>& tensors, double rate) {
  std::vector<AdamGroup> groups;
  for (const TunableTensor& tensor : tensors) {
    AdamGroup group;
    group.options.learning_rate = rate * tensor.scale;
    group.parameters.emplace_back(tensor.name, tensor.value);
    groups.push_back(std::move(group));
  }
  return Adam(std::move(groups));
}

std::vector<Tensor> values_of(const std::vector<TunableTensor>& tensors) {
  std::vector<Tensor> values;
  for (const TunableTensor& tensor : tensors) values.push_back(tensor.value.detach().clone());
  return values;
}

/// A latent that far from the pivot towards a random one.
Tensor nearby_latent(const StyleGenerator& generator, const Tensor& pivot,
                     const PivotalTuningConfig& config, int64_t step) {
  const Tensor w =
      generator.truncate(generator.map(generator.sample_z(config.seed, step)), kTruncation);
  const Tensor way = w.unsqueeze(1) - pivot;
  return pivot + config.locality_radius * way / way.norm(2, {2}, true).clamp_min(1e-8);
}

}  // namespace

PivotalTuning tune_pivot(const StyleGenerator& generator, const Tensor& pivot,
                         const std::vector<WeightedTerm>& terms, const PivotalTuningConfig& config,
                         Job& job, const PictureDistance& distance) {
  if (terms.empty()) throw Error(ErrorCode::usage, "nothing says what the tuning is to bring down");
  const at::AutoGradMode gradients(true);
  PivotalTuning result;
  std::unique_ptr<StyleGenerator> tuned = generator.clone();
  std::vector<TunableTensor> tensors = tuned->tunable();
  for (TunableTensor& tensor : tensors) {
    tensor.value = tensor.value.detach().clone().requires_grad_(true);
  }
  std::vector<Tensor> slots;
  for (const TunableTensor& tensor : tensors) slots.push_back(tensor.value);
  tuned->set_tunable(slots);
  Adam optimiser = adam_of(tensors, config.learning_rate);
  std::vector<Tensor> best = values_of(tensors);
  double lowest = std::numeric_limits<double>::infinity();
  for (int64_t step = 0; step < config.steps; ++step) {
    if (job.stop_requested()) {
      result.cancelled = true;
      break;
    }
    const Tensor picture = tuned->synthesise(pivot);
    const Tensor first = terms.front().term(picture);
    Tensor loss = terms.front().weight * first;
    for (size_t i = 1; i < terms.size(); ++i) {
      loss = loss + terms[i].weight * terms[i].term(picture);
    }
    const double value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw Error(ErrorCode::numeric, "the loss is not finite at step " + std::to_string(step + 1));
    }
    result.losses.push_back(value);
    result.distances.push_back(first.item<double>());
    job.metric("loss", step, value);
    job.progress(step + 1, config.steps, "tuning");
    if (value < lowest) {
      lowest = value;
      best = values_of(tensors);
    }
    if (result.distances.back() <= config.enough) break;
    if (config.locality) {
      const Tensor nearby = nearby_latent(generator, pivot, config, step);
      Tensor original;
      {
        const at::NoGradGuard no_grad;
        original = generator.synthesise(nearby);
      }
      const Tensor now = tuned->synthesise(nearby);
      Tensor kept = 4 * (now - original).square().mean();
      if (distance) kept = kept + distance(now, original);
      loss = loss + config.locality_weight * kept;
    }
    optimiser.step(torch::autograd::grad({loss}, optimiser.parameters(), {}, {}, false, true));
  }
  tuned->set_tunable(best);
  result.generator = std::move(tuned);
  return result;
}

}  // namespace vane
