// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whole scenes from a seed.

#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "generators/toybox/toy_scene.h"

namespace vane {

struct ToyWish {
  /// "any", "character", "portrait" (a character's head and chest), "close-up" (its face fills the
  /// picture), "still-life" or "scene" (a character among objects).
  std::string kind = "any";
  /// "any" or a name of ToyLight.
  std::string light = "any";
  int width = 64, height = 64;
  /// Attributes that the character (or, without one, every object) is to have whatever was drawn:
  /// {"mouth", "smile"}. Scenes that differ here only differ in nothing else.
  std::vector<ToyAttribute> set = {};
};

/// Scene `index` of the world of `seed`; the same arguments give the same scene. The picture's size
/// changes its camera only. Throws Error{usage} for an unknown kind, light or
/// attribute.
ToyScene make_toy_scene(uint64_t seed, uint64_t index, const ToyWish& wish);

/// The light of that name falling on what is seen by a camera that looks along +y.
ToyLight toy_light(const std::string& name);

/// `count` cameras around the scene at the distance of its own: a ring of three heights, evenly
/// spread; the first is near the scene's own camera.
std::vector<ToyCamera> toy_orbit(const ToyScene& scene, int count);

}  // namespace vane
