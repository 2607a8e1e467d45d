// SPDX-License-Identifier: Apache-2.0
#pragma once
// A differentiable map from named parameters to pictures.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/rng.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// Named tensors with a declared space: "develop", "z", "w", "w_plus", "style_space", "x_t",
/// "gaussians", …
struct Latent {
  std::string space;
  std::map<std::string, Tensor> parts;
};

/// Parameters that may be moved together, with the step size that suits them.
struct ParameterGroup {
  std::string name;
  std::vector<std::string> parts;  // keys of Latent::parts
  float learning_rate = 0.01f;
  bool enabled = true;
};

/// One coordinate of a latent and a step along it that a person would call clear but natural.
struct Move {
  std::string part;
  int64_t index = 0;  // into the flattened part
  float step = 0.1f;
};

struct GeneratorInfo {
  std::string name, kind, licence;
  int64_t width = 0, height = 0;  // native size of a rendered picture
  std::vector<ParameterGroup> groups;
};

/// Renders latents; says which parameters may be moved. It does not invert: that is editing/'s.
class Generator {
 public:
  virtual ~Generator() = default;
  virtual GeneratorInfo info() const = 0;
  /// The starting point of an edit: the identity for a photograph, the mean for a face generator.
  virtual Latent initial() const = 0;
  /// Sample i of n depends on (rng, i) only. Throws Error{usage} when the generator has no prior.
  virtual Latent sample(int64_t n, Rng& rng) const;
  /// A batch of views for guidance, at reduced size: [N,3,h,w] in [0,1] with the longer side at
  /// most `long_side`; differentiable in the latent's tensors.
  virtual Tensor render(const Latent& latent, int64_t long_side) const = 0;
  /// The result at native size, not differentiable.
  virtual Tensor render_full(const Latent& latent, Job& job) const = 0;
  /// Coordinates worth trying one by one before a descent; none by default.
  virtual std::vector<Move> moves() const;
  /// Regulariser of the parameters themselves (distance from a natural setting), 0-dim; may be 0.
  virtual Tensor prior(const Latent& latent) const;
};

}  // namespace vane
