// SPDX-License-Identifier: Apache-2.0
// The method `vane`: the relight network, taught by pairs and by RAVE's residual vector.
#include <future>

#include "editing/training/enhance_learner.h"
#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "generators/relight/relight_fields.h"
#include "generators/relight/relight_network.h"
#include "guidance/total_variation.h"

namespace vane {
namespace {

RelightNetwork first_weights(const EnhanceTrainingConfig& config) {
  if (config.start.empty()) return initial_relight_network(Rng(config.seed).fork("weights"));
  RelightNetwork network = load_relight_network(config.start / "relight.safetensors");
  // What was read may be a view of the file.
  visit_parameters(
      network, [](const std::string&, Tensor& tensor, const auto&) { tensor = tensor.clone(); });
  return network;
}

/// Smooth at none.
Tensor charbonnier(const Tensor& difference) { return (difference.square() + 1e-6).sqrt().mean(); }

/// Mean error of the differences between samples 1, 4 and 12 px apart, along both sides. A rim that
/// is a little bright for a few pixels is a small error of samples and a large one of these.
Tensor error_of_edges(const Tensor& result, const Tensor& truth) {
  const Tensor error = result - truth;
  Tensor sum = at::zeros({});
  for (const int64_t lag : {1, 4, 12}) {
    for (const int64_t dim : {2, 3}) {
      const int64_t rest = error.size(dim) - lag;
      sum = sum + charbonnier(error.narrow(dim, lag, rest) - error.narrow(dim, 0, rest));
    }
  }
  return sum / 6;
}

class VaneLearner final : public EnhanceLearner {
 public:
  explicit VaneLearner(const EnhanceLesson& lesson)
      : lesson_(lesson),
        config_(lesson.config),
        network_(first_weights(lesson.config)),
        optimiser_({learning_group(network_, lesson.config.learning_rate)}),
        residual_(whole_picture_residual(lesson.clip, lesson.residual)) {
    visit_parameters(network_, [&](const std::string& name, Tensor& tensor, const auto&) {
      average_[name] = tensor.detach().clone();
    });
  }

  double step(Job&) override {
    const LitPairs pairs = next_pairs();
    const RelightEstimate light = estimate_light(network_, pairs.backlit);
    const Tensor result = relit_by(light, pairs.backlit, guide_of(pairs.backlit));
    Tensor loss = charbonnier(result - pairs.lit);
    if (config_.vane.edges > 0) {
      loss = loss + config_.vane.edges * error_of_edges(result, pairs.lit);
    }
    if (config_.vane.residual > 0 && pairs.changed.any().item<bool>()) {
      Evaluation evaluation;
      evaluation.image = result.index({pairs.changed});
      loss = loss + config_.vane.residual * residual_->evaluate(evaluation).total;
    }
    loss = loss + config_.vane.smooth * total_variation(light.stops, "mean") +
           config_.vane.haze * light.haze.mean();
    const double value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw Error(ErrorCode::numeric,
                  "the loss is not finite at step " + std::to_string(steps() + 1))
          .with_hint("resume from the last checkpoint with a lower learning rate");
    }
    const double rate = warmup_cosine(steps(), config_.steps, config_.warmup, 0.01);
    std::vector<Tensor> gradients = torch::autograd::grad({loss}, optimiser_.parameters());
    clip_norm(gradients);
    optimiser_.step(gradients, rate);
    update_average();
    return value;
  }

  int64_t steps() const override { return optimiser_.steps(); }

  Tensor enhanced(const Tensor& pictures) const override {
    const at::NoGradGuard no_grad;
    const RelightNetwork network = averaged();
    return relit_by(estimate_light(network, pictures), pictures, guide_of(pictures));
  }

  Checkpoint checkpoint() const override {
    Checkpoint saved;
    saved.step = steps();
    RelightNetwork network = network_;
    visit_parameters(network, [&](const std::string& name, Tensor& tensor, const auto&) {
      saved.tensors["model." + name] = tensor.detach();
    });
    for (const auto& [name, tensor] : average_) saved.tensors["average." + name] = tensor;
    for (const auto& [name, tensor] : optimiser_.state()) saved.tensors["adam." + name] = tensor;
    return saved;
  }

  void restore(const Checkpoint& saved) override {
    visit_parameters(network_, [&](const std::string& name, Tensor& tensor, const auto&) {
      restore_tensor(saved, "model." + name, tensor);
    });
    for (const auto& [name, tensor] : average_) restore_tensor(saved, "average." + name, tensor);
    optimiser_.restore(tensors_under(saved, "adam."));
  }

  void save(const std::filesystem::path& folder) const override {
    std::map<std::string, Tensor> halves;
    for (const auto& [name, tensor] : average_) halves[name] = tensor.to(at::kHalf);
    save_tensors(folder / "relight.safetensors", halves);
    save_direction(folder / "direction.safetensors", lesson_.residual);
  }

 private:
  /// The batch of this step; the next one is made meanwhile.
  LitPairs next_pairs() {
    const auto make = [this](int64_t step) {
      const at::NoGradGuard no_grad;
      return pairs_of(*lesson_.pictures.source, static_cast<uint64_t>(step * config_.batch),
                      config_.batch);
    };
    LitPairs pairs = next_.valid() ? next_.get() : make(steps());
    next_ = std::async(std::launch::async, make, steps() + 1);
    return pairs;
  }

  static void clip_norm(std::vector<Tensor>& gradients) {
    double square = 0;
    for (const Tensor& g : gradients) square += g.square().sum().item<double>();
    const double factor = 1.0 / std::max(1.0, std::sqrt(square));
    for (Tensor& g : gradients) g = g * factor;
  }

  void update_average() {
    const at::NoGradGuard no_grad;
    const auto n = static_cast<double>(steps());
    const double decay = std::min(config_.vane.average_decay, (1 + n) / (10 + n));
    visit_parameters(network_, [&](const std::string& name, Tensor& tensor, const auto&) {
      average_[name].lerp_(tensor, 1 - decay);
    });
  }

  RelightNetwork averaged() const {
    RelightNetwork network = network_;
    visit_parameters(network, [&](const std::string& name, Tensor& tensor, const auto&) {
      tensor = average_.at(name);
    });
    return network;
  }

  const EnhanceLesson& lesson_;
  const EnhanceTrainingConfig& config_;
  RelightNetwork network_;
  Adam optimiser_;
  std::map<std::string, Tensor> average_;
  std::unique_ptr<ClipResidual> residual_;
  std::future<LitPairs> next_;
};

}  // namespace

std::unique_ptr<EnhanceLearner> make_vane_learner(const EnhanceLesson& lesson) {
  return std::make_unique<VaneLearner>(lesson);
}

}  // namespace vane
