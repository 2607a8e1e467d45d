// SPDX-License-Identifier: Apache-2.0
#pragma once
// Puts solids together into one thing, in the thing's own axes and sizes.

#include <string>
#include <vector>

#include "generators/toybox/toy_scene.h"

namespace vane {

/// Where a thing stands.
struct ToyPlace {
  Vec3 at;
  /// Turn about z in radians.
  float turn = 0;
  float scale = 1;
};

/// Adds one thing to a scene. Solids are given in the thing's frame, where it stands on z = 0 and
/// faces -y; a solid may be adjusted through the reference until the next is added.
class ToyBuilder {
 public:
  ToyBuilder(ToyScene& scene, std::string kind, const ToyPlace& place);

  uint16_t material(const ToyMaterial& material);
  uint16_t material(Vec3 colour, float gloss = 0.2f);
  /// Material and part of the solids that follow.
  void use(uint16_t material, ToyPart part);
  /// Solids that follow are turned by `axes` about `pivot`, until the next call.
  void attach(const Mat3& axes, Vec3 pivot);

  ToyShape& ellipsoid(Vec3 at, Vec3 radii, const Mat3& axes = {});
  ToyShape& ball(Vec3 at, float radius) { return ellipsoid(at, {radius, radius, radius}); }
  ToyShape& frustum(Vec3 at, float r_low, float r_high, float half_height, float round,
                    const Mat3& axes = {});
  ToyShape& box(Vec3 at, Vec3 half, float round, const Mat3& axes = {});
  /// `half_arc` in radians about the solid's +y.
  ToyShape& torus(Vec3 at, float ring, float tube, const Mat3& axes = {},
                  float half_arc = 3.1415927f);
  ToyShape& blob(const std::vector<RoundCone>& members, float blend);
  ToyShape& limb(Vec3 a, Vec3 b, float ra, float rb) { return blob({{a, b, ra, rb}}, 0.05f); }

  void attribute(std::string key, std::string value);
  /// Moves everything into the world; call once, last.
  void finish();

 private:
  ToyShape& add(ToyKind kind, Vec3 at, Vec3 size, const Mat3& axes);

  ToyScene& scene_;
  ToyPlace place_;
  size_t first_shape_, first_member_, thing_;
  uint16_t material_ = 0;
  ToyPart part_ = ToyPart::body;
  Mat3 turn_;
  Vec3 pivot_;
};

}  // namespace vane
