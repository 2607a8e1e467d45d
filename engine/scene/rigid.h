// SPDX-License-Identifier: Apache-2.0
#pragma once
// Small algebra of rigid motions, in double.

#include <array>
#include <optional>

namespace vane {

using Matrix3 = std::array<double, 9>;  // row-major

/// The rotation nearest to `m` (its orthogonal polar factor). Nothing when an entry is not finite,
/// when `m` mirrors, or when its columns differ from an orthonormal frame by more than `tolerance`
/// in a product of two.
std::optional<Matrix3> nearest_rotation(const Matrix3& m, double tolerance);

/// Rotation of the quaternion (w,x,y,z), which need not have length 1 but may not be zero.
Matrix3 rotation_of(const std::array<double, 4>& quaternion);

/// World to camera [R|t] with OpenCV axes, of a camera whose axes in the world are the columns of
/// `rotation` (x right, y up, z back: OpenGL) and which stands at `centre`.
std::array<double, 12> world_to_camera_of_opengl(const Matrix3& rotation,
                                                 const std::array<double, 3>& centre);

}  // namespace vane
