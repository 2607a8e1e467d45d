// SPDX-License-Identifier: Apache-2.0
#pragma once
// A network under Adam together with the running average of its weights, which is what is measured
// and saved.

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/run/adam.h"
#include "engine/run/checkpoint.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// Network: whatever visit_parameters() shows the tensors of.
template <class Network>
class AveragedNetwork {
 public:
  /// The schedule gives the rate of each step, so that of `options` should be 1. `decay`: share of
  /// the average that a step leaves, less in the first steps.
  AveragedNetwork(Network network, const AdamOptions& options, double decay)
      : network_(std::move(network)), optimiser_({group_of(network_, options)}), decay_(decay) {
    visit_parameters(network_, [&](const std::string& name, Tensor& tensor, const auto&) {
      average_[name] = tensor.detach().clone();
    });
  }

  const Network& learning() const { return network_; }
  int64_t steps() const { return optimiser_.steps(); }

  /// The derivative of the loss for every parameter; undefined where it plays no part, as rows of a
  /// level that a small generator has not.
  std::vector<Tensor> gradients(const Tensor& loss) const {
    return torch::autograd::grad({loss}, optimiser_.parameters(), {}, {}, false,
                                 /*allow_unused=*/true);
  }

  void step(const std::vector<Tensor>& gradients, double rate) {
    optimiser_.step(gradients, rate);
    const at::NoGradGuard no_grad;
    const auto n = static_cast<double>(steps());
    const double decay = std::min(decay_, (1 + n) / (10 + n));
    visit_parameters(network_, [&](const std::string& name, Tensor& tensor, const auto&) {
      average_[name].lerp_(tensor.detach(), 1 - decay);
    });
  }

  /// Shares the averaged tensors.
  Network averaged() const {
    Network network = network_;
    visit_parameters(network, [&](const std::string& name, Tensor& tensor, const auto&) {
      tensor = average_.at(name);
    });
    return network;
  }

  Checkpoint checkpoint() const {
    Checkpoint saved;
    saved.step = steps();
    Network network = network_;  // shares the tensors
    visit_parameters(network, [&](const std::string& name, Tensor& tensor, const auto&) {
      saved.tensors["model." + name] = tensor.detach();
    });
    for (const auto& [name, tensor] : average_) saved.tensors["average." + name] = tensor;
    for (const auto& [name, tensor] : optimiser_.state()) saved.tensors["adam." + name] = tensor;
    return saved;
  }

  /// Throws Error{checkpoint} when a tensor is missing or has another shape.
  void restore(const Checkpoint& saved) {
    visit_parameters(network_, [&](const std::string& name, Tensor& tensor, const auto&) {
      restore_tensor(saved, "model." + name, tensor);
    });
    for (const auto& [name, tensor] : average_) restore_tensor(saved, "average." + name, tensor);
    optimiser_.restore(tensors_under(saved, "adam."));
  }

 private:
  static AdamGroup group_of(Network& network, const AdamOptions& options) {
    AdamGroup group;
    group.options = options;
    visit_parameters(network, [&](const std::string& name, Tensor& tensor, const auto&) {
      tensor.requires_grad_(true);
      group.parameters.emplace_back(name, tensor);
    });
    return group;
  }

  Network network_;
  Adam optimiser_;
  double decay_;
  std::map<std::string, Tensor> average_;
};

/// Scales gradients down to a norm of at most `most`, all together.
void clip_gradients(std::vector<Tensor>& gradients, double most);

}  // namespace vane
