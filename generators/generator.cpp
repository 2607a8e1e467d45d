// SPDX-License-Identifier: Apache-2.0
#include "generators/generator.h"

#include "engine/base/error.h"

namespace vane {

Latent Generator::sample(int64_t, Rng&) const {
  throw Error(ErrorCode::usage, "generator " + info().name + " cannot draw samples")
      .with_hint("it edits a picture that exists; use vane edit");
}

std::vector<Move> Generator::moves() const { return {}; }

Tensor Generator::prior(const Latent&) const { return at::zeros({}); }

}  // namespace vane
