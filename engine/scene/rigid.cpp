// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/rigid.h"

#include <cmath>
#include <cstddef>

namespace vane {
namespace {

double determinant(const Matrix3& m) {
  return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
         m[2] * (m[3] * m[7] - m[4] * m[6]);
}

/// Matrix of cofactors: determinant times the transposed inverse.
Matrix3 cofactors(const Matrix3& m) {
  return {m[4] * m[8] - m[5] * m[7], m[5] * m[6] - m[3] * m[8], m[3] * m[7] - m[4] * m[6],
          m[2] * m[7] - m[1] * m[8], m[0] * m[8] - m[2] * m[6], m[1] * m[6] - m[0] * m[7],
          m[1] * m[5] - m[2] * m[4], m[2] * m[3] - m[0] * m[5], m[0] * m[4] - m[1] * m[3]};
}

bool is_orthonormal(const Matrix3& m, double tolerance) {
  for (size_t a = 0; a < 3; ++a) {
    for (size_t b = 0; b < 3; ++b) {
      const double product = m[a] * m[b] + m[3 + a] * m[3 + b] + m[6 + a] * m[6 + b];
      // Written so that a NaN fails.
      if (!(std::abs(product - (a == b ? 1 : 0)) <= tolerance)) return false;
    }
  }
  return true;
}

}  // namespace

std::optional<Matrix3> nearest_rotation(const Matrix3& m, double tolerance) {
  if (!is_orthonormal(m, tolerance) || !(determinant(m) > 0)) return std::nullopt;
  // Newton's iteration for the polar factor (Higham 1986); it squares the error in each step.
  Matrix3 r = m;
  for (int step = 0; step < 6; ++step) {
    const double scale = 1 / determinant(r);
    const Matrix3 c = cofactors(r);
    for (size_t i = 0; i < 9; ++i) r[i] = 0.5 * (r[i] + scale * c[i]);
  }
  return r;
}

Matrix3 rotation_of(const std::array<double, 4>& q) {
  const double length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  const double w = q[0] / length, x = q[1] / length, y = q[2] / length, z = q[3] / length;
  return {1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
          2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
          2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
}

std::array<double, 12> world_to_camera_of_opengl(const Matrix3& rotation,
                                                 const std::array<double, 3>& centre) {
  std::array<double, 12> out{};
  for (size_t row = 0; row < 3; ++row) {
    // OpenCV's y and z point the other way; the inverse of a rotation is its transpose.
    const double sign = row == 0 ? 1 : -1;
    for (size_t column = 0; column < 3; ++column) {
      out[4 * row + column] = sign * rotation[3 * column + row];
      out[4 * row + 3] -= out[4 * row + column] * centre[column];
    }
  }
  return out;
}

}  // namespace vane
