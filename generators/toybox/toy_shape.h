// SPDX-License-Identifier: Apache-2.0
#pragma once
// Solids that everything in the toybox is made of: a signed distance and a ray test each.

#include <cstdint>
#include <span>

#include "generators/toybox/toy_math.h"

namespace vane {

enum class ToyKind : uint8_t { ellipsoid, frustum, box, torus, blob };

/// A sphere swept from `a` to `b` while its radius goes from `ra` to `rb`; a == b is a sphere.
struct RoundCone {
  Vec3 a, b;
  float ra = 0.1f, rb = 0.1f;
};

/// One solid. Sizes by kind, in world units, in the solid's own axes:
///   ellipsoid  semi-axes
///   frustum    radius at -h, radius at +h, half height h along z; edges rounded by `round`
///   box        half extents; edges rounded by `round`, which stays inside them
///   torus      ring radius in the xy plane, tube radius, half angle of the arc about +y
///              (pi: closed ring); arcs have round ends
///   blob       members `first`..`first + count`, joined smoothly over the distance `blend`
struct ToyShape {
  ToyKind kind = ToyKind::ellipsoid;
  Vec3 size{0.5f, 0.5f, 0.5f};
  float round = 0;
  /// Positive: hollow, with walls of this thickness.
  float shell = 0;
  /// Only points with dot(cut_normal, p) <= cut stay, when `has_cut`.
  bool has_cut = false;
  Vec3 cut_normal{0, 0, 1};
  float cut = 0;
  uint32_t first = 0, count = 0;
  float blend = 0.1f;

  Vec3 centre;
  Mat3 axes;
  /// Sphere around the solid, set by `bound`.
  Vec3 bound_centre;
  float bound_radius = 0;

  uint16_t material = 0, object = 0, part = 0;
};

/// Fills the bounding sphere.
void bound(ToyShape& shape, std::span<const RoundCone> members);

/// Signed distance (a lower bound of it outside) of a point in the solid's own axes.
/// Source: closed forms for rounded boxes, tori, capped and round cones and the polynomial smooth
/// minimum as collected by Quilez, "distance functions"; the ellipsoid's is first-order.
float local_distance(const ToyShape& shape, std::span<const RoundCone> members, Vec3 p);

inline Vec3 to_local(const ToyShape& shape, Vec3 world) {
  return unrotated(shape.axes, world - shape.centre);
}
inline float distance_to(const ToyShape& shape, std::span<const RoundCone> members, Vec3 world) {
  return local_distance(shape, members, to_local(shape, world));
}

/// Outward unit normal in world axes at a world point on the surface.
Vec3 normal_at(const ToyShape& shape, std::span<const RoundCone> members, Vec3 world);

/// Smallest distance t in (t_min, t_max) along a unit ray where it enters the solid, or t_max.
float intersect(const ToyShape& shape, std::span<const RoundCone> members, Vec3 origin, Vec3 ray,
                float t_min, float t_max);

/// How much of a light of angular radius `spread` (radians) the solid leaves visible along a unit
/// ray: 0 when the ray hits it, 1 when it passes well clear; smooth between.
float visibility(const ToyShape& shape, std::span<const RoundCone> members, Vec3 origin, Vec3 ray,
                 float spread);

}  // namespace vane
