// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a ray meets in a toybox scene, and what colour it has there.

#include <cstdint>
#include <vector>

#include "generators/toybox/toy_scene.h"

namespace vane {

constexpr int32_t kToySky = -1, kToyGround = -2;

struct ToyHit {
  /// Index of the solid, kToySky or kToyGround.
  int32_t shape = kToySky;
  float t = 0;
  Vec3 point, normal;
};

/// A scene prepared for rays. Solids are grouped by thing and, within it, by place, each group
/// inside one sphere, so that most rays test few of them. The scene must outlive it.
class ToyWorld {
 public:
  explicit ToyWorld(const ToyScene& scene);

  /// `ray` has unit length.
  ToyHit trace(Vec3 origin, Vec3 ray, float t_max) const;
  /// Linear light that leaves the hit against the ray.
  Vec3 shade(const ToyHit& hit, Vec3 ray) const;
  /// Part of the light that reaches a point of the given normal, 0 to 1.
  float lit(Vec3 point, Vec3 normal) const;
  /// How open the surroundings of a point are, 0 to 1.
  float openness(Vec3 point, Vec3 normal) const;

 private:
  struct Group {
    Vec3 centre;
    float radius = 0;
    uint32_t first = 0, count = 0;
  };

  Vec3 sky(Vec3 ray) const;
  Vec3 surface_colour(const ToyMaterial& material, Vec3 local, Vec3 normal) const;

  const ToyScene& scene_;
  std::vector<Group> groups_;
  /// Indices of solids, in the order of the groups.
  std::vector<uint32_t> order_;
  Vec3 towards_;
};

}  // namespace vane
