// SPDX-License-Identifier: Apache-2.0
#pragma once
// A linear layer that remembers its weights in the order in which the processor multiplies them.

#include <memory>

#include "engine/tensor/fwd.h"

namespace vane {

/// What follows the product, in the same pass over memory.
enum class AfterLinear { nothing, silu, gelu, gelu_tanh };

/// f(weight_scale * x W^T + bias_scale * b). The first calls multiply plainly, since a program that
/// embeds one picture would pay more for reordering than it gains; from the third call without
/// gradients on, oneDNN's blocked weights are used (1.6 times faster for 50 rows of ViT-B/32), at
/// the price of a second copy of W, unless W is a view of a mapped file, whose pages are then given
/// back. Calls that record gradients, other devices, other types and a
/// LibTorch without oneDNN always multiply plainly. The same result to rounding either way.
///
/// Copies share the reordered weights. Those belong to one W, b and pair of scales and are never
/// used while a gradient is recorded. Replacing W or b, writing into them in place (except in
/// inference mode, which does not count writes) and other scales make them anew.
class PackedLinear {
 public:
  struct Scales {
    double weight = 1, bias = 1;
  };

  PackedLinear();
  /// x [...,in] float32, W [out,in], b [out] -> [...,out].
  Tensor operator()(const Tensor& x, const Tensor& weight, const Tensor& bias, AfterLinear after,
                    Scales scales) const;
  Tensor operator()(const Tensor& x, const Tensor& weight, const Tensor& bias) const {
    return (*this)(x, weight, bias, AfterLinear::nothing, Scales());
  }

 private:
  struct Packed;
  std::shared_ptr<Packed> packed_;
};

}  // namespace vane
