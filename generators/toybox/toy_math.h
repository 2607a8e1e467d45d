// SPDX-License-Identifier: Apache-2.0
#pragma once
// Vectors and rotations of the toybox, in float32.

#include <algorithm>
#include <cmath>

namespace vane {

struct Vec3 {
  float x = 0, y = 0, z = 0;
};

inline Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator*(Vec3 a, Vec3 b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
inline Vec3 operator*(Vec3 a, float s) { return {a.x * s, a.y * s, a.z * s}; }
inline Vec3 operator*(float s, Vec3 a) { return a * s; }
inline Vec3 operator-(Vec3 a) { return {-a.x, -a.y, -a.z}; }
inline float dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 cross(Vec3 a, Vec3 b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline float length(Vec3 a) { return std::sqrt(dot(a, a)); }
inline Vec3 normalised(Vec3 a) { return a * (1.f / std::max(length(a), 1e-12f)); }
inline float clamped(float x, float low = 0.f, float high = 1.f) {
  return std::min(std::max(x, low), high);
}
inline float mix(float a, float b, float t) { return a + (b - a) * t; }
inline Vec3 mix(Vec3 a, Vec3 b, float t) { return a + (b - a) * t; }
inline float smooth_step(float low, float high, float x) {
  const float t = clamped((x - low) / (high - low));
  return t * t * (3.f - 2.f * t);
}

/// A rotation as its columns: the images of the three axes.
struct Mat3 {
  Vec3 x{1, 0, 0}, y{0, 1, 0}, z{0, 0, 1};
};

inline Vec3 operator*(const Mat3& m, Vec3 v) { return m.x * v.x + m.y * v.y + m.z * v.z; }
inline Mat3 operator*(const Mat3& a, const Mat3& b) { return {a * b.x, a * b.y, a * b.z}; }
/// The inverse rotation applied to `v`.
inline Vec3 unrotated(const Mat3& m, Vec3 v) { return {dot(m.x, v), dot(m.y, v), dot(m.z, v)}; }

/// Rotations about one axis, counter-clockwise seen from its tip, in radians.
inline Mat3 rotation_x(float a) {
  const float c = std::cos(a), s = std::sin(a);
  return {{1, 0, 0}, {0, c, s}, {0, -s, c}};
}
inline Mat3 rotation_y(float a) {
  const float c = std::cos(a), s = std::sin(a);
  return {{c, 0, -s}, {0, 1, 0}, {s, 0, c}};
}
inline Mat3 rotation_z(float a) {
  const float c = std::cos(a), s = std::sin(a);
  return {{c, s, 0}, {-s, c, 0}, {0, 0, 1}};
}

}  // namespace vane
