// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toy_shape.h"

#include <limits>

namespace vane {
namespace {

constexpr float kFar = std::numeric_limits<float>::max();
constexpr int kMarchSteps = 64;
// Relative to the distance along the ray: a fifth of a pixel at 1000 px.
constexpr float kHitTolerance = 2e-4f;

float square(float x) { return x * x; }

float round_cone_distance(const RoundCone& cone, Vec3 p) {
  const Vec3 axis = cone.b - cone.a, q = p - cone.a;
  const float l2 = dot(axis, axis);
  if (l2 < 1e-10f) return length(q) - cone.ra;
  const float rr = cone.ra - cone.rb;
  const float a2 = l2 - rr * rr, il2 = 1.f / l2;
  const float y = dot(q, axis), z = y - l2;
  const Vec3 across = q * l2 - axis * y;
  const float x2 = dot(across, across), y2 = y * y * l2, z2 = z * z * l2;
  const float k = (rr > 0 ? 1.f : rr < 0 ? -1.f : 0.f) * rr * rr * x2;
  if ((z > 0 ? 1.f : -1.f) * a2 * z2 > k) return std::sqrt(x2 + z2) * il2 - cone.rb;
  if ((y > 0 ? 1.f : -1.f) * a2 * y2 < k) return std::sqrt(x2 + y2) * il2 - cone.ra;
  return (std::sqrt(x2 * a2 * il2) + y * rr) * il2 - cone.ra;
}

float blob_distance(const ToyShape& shape, std::span<const RoundCone> members, Vec3 p) {
  float d = kFar;
  for (uint32_t i = 0; i < shape.count; ++i) {
    const float e = round_cone_distance(members[shape.first + i], p);
    const float h = std::max(shape.blend - std::abs(d - e), 0.f) / shape.blend;
    d = std::min(d, e) - h * h * shape.blend * 0.25f;
  }
  return d;
}

float ellipsoid_distance(Vec3 r, Vec3 p) {
  const Vec3 u{p.x / r.x, p.y / r.y, p.z / r.z};
  const Vec3 v{u.x / r.x, u.y / r.y, u.z / r.z};
  const float k0 = length(u), k1 = length(v);
  if (k1 < 1e-6f) return -std::min({r.x, r.y, r.z});
  return k0 * (k0 - 1.f) / k1;
}

float frustum_distance(float r_low, float r_high, float h, Vec3 p) {
  const float qx = std::sqrt(p.x * p.x + p.y * p.y), qy = p.z;
  const float k2x = r_high - r_low, k2y = 2 * h;
  const float cax = qx - std::min(qx, qy < 0 ? r_low : r_high), cay = std::abs(qy) - h;
  const float t = clamped(((r_high - qx) * k2x + (h - qy) * k2y) / (k2x * k2x + k2y * k2y));
  const float cbx = qx - r_high + k2x * t, cby = qy - h + k2y * t;
  const float sign = cbx < 0 && cay < 0 ? -1.f : 1.f;
  return sign * std::sqrt(std::min(cax * cax + cay * cay, cbx * cbx + cby * cby));
}

float box_distance(Vec3 half, Vec3 p) {
  const Vec3 q{std::abs(p.x) - half.x, std::abs(p.y) - half.y, std::abs(p.z) - half.z};
  const Vec3 outside{std::max(q.x, 0.f), std::max(q.y, 0.f), std::max(q.z, 0.f)};
  return length(outside) + std::min(std::max({q.x, q.y, q.z}), 0.f);
}

float torus_distance(const ToyShape& shape, Vec3 p) {
  const float in_plane = std::sqrt(p.x * p.x + p.y * p.y);
  const float angle = shape.size.z;
  if (angle < 3.14f) {
    // Beyond the arc's end its end point is nearest.
    const float s = std::sin(angle), c = std::cos(angle), x = std::abs(p.x);
    if (c * x > s * p.y) {
      return std::sqrt(square(x - s * shape.size.x) + square(p.y - c * shape.size.x) + p.z * p.z) -
             shape.size.y;
    }
  }
  return std::sqrt(square(in_plane - shape.size.x) + p.z * p.z) - shape.size.y;
}

bool is_plain_ellipsoid(const ToyShape& shape) {
  return shape.kind == ToyKind::ellipsoid && !shape.has_cut && shape.shell == 0;
}

// The part of a ray inside the sphere around the solid; empty when from >= to.
struct Stretch {
  float from = 0, to = 0;
};

Stretch inside_bound(const ToyShape& shape, float extra, Vec3 origin, Vec3 ray) {
  const Vec3 c = shape.bound_centre - origin;
  const float along = dot(c, ray), r = shape.bound_radius + extra;
  const float gap = r * r - (dot(c, c) - along * along);
  if (gap <= 0) return {};
  const float half = std::sqrt(gap);
  return {along - half, along + half};
}

// Some distances are bounds that are not tight: shorter steps there.
float step_factor(const ToyShape& shape) {
  return shape.kind == ToyKind::ellipsoid ? 0.75f : shape.kind == ToyKind::blob ? 0.95f : 1.f;
}

float intersect_ellipsoid(const ToyShape& shape, Vec3 origin, Vec3 ray, float t_min, float t_max) {
  const Vec3 inverse{1 / shape.size.x, 1 / shape.size.y, 1 / shape.size.z};
  const Vec3 o = to_local(shape, origin) * inverse, d = unrotated(shape.axes, ray) * inverse;
  const float a = dot(d, d), b = dot(o, d);
  // The distance of the line from the centre, without the cancellation of b² - ac.
  const Vec3 nearest = o - d * (b / a);
  const float gap = 1.f - dot(nearest, nearest);
  if (gap <= 0) return t_max;
  const float half = std::sqrt(gap / a), middle = -b / a;
  const float t = middle - half > t_min ? middle - half : middle + half;
  return t > t_min && t < t_max ? t : t_max;
}

}  // namespace

void bound(ToyShape& shape, std::span<const RoundCone> members) {
  Vec3 middle;
  float radius = 0;
  switch (shape.kind) {
    case ToyKind::ellipsoid:
      radius = std::max({shape.size.x, shape.size.y, shape.size.z});
      break;
    case ToyKind::frustum: {
      const float wide = std::max(shape.size.x, shape.size.y);
      radius = std::sqrt(wide * wide + shape.size.z * shape.size.z);
      break;
    }
    case ToyKind::box:
      radius = length(shape.size);
      break;
    case ToyKind::torus:
      radius = shape.size.x + shape.size.y;
      break;
    case ToyKind::blob: {
      Vec3 low{kFar, kFar, kFar}, high{-kFar, -kFar, -kFar};
      const auto cover = [&](Vec3 p, float r) {
        low = {std::min(low.x, p.x - r), std::min(low.y, p.y - r), std::min(low.z, p.z - r)};
        high = {std::max(high.x, p.x + r), std::max(high.y, p.y + r), std::max(high.z, p.z + r)};
      };
      for (const RoundCone& cone : members.subspan(shape.first, shape.count)) {
        cover(cone.a, cone.ra);
        cover(cone.b, cone.rb);
      }
      middle = (low + high) * 0.5f;
      for (const RoundCone& cone : members.subspan(shape.first, shape.count)) {
        radius = std::max(
            {radius, length(cone.a - middle) + cone.ra, length(cone.b - middle) + cone.rb});
      }
      if (shape.count > 1) radius += 0.25f * shape.blend * static_cast<float>(shape.count - 1);
      break;
    }
  }
  shape.bound_centre = shape.centre + shape.axes * middle;
  shape.bound_radius = radius * 1.0005f + 1e-4f;
}

float local_distance(const ToyShape& shape, std::span<const RoundCone> members, Vec3 p) {
  float d = 0;
  switch (shape.kind) {
    case ToyKind::ellipsoid:
      d = ellipsoid_distance(shape.size, p);
      break;
    case ToyKind::frustum:
      d = frustum_distance(shape.size.x - shape.round, shape.size.y - shape.round,
                           shape.size.z - shape.round, p) -
          shape.round;
      break;
    case ToyKind::box: {
      const float r = shape.round;
      d = box_distance({shape.size.x - r, shape.size.y - r, shape.size.z - r}, p) - r;
      break;
    }
    case ToyKind::torus:
      d = torus_distance(shape, p);
      break;
    case ToyKind::blob:
      d = blob_distance(shape, members, p);
      break;
  }
  if (shape.shell > 0) d = std::abs(d + 0.5f * shape.shell) - 0.5f * shape.shell;
  if (shape.has_cut) d = std::max(d, dot(shape.cut_normal, p) - shape.cut);
  return d;
}

Vec3 normal_at(const ToyShape& shape, std::span<const RoundCone> members, Vec3 world) {
  const Vec3 p = to_local(shape, world);
  if (is_plain_ellipsoid(shape)) {
    const Vec3 r = shape.size;
    return normalised(shape.axes * Vec3{p.x / (r.x * r.x), p.y / (r.y * r.y), p.z / (r.z * r.z)});
  }
  // Differences over the corners of a tetrahedron: four distances instead of six.
  constexpr float kStep = 1e-3f;
  const Vec3 corners[4] = {{1, -1, -1}, {-1, -1, 1}, {-1, 1, -1}, {1, 1, 1}};
  Vec3 sum;
  for (const Vec3& corner : corners) {
    sum = sum + corner * local_distance(shape, members, p + corner * kStep);
  }
  return normalised(shape.axes * sum);
}

float intersect(const ToyShape& shape, std::span<const RoundCone> members, Vec3 origin, Vec3 ray,
                float t_min, float t_max) {
  const Stretch stretch = inside_bound(shape, 0, origin, ray);
  if (stretch.from >= stretch.to || stretch.to <= t_min || stretch.from >= t_max) return t_max;
  if (is_plain_ellipsoid(shape)) return intersect_ellipsoid(shape, origin, ray, t_min, t_max);
  const Vec3 o = to_local(shape, origin), d = unrotated(shape.axes, ray);
  const float end = std::min(stretch.to, t_max), factor = step_factor(shape);
  float t = std::max(stretch.from, t_min);
  for (int i = 0; i < kMarchSteps && t < end; ++i) {
    const float distance = local_distance(shape, members, o + d * t);
    if (distance < kHitTolerance * t) return t;
    t += distance * factor;
  }
  return t_max;
}

float visibility(const ToyShape& shape, std::span<const RoundCone> members, Vec3 origin, Vec3 ray,
                 float spread) {
  const float reach = length(shape.bound_centre - origin) + shape.bound_radius;
  const Stretch stretch = inside_bound(shape, spread * reach, origin, ray);
  if (stretch.from >= stretch.to || stretch.to <= 0) return 1.f;
  const Vec3 o = to_local(shape, origin), d = unrotated(shape.axes, ray);
  constexpr float kStart = 4e-3f;
  if (is_plain_ellipsoid(shape)) {
    const Vec3 inverse{1 / shape.size.x, 1 / shape.size.y, 1 / shape.size.z};
    const Vec3 u = o * inverse, v = d * inverse;
    const float t = -dot(u, v) / dot(v, v);
    if (t < kStart) return dot(u, u) < 0.98f ? 0.f : 1.f;
    const float distance = ellipsoid_distance(shape.size, o + d * t);
    return distance <= 0 ? 0.f : clamped(distance / (spread * t));
  }
  const float factor = step_factor(shape);
  float open = 1.f, t = std::max(stretch.from, kStart);
  for (int i = 0; i < 40 && t < stretch.to; ++i) {
    const float distance = local_distance(shape, members, o + d * t);
    if (distance < 5e-4f) return 0.f;
    open = std::min(open, distance / (spread * t));
    t += std::max(distance * factor, 4e-3f);
  }
  return clamped(open);
}

}  // namespace vane
