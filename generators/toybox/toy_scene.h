// SPDX-License-Identifier: Apache-2.0
#pragma once
// A toybox scene as data: solids, materials, things with attributes, light, camera.
//
// World: right-handed, z up, ground at z = 0, one unit is about the height of a mug; characters
// stand on the ground and look towards -y when they face the camera.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "generators/toybox/toy_shape.h"

namespace vane {

enum class ToyPattern : uint8_t { plain, stripes, checker, dots, wood };

struct ToyMaterial {
  /// Linear sRGB reflectance; `second` is the other colour of a pattern.
  Vec3 colour{0.8f, 0.8f, 0.8f}, second{0.9f, 0.9f, 0.9f};
  ToyPattern pattern = ToyPattern::plain;
  /// Repeats of the pattern per world unit.
  float frequency = 6;
  /// 0 matt, 1 polished.
  float gloss = 0.2f;
  /// Light that it sends out by itself, relative to a white surface in full light.
  float glow = 0;
  /// Light wraps softly around it, tinted by `colour`, as in skin and wax.
  float soft = 0;
};

/// What a pixel shows inside a thing; the values of part images.
enum class ToyPart : uint8_t {
  none,
  body,
  skin,
  hair,
  eye,
  mouth,
  glasses,
  hat,
  beard,
  clothes,
  shoes,
  detail
};
constexpr int kToyPartCount = 12;
std::string_view toy_part_name(ToyPart part);

struct ToyAttribute {
  std::string key, value;
  bool operator==(const ToyAttribute&) const = default;
};

/// One thing: instance id = its position in the scene + 1.
struct ToyThing {
  /// "character", "mug", …
  std::string kind;
  std::vector<ToyAttribute> attributes;
  /// Sphere around it in the world.
  Vec3 centre;
  float radius = 0;

  /// The value of an attribute, empty when it has none.
  std::string_view attribute(std::string_view key) const;
};

struct ToyLight {
  /// "front", "left", "right", "top", "back", "sunset", "night", "soft"
  std::string name = "front";
  /// From the scene towards the light.
  Vec3 towards{0, -1, 1};
  Vec3 colour{1, 1, 1};
  /// Angular radius in radians: how soft shadows are.
  float spread = 0.12f;
  Vec3 sky{0.5f, 0.5f, 0.5f}, bounce{0.3f, 0.3f, 0.3f}, fill{0.1f, 0.1f, 0.1f};
  /// What is seen where nothing is: at the horizon, above, and around the light.
  Vec3 horizon{0.8f, 0.8f, 0.8f}, zenith{0.7f, 0.7f, 0.8f}, halo{0, 0, 0};
};

/// A pinhole camera. OpenCV axes (x right, y down, z forward); pixel (column i, row j) has its
/// centre at (i + 0.5, j + 0.5); a world point p projects to
/// (fl_x x/z + cx, fl_y y/z + cy) with (x, y, z) = rotation rows . p + translation.
struct ToyCamera {
  int width = 64, height = 64;
  double fl_x = 64, fl_y = 64, cx = 32, cy = 32;
  /// World to camera, row-major 3x4 [R|t].
  std::array<double, 12> world_to_camera{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};

  /// Looks from `eye` to `target` with world z upwards; `field` is the smaller of the horizontal
  /// and vertical field of view, in radians.
  static ToyCamera looking(Vec3 eye, Vec3 target, double field, int width, int height);
  /// Camera coordinates of a world point.
  std::array<double, 3> to_camera(Vec3 world) const;
  Vec3 eye() const;
  /// Camera to world 4x4, row-major, in OpenGL axes (x right, y up, z back): what transforms.json
  /// holds.
  std::array<double, 16> opengl_camera_to_world() const;
};

struct ToyScene {
  std::vector<ToyShape> shapes;
  std::vector<RoundCone> members;
  std::vector<ToyMaterial> materials;
  std::vector<ToyThing> things;
  /// "character", "still-life" or "scene".
  std::string kind;
  /// "whole", or "portrait" or "close-up" of the character's head.
  std::string framing = "whole";
  /// Facts about the whole: "light", "background".
  std::vector<ToyAttribute> attributes;
  ToyMaterial ground;
  ToyLight light;
  ToyCamera camera;
  uint64_t seed = 0;

  std::string_view attribute(std::string_view key) const;
};

/// Linear reflectance of a named colour; throws Error{usage} for an unknown name.
Vec3 toy_colour(std::string_view name);
/// sRGB 0xRRGGBB as linear light.
Vec3 linear_from_hex(uint32_t hex);

}  // namespace vane
