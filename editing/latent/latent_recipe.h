// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an edit of a latent did, as a document that repeats it bit for bit.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "editing/latent/latent_move.h"
#include "engine/base/limits.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// One target of an edit, for people.
struct LatentStep {
  std::string target;  // "from → to", a file, a direction's kind
  double alpha = 0, beta = 0, gain = 0;
  int64_t channels = 0;

  template <class V>
  static void fields(V& v) {
    using C = LatentStep;
    v.field("target", &C::target, "what was asked for");
    v.field("alpha", &C::alpha, "multiple of the method's move, strength included");
    v.field("beta", &C::beta, "relevance below which channels stayed");
    v.field("channels", &C::channels, "channels that moved");
    v.field("gain", &C::gain, "of the guiding CLIP on previews, at strength 1");
  }
};

struct LatentRecipe {
  std::string generator, latent, clip;  // content hashes; of the latent by its numbers
  std::string method;
  double strength = 1;
  uint64_t seed = 0;
  std::vector<LatentStep> steps;
  LatentMove move;  // all of it, strength included
  Tensor mask;      // [1,1,h,w] in steps of 1/255, not feathered; undefined without one
};

/// Hash of the numbers of a latent.
std::string latent_hash(const Tensor& w_plus);

/// YAML; written whole or not at all.
void save_recipe(const std::filesystem::path& path, const LatentRecipe& recipe);
/// Throws Error{input} when the file cannot be read, Error{config} with line and column for what is
/// no recipe, Error{checkpoint} for one of another generator or for numbers that do not fit it.
LatentRecipe load_recipe(const std::filesystem::path& path, const StyleGenerator& generator,
                         const Limits& limits = {});

}  // namespace vane
