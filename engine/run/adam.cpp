// SPDX-License-Identifier: Apache-2.0
#include "engine/run/adam.h"

#include <numbers>

#include "engine/base/error.h"

namespace vane {

Adam::Adam(std::vector<AdamGroup> groups) : groups_(std::move(groups)) {
  for (const AdamGroup& group : groups_) {
    for (const auto& [name, parameter] : group.parameters) {
      moments_.push_back({at::zeros_like(parameter, at::MemoryFormat::Preserve).detach(),
                          at::zeros_like(parameter, at::MemoryFormat::Preserve).detach()});
    }
  }
}

std::vector<Tensor> Adam::parameters() const {
  std::vector<Tensor> all;
  for (const AdamGroup& group : groups_) {
    for (const auto& [name, parameter] : group.parameters) all.push_back(parameter);
  }
  return all;
}

void Adam::step(const std::vector<Tensor>& gradients, double rate_factor) {
  if (gradients.size() != moments_.size()) {
    throw Error(ErrorCode::internal, "optimiser was given another number of gradients");
  }
  const at::NoGradGuard no_grad;
  ++step_;
  size_t i = 0;
  for (AdamGroup& group : groups_) {
    const AdamOptions& o = group.options;
    const double correction1 = 1.0 - std::pow(o.beta1, static_cast<double>(step_));
    const double correction2 = 1.0 - std::pow(o.beta2, static_cast<double>(step_));
    const double rate = o.learning_rate * rate_factor;
    for (auto& [name, parameter] : group.parameters) {
      const Tensor& gradient = gradients[i];
      Moments& moments = moments_[i++];
      if (!gradient.defined()) continue;
      moments.first.mul_(o.beta1).add_(gradient, 1.0 - o.beta1);
      moments.second.mul_(o.beta2).addcmul_(gradient, gradient, 1.0 - o.beta2);
      if (o.weight_decay > 0) parameter.mul_(1.0 - rate * o.weight_decay);
      const Tensor denominator = moments.second.sqrt().div_(std::sqrt(correction2)).add_(o.epsilon);
      parameter.addcdiv_(moments.first, denominator, -rate / correction1);
    }
  }
}

std::map<std::string, Tensor> Adam::state() const {
  std::map<std::string, Tensor> state;
  size_t i = 0;
  for (const AdamGroup& group : groups_) {
    for (const auto& [name, parameter] : group.parameters) {
      state[name + ".m"] = moments_[i].first;
      state[name + ".v"] = moments_[i++].second;
    }
  }
  state["step"] = at::full({}, step_, at::kLong);
  return state;
}

void Adam::restore(const std::map<std::string, Tensor>& state) {
  const auto find = [&](const std::string& key, const Tensor& like) -> const Tensor& {
    const auto found = state.find(key);
    if (found == state.end() || found->second.sizes() != like.sizes()) {
      throw Error(ErrorCode::checkpoint, "optimiser state is missing or has another shape")
          .at_key(key);
    }
    return found->second;
  };
  const at::NoGradGuard no_grad;
  size_t i = 0;
  for (const AdamGroup& group : groups_) {
    for (const auto& [name, parameter] : group.parameters) {
      moments_[i].first.copy_(find(name + ".m", parameter));
      moments_[i].second.copy_(find(name + ".v", parameter));
      ++i;
    }
  }
  step_ = find("step", at::zeros({})).item<int64_t>();
}

double warmup_cosine(int64_t step, int64_t steps, int64_t warmup, double floor) {
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double progress = static_cast<double>(step - warmup) /
                          static_cast<double>(std::max<int64_t>(1, steps - warmup));
  return floor + (1.0 - floor) * 0.5 * (1.0 + std::cos(std::numbers::pi * std::min(progress, 1.0)));
}

}  // namespace vane
