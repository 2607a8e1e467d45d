// SPDX-License-Identifier: Apache-2.0
#pragma once
// Real spherical harmonics up to degree 3 as polynomials of a unit direction, and their
// derivatives. Order and signs are those of 3D Gaussian Splatting (Kerbl et al. 2023). No torch;
// CPU and device.

#include "engine/base/host_device.h"

namespace vane::splats {

inline constexpr int kMostShCoefficients = 16;
inline constexpr double kSh0 = 0.28209479177387814;
inline constexpr double kSh1 = 0.4886025119029199;
/// Factors of xy, of yz and xz, of 2zz-xx-yy, of xx-yy. Single numbers: device code cannot read an
/// array of the host.
inline constexpr double kSh2Xy = 1.0925484305920792, kSh2Yz = -1.0925484305920792,
                        kSh2Zz = 0.31539156525252005, kSh2Xx = 0.5462742152960396;
/// Factors of y(3xx-yy) and x(xx-3yy), of xyz, of y(4zz-xx-yy) and x(4zz-xx-yy), of
/// z(2zz-3xx-3yy), of z(xx-yy).
inline constexpr double kSh3Yxx = -0.5900435899266435, kSh3Xyz = 2.890611442640554,
                        kSh3Yzz = -0.4570457994644658, kSh3Zzz = 0.3731763325901154,
                        kSh3Zxx = 1.445305721320277;

/// Coefficients of a channel for a degree of 0 to 3: 1, 4, 9, 16.
VANE_HD constexpr int sh_coefficients(int degree) { return (degree + 1) * (degree + 1); }

/// The first (degree + 1)^2 basis functions at the unit vector d.
template <class T>
VANE_HD inline void sh_basis(int degree, const T d[3], T basis[kMostShCoefficients]) {
  const T x = d[0], y = d[1], z = d[2];
  basis[0] = T(kSh0);
  if (degree < 1) return;
  basis[1] = T(-kSh1) * y;
  basis[2] = T(kSh1) * z;
  basis[3] = T(-kSh1) * x;
  if (degree < 2) return;
  const T xx = x * x, yy = y * y, zz = z * z;
  basis[4] = T(kSh2Xy) * x * y;
  basis[5] = T(kSh2Yz) * y * z;
  basis[6] = T(kSh2Zz) * (T(2) * zz - xx - yy);
  basis[7] = T(kSh2Yz) * x * z;
  basis[8] = T(kSh2Xx) * (xx - yy);
  if (degree < 3) return;
  basis[9] = T(kSh3Yxx) * y * (T(3) * xx - yy);
  basis[10] = T(kSh3Xyz) * x * y * z;
  basis[11] = T(kSh3Yzz) * y * (T(4) * zz - xx - yy);
  basis[12] = T(kSh3Zzz) * z * (T(2) * zz - T(3) * xx - T(3) * yy);
  basis[13] = T(kSh3Yzz) * x * (T(4) * zz - xx - yy);
  basis[14] = T(kSh3Zxx) * z * (xx - yy);
  basis[15] = T(kSh3Yxx) * x * (xx - T(3) * yy);
}

/// Derivatives of the basis functions as polynomials of x, y, z (not yet held on the sphere).
template <class T>
VANE_HD inline void sh_gradient(int degree, const T d[3], T gradient[kMostShCoefficients][3]) {
  const T x = d[0], y = d[1], z = d[2];
  const auto set = [gradient](int k, T gx, T gy, T gz) {
    gradient[k][0] = gx;
    gradient[k][1] = gy;
    gradient[k][2] = gz;
  };
  set(0, T(0), T(0), T(0));
  if (degree < 1) return;
  set(1, T(0), T(-kSh1), T(0));
  set(2, T(0), T(0), T(kSh1));
  set(3, T(-kSh1), T(0), T(0));
  if (degree < 2) return;
  const T xx = x * x, yy = y * y, zz = z * z;
  T k = T(kSh2Xy);
  set(4, k * y, k * x, T(0));
  k = T(kSh2Yz);
  set(5, T(0), k * z, k * y);
  set(7, k * z, T(0), k * x);
  k = T(2 * kSh2Zz);
  set(6, -k * x, -k * y, T(2) * k * z);
  k = T(2 * kSh2Xx);
  set(8, k * x, -k * y, T(0));
  if (degree < 3) return;
  k = T(3 * kSh3Yxx);
  set(9, T(2) * k * x * y, k * (xx - yy), T(0));
  set(15, k * (xx - yy), T(-2) * k * x * y, T(0));
  k = T(kSh3Xyz);
  set(10, k * y * z, k * x * z, k * x * y);
  k = T(kSh3Yzz);
  set(11, T(-2) * k * x * y, k * (T(4) * zz - xx - T(3) * yy), T(8) * k * y * z);
  set(13, k * (T(4) * zz - T(3) * xx - yy), T(-2) * k * x * y, T(8) * k * x * z);
  k = T(3 * kSh3Zzz);
  set(12, T(-2) * k * x * z, T(-2) * k * y * z, k * (T(2) * zz - xx - yy));
  k = T(kSh3Zxx);
  set(14, T(2) * k * x * z, T(-2) * k * y * z, k * (xx - yy));
}

}  // namespace vane::splats
