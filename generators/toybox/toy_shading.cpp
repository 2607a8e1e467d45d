// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toy_shading.h"

#include <numeric>

namespace vane {
namespace {

// The ground melts into the horizon over these distances from the middle of the scene.
constexpr float kFadeFrom = 5.f, kFadeTo = 16.f;
constexpr size_t kGroupSize = 5;
constexpr float kOpenReach = 0.45f;

float coordinate(Vec3 p, int axis) { return axis == 0 ? p.x : axis == 1 ? p.y : p.z; }

// Sharp on a plane of constant phase, so that patterns are the same from every view.
float parity(float x) { return std::floor(x) - 2.f * std::floor(0.5f * std::floor(x)); }

// Two octaves of sines: enough for the grain of wood.
float grain(Vec3 p) {
  return std::sin(p.x * 11.f + 1.7f * std::sin(p.y * 2.3f + p.z * 1.1f)) +
         0.5f * std::sin(p.x * 27.f + p.z * 3.f);
}

}  // namespace

ToyWorld::ToyWorld(const ToyScene& scene)
    : scene_(scene), order_(scene.shapes.size()), towards_(normalised(scene.light.towards)) {
  std::iota(order_.begin(), order_.end(), 0u);
  // Halves along the longest side until few are left.
  const auto split = [&](const auto& self, size_t from, size_t to) -> void {
    Vec3 low{1e9f, 1e9f, 1e9f}, high = -low;
    for (size_t i = from; i < to; ++i) {
      const Vec3 c = scene_.shapes[order_[i]].bound_centre;
      low = {std::min(low.x, c.x), std::min(low.y, c.y), std::min(low.z, c.z)};
      high = {std::max(high.x, c.x), std::max(high.y, c.y), std::max(high.z, c.z)};
    }
    if (to - from > kGroupSize) {
      const Vec3 side = high - low;
      const int axis = side.x > side.y && side.x > side.z ? 0 : side.y > side.z ? 1 : 2;
      std::sort(order_.begin() + static_cast<ptrdiff_t>(from),
                order_.begin() + static_cast<ptrdiff_t>(to), [&](uint32_t a, uint32_t b) {
                  const float x = coordinate(scene_.shapes[a].bound_centre, axis);
                  const float y = coordinate(scene_.shapes[b].bound_centre, axis);
                  return x != y ? x < y : a < b;
                });
      self(self, from, (from + to) / 2);
      self(self, (from + to) / 2, to);
      return;
    }
    if (from == to) return;
    Group group{(low + high) * 0.5f, 0, static_cast<uint32_t>(from),
                static_cast<uint32_t>(to - from)};
    for (size_t i = from; i < to; ++i) {
      const ToyShape& shape = scene_.shapes[order_[i]];
      group.radius =
          std::max(group.radius, length(shape.bound_centre - group.centre) + shape.bound_radius);
    }
    groups_.push_back(group);
  };
  split(split, 0, order_.size());
}

ToyHit ToyWorld::trace(Vec3 origin, Vec3 ray, float t_max) const {
  ToyHit hit;
  hit.t = t_max;
  if (ray.z < -1e-6f && origin.z > 0) {
    const float t = -origin.z / ray.z;
    if (t < hit.t) {
      hit.t = t;
      hit.shape = kToyGround;
    }
  }
  for (const Group& group : groups_) {
    const Vec3 c = group.centre - origin;
    const float along = dot(c, ray), r2 = group.radius * group.radius, c2 = dot(c, c);
    if (c2 - along * along > r2 || along - group.radius > hit.t || (along < 0 && c2 > r2)) continue;
    for (uint32_t i = group.first; i < group.first + group.count; ++i) {
      const uint32_t index = order_[i];
      const float t = intersect(scene_.shapes[index], scene_.members, origin, ray, 1e-3f, hit.t);
      if (t < hit.t) {
        hit.t = t;
        hit.shape = static_cast<int32_t>(index);
      }
    }
  }
  if (hit.shape == kToySky) return hit;
  hit.point = origin + ray * hit.t;
  hit.normal = hit.shape == kToyGround ? Vec3{0, 0, 1}
                                       : normal_at(scene_.shapes[static_cast<size_t>(hit.shape)],
                                                   scene_.members, hit.point);
  return hit;
}

float ToyWorld::lit(Vec3 point, Vec3 normal) const {
  const Vec3 origin = point + normal * 0.012f;
  const float spread = scene_.light.spread;
  float open = 1.f;
  for (const Group& group : groups_) {
    const Vec3 c = group.centre - origin;
    const float along = dot(c, towards_), c2 = dot(c, c);
    const float r = group.radius + spread * std::max(along + group.radius, 0.f);
    if (c2 - along * along > r * r || along < -group.radius) continue;
    for (uint32_t i = group.first; i < group.first + group.count; ++i) {
      const ToyShape& shape = scene_.shapes[order_[i]];
      open = std::min(open, visibility(shape, scene_.members, origin, towards_, spread));
      if (open <= 0) return 0;
    }
  }
  return open * open * (3.f - 2.f * open);
}

float ToyWorld::openness(Vec3 point, Vec3 normal) const {
  // Distances at a few heights above the surface, after Evans 2006 as simplified by Quilez.
  constexpr float kHeights[3] = {0.05f, 0.16f, 0.38f};
  constexpr float kWeights[3] = {0.35f, 0.35f, 0.3f};
  Vec3 probes[3];
  float nearest[3];
  for (int k = 0; k < 3; ++k) {
    probes[k] = point + normal * kHeights[k];
    nearest[k] = std::min(kHeights[k], std::max(probes[k].z, 0.f));
  }
  for (const Group& group : groups_) {
    const Vec3 c = group.centre - point;
    const float reach = group.radius + 2 * kOpenReach;
    if (dot(c, c) > reach * reach) continue;
    for (uint32_t i = group.first; i < group.first + group.count; ++i) {
      const ToyShape& shape = scene_.shapes[order_[i]];
      for (int k = 0; k < 3; ++k) {
        const Vec3 d = shape.bound_centre - probes[k];
        const float far = shape.bound_radius + nearest[k];
        if (dot(d, d) > far * far) continue;
        nearest[k] =
            std::min(nearest[k], std::max(distance_to(shape, scene_.members, probes[k]), 0.f));
      }
    }
  }
  float closed = 0;
  for (int k = 0; k < 3; ++k) closed += kWeights[k] * (1.f - nearest[k] / kHeights[k]);
  return clamped(1.f - 0.85f * closed);
}

Vec3 ToyWorld::sky(Vec3 ray) const {
  const ToyLight& light = scene_.light;
  const Vec3 base = mix(light.horizon, light.zenith, smooth_step(-0.05f, 0.6f, ray.z));
  const float near = clamped(dot(ray, towards_));
  const float n2 = near * near, n4 = n2 * n2, n8 = n4 * n4;
  return base + light.halo * (0.35f * n4 + 0.65f * n8 * n8);
}

Vec3 ToyWorld::surface_colour(const ToyMaterial& m, Vec3 p, Vec3 normal) const {
  const Vec3 q = p * m.frequency;
  float second = 0;
  switch (m.pattern) {
    case ToyPattern::plain:
      return m.colour;
    case ToyPattern::stripes:
      second = parity(q.z + 0.5f);
      break;
    case ToyPattern::checker:
      second = parity(parity(q.x + 0.5f) + parity(q.y + 0.5f) + parity(q.z + 0.5f));
      break;
    case ToyPattern::dots: {
      // Discs on the plane that the surface faces most, shifted every second row.
      const Vec3 a{std::abs(normal.x), std::abs(normal.y), std::abs(normal.z)};
      const bool side = a.x > a.y && a.x > a.z, flat = a.z > a.y && !side;
      float u = side ? q.y : q.x;
      const float v = flat ? q.y : q.z;
      u += 0.5f * parity(v);
      const float du = u - std::floor(u) - 0.5f, dv = v - std::floor(v) - 0.5f;
      second = du * du + dv * dv < 0.09f ? 1.f : 0.f;
      break;
    }
    case ToyPattern::wood:
      return mix(m.colour, m.second, 0.5f + 0.33f * grain(q));
  }
  return second > 0.5f ? m.second : m.colour;
}

Vec3 ToyWorld::shade(const ToyHit& hit, Vec3 ray) const {
  if (hit.shape == kToySky) return sky(ray);
  const ToyLight& light = scene_.light;
  const bool ground = hit.shape == kToyGround;
  const ToyShape* shape = ground ? nullptr : &scene_.shapes[static_cast<size_t>(hit.shape)];
  const ToyMaterial& material = ground ? scene_.ground : scene_.materials[shape->material];
  const float away = std::sqrt(hit.point.x * hit.point.x + hit.point.y * hit.point.y);
  const float faded = ground ? smooth_step(kFadeFrom, kFadeTo, away) : 0.f;
  if (faded >= 1.f) return sky(ray);

  const Vec3 n = hit.normal;
  const Vec3 local = ground ? hit.point : to_local(*shape, hit.point);
  const Vec3 local_normal = ground ? n : unrotated(shape->axes, n);
  const Vec3 albedo = surface_colour(material, local, local_normal);
  const float facing = dot(n, towards_), wrap = 0.08f + 0.35f * material.soft;
  const float direct = std::max((facing + wrap) / (1.f + wrap), 0.f);
  const float shadow = direct > 0 ? lit(hit.point, n) : 0.f;
  const float open = openness(hit.point, n);

  const Vec3 key = light.colour * (direct * shadow);
  const Vec3 around = mix(light.bounce, light.sky, 0.5f + 0.5f * n.z);
  const float fill = std::max(0.5f - 0.5f * facing, 0.f);
  // Light that bounces between close bright surfaces fills their corners (Jimenez et al. 2016).
  const Vec3 corner{open / (1.f - albedo.x * 0.7f * (1.f - open)),
                    open / (1.f - albedo.y * 0.7f * (1.f - open)),
                    open / (1.f - albedo.z * 0.7f * (1.f - open))};
  Vec3 colour = albedo * (key + (around + light.fill * fill) * corner);
  if (material.soft > 0) {
    // A warm band where light and shade meet.
    const float band = clamped(1.f - std::abs(facing) * 3.f) * shadow;
    colour = colour + albedo * albedo * light.colour * (0.3f * material.soft * band);
  }
  const float grazing = 1.f - clamped(-dot(n, ray)), g2 = grazing * grazing;
  const float fresnel = 0.04f + 0.5f * g2 * g2 * grazing;
  const Vec3 mirror = ray - n * (2.f * dot(ray, n));
  colour = colour + sky(mirror) * (fresnel * (0.25f + 0.75f * material.gloss) * open);
  if (material.gloss > 0) {
    const Vec3 half = normalised(towards_ - ray);
    float peak = std::max(dot(n, half), 0.f);
    const int doublings = 3 + static_cast<int>(material.gloss * 4.f);
    for (int i = 0; i < doublings; ++i) peak *= peak;
    colour = colour + light.colour * (peak * shadow * material.gloss * 0.5f);
  }
  colour = colour + albedo * material.glow;
  return ground ? mix(colour, sky(ray), faded) : colour;
}

}  // namespace vane
