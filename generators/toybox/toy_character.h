// SPDX-License-Identifier: Apache-2.0
#pragma once
// Toy people: a big head on a small body.

#include <string>
#include <string_view>

#include "engine/base/rng.h"
#include "generators/toybox/toy_builder.h"

namespace vane {

/// Centre of the head of a character that stands at the origin.
inline constexpr Vec3 kToyHead{0, 0, 1.32f};

/// What can be said about a character; each field is an attribute of the same name.
struct ToyCharacter {
  std::string skin = "light";         // pale, light, tan, brown, dark
  std::string hair = "short";         // bald, short, long, curly
  std::string hair_colour = "brown";  // black, brown, blond, ginger, grey, white, pink, blue
  std::string mouth = "smile";        // smile, neutral, frown, open
  std::string glasses = "none";       // none, glasses, sunglasses
  std::string beard = "none";         // none, beard, moustache
  std::string hat = "none";           // none, cap, top hat, beanie, party hat, sun hat
  std::string hat_colour = "red";     // meaningless without a hat
  std::string clothes_colour = "blue";
  std::string clothes_pattern = "plain";  // plain, striped, dotted
  std::string pose = "standing";          // standing, waving
  std::string facing = "forward";         // forward, left, right: as the viewer sees it
};

/// Sets the field called `key`. Throws Error{usage} for an unknown one.
void set_attribute(ToyCharacter& character, std::string_view key, const std::string& value);

/// Draws every field; likely combinations are as frequent as they look natural.
ToyCharacter random_character(Rng& rng);

/// Adds the character as one thing. `place.turn` 0 faces -y; `facing` does not turn it further.
void add_character(ToyScene& scene, const ToyCharacter& character, const ToyPlace& place);

}  // namespace vane
