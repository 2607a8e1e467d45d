// SPDX-License-Identifier: Apache-2.0
#include "gui/session/orbit_camera.h"

#include <algorithm>
#include <cmath>

namespace vane {
namespace {

using Vector = std::array<double, 3>;

constexpr double kSteepest = 1.5;  // radians above or below the horizon
constexpr double kNearest = 1e-4, kFarthest = 1e6;

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vector sum(const Vector& a, const Vector& b, double factor) {
  return {a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]};
}

Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

double length(const Vector& v) { return std::sqrt(dot(v, v)); }

}  // namespace

void OrbitCamera::begin(const Orbit& orbit, const Camera& lens) {
  orbit_ = first_ = orbit;
  half_view_ = std::min(0.5 * lens.width / lens.fx, 0.5 * lens.height / lens.fy);
}

void OrbitCamera::reset() { orbit_ = first_; }

void OrbitCamera::turn(double right, double up) {
  const Vector& pole = orbit_.up;
  const double above = dot(orbit_.start, pole);
  Vector level = sum(orbit_.start, pole, -above);
  double radius = length(level);
  const double distance = std::max(length(orbit_.start), kNearest);
  if (radius < 1e-9 * distance) {
    // Straight above the middle any side will do.
    level = cross(pole, std::abs(pole[0]) < 0.9 ? Vector{1, 0, 0} : Vector{0, 0, 1});
    radius = length(level);
  }
  const Vector ahead{level[0] / radius, level[1] / radius, level[2] / radius};
  const Vector side = cross(pole, ahead);
  const double height =
      std::clamp(std::asin(std::clamp(above / distance, -1.0, 1.0)) + up, -kSteepest, kSteepest);
  const double out = distance * std::cos(height);
  orbit_.start = sum(sum({}, ahead, out * std::cos(right)), side, out * std::sin(right));
  orbit_.start = sum(orbit_.start, pole, distance * std::sin(height));
}

void OrbitCamera::move(double right, double down, double forward) {
  const double distance = length(orbit_.start);
  const auto& m = camera(2, 2).world_to_camera;
  for (size_t k = 0; k < 3; ++k) {
    orbit_.middle[k] += distance * (right * m[k] + down * m[4 + k] + forward * m[8 + k]);
  }
}

void OrbitCamera::approach(double factor) {
  const double distance = std::max(length(orbit_.start), kNearest);
  const double wanted = std::clamp(distance * factor, kNearest, kFarthest);
  for (double& part : orbit_.start) part *= wanted / distance;
}

Camera OrbitCamera::camera(int width, int height) const {
  Camera lens;
  lens.width = width;
  lens.height = height;
  lens.fx = lens.fy = 0.5 * std::min(width, height) / half_view_;
  lens.cx = 0.5 * width;
  lens.cy = 0.5 * height;
  return turntable(orbit_, lens, 1).front();
}

bool OrbitCamera::operator==(const OrbitCamera& other) const {
  return orbit_.middle == other.orbit_.middle && orbit_.start == other.orbit_.start &&
         orbit_.up == other.orbit_.up && half_view_ == other.half_view_;
}

}  // namespace vane
