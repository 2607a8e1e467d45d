// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an edit is asked to achieve, as a differentiable number with named parts.

#include <memory>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// One look at the current state of an edit. Image tensors are [N,3,H,W] in [0,1].
struct Evaluation {
  Tensor image;   // requires grad
  Tensor source;  // what it was before, or undefined
  Tensor mask;    // [N,1,H,W] in [0,1], or undefined
  int64_t step = 0, steps = 1;
  Rng rng{0};  // crops and augmentations of this step draw from forks of it
};

/// `value` is 0-dim and unweighted.
struct Term {
  std::string name;
  Tensor value;
  float weight = 1.f;
};

/// total == sum of weight * value.
struct Score {
  Tensor total;
  std::vector<Term> terms;
};

/// A term or a stack of terms. Knows no generator; differentiable in `image` only.
class Objective {
 public:
  virtual ~Objective() = default;
  /// Throws Error{usage} when a needed part of the evaluation is missing, Error{numeric} when a
  /// term is not finite (naming it).
  virtual Score evaluate(const Evaluation& evaluation) = 0;
  virtual bool needs_source() const { return false; }
};

/// Score of a single unweighted term. Throws Error{numeric} naming it when it is not finite.
Score score_of(const std::string& name, const Tensor& value);

/// The source picture of an evaluation, expanded to the batch of the image; constant.
/// Throws Error{usage} naming `term` when there is none or its size differs.
Tensor source_of(const Evaluation& evaluation, const std::string& term);

/// What the edit shows: the image where the mask is 1, the source where it is 0; the image itself
/// without a mask. Throws Error{usage} for a mask without a source or of another size.
Tensor visible_image(const Evaluation& evaluation);

}  // namespace vane
