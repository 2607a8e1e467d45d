// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sentences that are true of a scene.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "generators/toybox/toy_scene.h"

namespace vane {

/// A statement that a caption makes: thing < 0 speaks of the whole scene.
struct ToyClaim {
  int thing = -1;
  ToyAttribute attribute;
};

struct ToyCaption {
  std::string text;
  /// Everything that the text says beyond which things there are; all of it holds.
  std::vector<ToyClaim> claims;
};

/// A random true caption in one of many wordings; names every thing, and some attributes of each.
ToyCaption toy_caption(const ToyScene& scene, Rng& rng);

/// {"kind", "seed", "light", "background", "things": [{"id", "kind", attributes…}]}
nlohmann::ordered_json toy_attributes_json(const ToyScene& scene);

}  // namespace vane
