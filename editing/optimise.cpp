// SPDX-License-Identifier: Apache-2.0
#include "editing/optimise.h"

#include "engine/base/error.h"
#include "engine/run/adam.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

constexpr int64_t kWarmupSteps = 5;
constexpr int kMaxRestarts = 3;
// Crops make the loss noisy; the best parameters are chosen by this running mean.
constexpr double kLossSmoothing = 0.8;

Latent with_gradients(const Latent& latent, const std::vector<ParameterGroup>& groups) {
  Latent copy{latent.space, {}};
  for (const auto& [name, part] : latent.parts) copy.parts[name] = part.detach().clone();
  for (const ParameterGroup& group : groups) {
    if (!group.enabled) continue;
    for (const std::string& part : group.parts) copy.parts.at(part).requires_grad_(true);
  }
  return copy;
}

Latent snapshot(const Latent& latent) {
  Latent copy{latent.space, {}};
  for (const auto& [name, part] : latent.parts) copy.parts[name] = part.detach().clone();
  return copy;
}

void restore(const Latent& latent, const Latent& saved) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, part] : saved.parts) latent.parts.at(name).detach().copy_(part);
}

Adam make_adam(const Latent& latent, const std::vector<ParameterGroup>& groups, float rate) {
  std::vector<AdamGroup> adam;
  for (const ParameterGroup& group : groups) {
    if (!group.enabled) continue;
    AdamGroup entry;
    entry.options.learning_rate =
        static_cast<double>(group.learning_rate) * static_cast<double>(rate);
    for (const std::string& part : group.parts) {
      entry.parameters.emplace_back(part, latent.parts.at(part));
    }
    adam.push_back(std::move(entry));
  }
  if (adam.empty())
    throw Error(ErrorCode::usage, "no parameter group is enabled, nothing can move");
  return Adam(std::move(adam));
}

bool all_finite(const std::vector<Tensor>& gradients) {
  double norm = 0;
  for (const Tensor& gradient : gradients) {
    if (gradient.defined()) norm += gradient.square().sum().item<double>();
  }
  return std::isfinite(norm);
}

// State of one run; step() does one optimiser step and says whether to go on.
class Run {
 public:
  Run(const Generator& generator, const Latent& start, Objective& objective,
      const Evaluation& evaluation, const OptimiseConfig& config, Job& job)
      : generator_(generator),
        objective_(objective),
        evaluation_(evaluation),
        config_(config),
        job_(job),
        groups_(generator.info().groups),
        latent_(with_gradients(start, groups_)),
        adam_(make_adam(latent_, groups_, config.rate)),
        good_(snapshot(latent_)) {
    result_.latent = good_;
  }

  OptimiseResult run() {
    for (int64_t step = 0; step < config_.steps; ++step) {
      if (job_.stop_requested()) {
        result_.cancelled = true;
        break;
      }
      if (!one_step(step)) break;
      if (config_.patience > 0 && step - best_step_ > config_.patience) break;
    }
    return std::move(result_);
  }

 private:
  // False when numerical trouble ended the run for good.
  bool one_step(int64_t step) {
    Evaluation now = evaluation_;
    now.image = generator_.render(latent_, config_.view_long_side);
    now.step = step;
    now.steps = config_.steps;
    now.rng = Rng(config_.seed).fork("optimise", static_cast<uint64_t>(step));
    Score score;
    try {
      score = objective_.evaluate(now);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::numeric) throw;
      return recover(step, error.what());
    }
    const Tensor loss = score.total + generator_.prior(latent_) * config_.prior_weight;
    const double value = loss.item<double>();
    if (!std::isfinite(value)) return recover(step, "the loss is not finite");
    note(step, value, score);
    if (job_.wants_preview()) job_.preview(tensor_to_image(now.image.detach()), step);
    const std::vector<Tensor> gradients =
        torch::autograd::grad({loss}, adam_.parameters(), {}, {}, false, /*allow_unused=*/true);
    if (!all_finite(gradients)) return recover(step, "a gradient is not finite");
    good_ = snapshot(latent_);
    adam_.step(gradients, rate_ * warmup_cosine(step, config_.steps, kWarmupSteps, 0.05));
    return true;
  }

  void note(int64_t step, double value, const Score& score) {
    smoothed_ = step == 0 ? value : kLossSmoothing * smoothed_ + (1 - kLossSmoothing) * value;
    if (step == 0) {
      result_.first_loss = value;
      best_loss_ = std::numeric_limits<double>::infinity();
    }
    if (smoothed_ < best_loss_ - 1e-7) {
      best_loss_ = smoothed_;
      best_step_ = step;
      result_.latent = snapshot(latent_);
    }
    result_.last_loss = value;
    result_.steps = step + 1;
    result_.terms.clear();
    for (const Term& term : score.terms) {
      result_.terms.emplace_back(term.name, term.value.item<double>());
    }
    job_.metric("loss", step, value);
    job_.progress(step + 1, config_.steps, "optimising");
  }

  bool recover(int64_t step, const std::string& reason) {
    if (++restarts_ > kMaxRestarts) {
      throw Error(ErrorCode::numeric, reason + " at step " + std::to_string(step))
          .with_hint("a lower --rate may help");
    }
    job_.warn(reason + " at step " + std::to_string(step) +
              "; going back one step at half the rate");
    restore(latent_, good_);
    adam_ = make_adam(latent_, groups_, config_.rate);
    rate_ *= 0.5;
    return true;
  }

  const Generator& generator_;
  Objective& objective_;
  const Evaluation& evaluation_;
  const OptimiseConfig& config_;
  Job& job_;
  std::vector<ParameterGroup> groups_;
  Latent latent_;
  Adam adam_;
  Latent good_;
  OptimiseResult result_;
  double rate_ = 1.0, smoothed_ = 0, best_loss_ = 0;
  int64_t best_step_ = 0;
  int restarts_ = 0;
};

}  // namespace

OptimiseResult optimise(const Generator& generator, const Latent& start, Objective& objective,
                        const Evaluation& evaluation, const OptimiseConfig& config, Job& job) {
  return Run(generator, start, objective, evaluation, config, job).run();
}

}  // namespace vane
