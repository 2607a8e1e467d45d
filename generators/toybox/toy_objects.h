// SPDX-License-Identifier: Apache-2.0
#pragma once
// Everyday things and plain shapes.

#include <span>
#include <string>
#include <string_view>

#include "generators/toybox/toy_builder.h"

namespace vane {

/// "ball", "cube", "mug", …: all that `add_object` knows.
std::span<const std::string_view> toy_object_names();
/// Colours that objects come in.
std::span<const std::string_view> toy_object_colours();

struct ToyObject {
  std::string name = "ball", colour = "red";
  /// "plain", "striped", "dotted", "checked"; only where `takes_pattern`.
  std::string pattern = "plain";
  /// "small" or "big".
  std::string size = "big";
};

/// Sets the field called `key`; a pattern only where the object takes one. Throws Error{usage} for
/// an unknown key.
void set_attribute(ToyObject& object, std::string_view key, const std::string& value);

/// True when the object has a surface large enough for a pattern.
bool takes_pattern(std::string_view object);

/// Adds the object as one thing with attributes colour, pattern and size; big ones fit a ball of
/// about radius 0.6. Throws Error{usage} for an unknown name.
void add_object(ToyScene& scene, const ToyObject& object, const ToyPlace& place);

}  // namespace vane
