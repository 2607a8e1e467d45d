// SPDX-License-Identifier: Apache-2.0
#pragma once
// Adam and AdamW on plain tensors, with a state that can be saved and restored exactly.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/tensor/fwd.h"

namespace vane {

struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  /// Decoupled (AdamW, Loshchilov & Hutter 2019); 0 gives Adam (Kingma & Ba 2015).
  double weight_decay = 0;
};

/// Named parameters that share options. Tensors are updated in place.
struct AdamGroup {
  AdamOptions options;
  std::vector<std::pair<std::string, Tensor>> parameters;
};

class Adam {
 public:
  explicit Adam(std::vector<AdamGroup> groups);

  /// All parameters in order, as torch::autograd::grad wants its inputs.
  std::vector<Tensor> parameters() const;
  /// One update. `gradients` match parameters(); an undefined one leaves its parameter alone.
  /// `rate_factor` multiplies every learning rate (schedules).
  void step(const std::vector<Tensor>& gradients, double rate_factor = 1.0);
  int64_t steps() const { return step_; }

  /// Moments as tensors ("NAME.m", "NAME.v") plus "step"; for checkpoints.
  std::map<std::string, Tensor> state() const;
  /// Throws Error{checkpoint} when a moment is missing or has another shape.
  void restore(const std::map<std::string, Tensor>& state);

 private:
  struct Moments {
    Tensor first, second;
  };
  std::vector<AdamGroup> groups_;
  std::vector<Moments> moments_;
  int64_t step_ = 0;
};

/// Learning-rate factor: linear warm-up from 0, then half a cosine to `floor`.
double warmup_cosine(int64_t step, int64_t steps, int64_t warmup, double floor = 0.0);

}  // namespace vane
