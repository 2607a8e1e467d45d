// SPDX-License-Identifier: Apache-2.0
#pragma once
// One Gaussian as one camera sees it: covariance, projection by the affine approximation (EWA,
// Zwicker et al. 2001), colour by spherical harmonics, opacity at a pixel. Templates on the scalar,
// no torch, compiled for CPU and device. splat_gradient_math.h has the derivatives.

#include <cmath>

#include "engine/base/host_device.h"
#include "generators/splats/spherical_harmonics.h"

namespace vane::splats {

/// Added to both variances of a projected Gaussian, px^2 (published rasterizer).
inline constexpr double kDilation = 0.3;
/// Share of the half picture by which the Jacobian's point may lie outside it.
inline constexpr double kFrustumMargin = 0.3;
/// Opacity at a pixel: at most this, and nothing below kLeastAlpha; a pixel is full when less than
/// kLeastTransmittance would remain (published rasterizer).
inline constexpr double kMostAlpha = 0.99, kLeastAlpha = 1.0 / 255.0, kLeastTransmittance = 1e-4;
/// Antialiased clouds: the least factor of their opacity.
inline constexpr double kLeastCompensation = 0.005;
/// Beyond these a projection is not drawn: px^4 of a covariance's determinant, px from the picture.
inline constexpr double kMostArea = 1e36, kFarthest = 1e9;

/// A camera as the arithmetic below wants it.
template <class T>
struct SplatView {
  T rotation[9];      // world to camera, row-major
  T translation[3];   //
  T centre[3];        // of the camera in the world
  T fx, fy, cx, cy;   // px
  T low[2], high[2];  // of x/z and y/z between which the Jacobian is taken
  T near_plane;
  int width, height;
  int sh_degree;  // what is evaluated
  int sh_stride;  // coefficients of bands 1 and up that a row of the cloud has
  bool antialiased;
};

/// Where the arrays of a cloud lie (SplatCloud's layout).
struct SplatArrays {
  const float* position;
  const float* sh0;
  const float* sh_rest;
  const float* opacity_logit;
  const float* log_scale;
  const float* rotation;
};

/// A Gaussian on the picture plane, with what its derivatives need.
template <class T>
struct Projection {
  T point[3];          // camera coordinates of the mean
  T jacobian[6];       // J, 2x3
  bool clamped[2];     // x or y of the Jacobian's point
  T turn[9];           // rotation matrix of the Gaussian
  T scale[3];          // world units
  T image_axes[6];     // V = J W M, 2x3: the covariance on the picture is V V^T + dilation
  T u, v;              // px
  T xx, xy, yy;        // covariance on the picture, dilated, px^2
  T determinant;       // of that covariance
  T bare_determinant;  // without dilation
  T compensation;      // factor of the opacity, 1 unless antialiased
  T full_opacity;      // sigmoid of the logit
  T opacity;           // with compensation
};

/// Rotation matrix of a quaternion (w,x,y,z) of length 1, row-major.
template <class T>
VANE_HD inline void rotation_matrix(const T q[4], T r[9]) {
  const T w = q[0], x = q[1], y = q[2], z = q[3];
  r[0] = T(1) - T(2) * (y * y + z * z);
  r[1] = T(2) * (x * y - w * z);
  r[2] = T(2) * (x * z + w * y);
  r[3] = T(2) * (x * y + w * z);
  r[4] = T(1) - T(2) * (x * x + z * z);
  r[5] = T(2) * (y * z - w * x);
  r[6] = T(2) * (x * z - w * y);
  r[7] = T(2) * (y * z + w * x);
  r[8] = T(1) - T(2) * (x * x + y * y);
}

/// q of length 1, and the length that it had.
template <class T>
VANE_HD inline T normalise_quaternion(const float from[4], T q[4]) {
  const T a = T(from[0]), b = T(from[1]), c = T(from[2]), d = T(from[3]);
  const T length = std::sqrt(a * a + b * b + c * c + d * d);
  q[0] = a / length;
  q[1] = b / length;
  q[2] = c / length;
  q[3] = d / length;
  return length;
}

template <class T>
VANE_HD inline T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));
}

/// Projects Gaussian i. False: it is not drawn (too near, nowhere above kLeastAlpha, not finite).
template <class T>
VANE_HD inline bool project(const SplatView<T>& view, const SplatArrays& cloud, long long i,
                            Projection<T>& p) {
  const float* mean = cloud.position + 3 * i;
  const T* w = view.rotation;
  for (int row = 0; row < 3; ++row) {
    p.point[row] = w[3 * row] * T(mean[0]) + w[3 * row + 1] * T(mean[1]) +
                   w[3 * row + 2] * T(mean[2]) + view.translation[row];
  }
  const T z = p.point[2];
  if (!(z > view.near_plane)) return false;

  p.full_opacity = sigmoid(T(cloud.opacity_logit[i]));
  if (!(p.full_opacity >= T(kLeastAlpha))) return false;

  const T inverse = T(1) / z;
  T slope[2] = {p.point[0] * inverse, p.point[1] * inverse};
  p.u = view.fx * slope[0] + view.cx;
  p.v = view.fy * slope[1] + view.cy;
  for (int axis = 0; axis < 2; ++axis) {
    p.clamped[axis] = slope[axis] < view.low[axis] || slope[axis] > view.high[axis];
    slope[axis] = slope[axis] < view.low[axis] ? view.low[axis] : slope[axis];
    slope[axis] = slope[axis] > view.high[axis] ? view.high[axis] : slope[axis];
  }
  p.jacobian[0] = view.fx * inverse;
  p.jacobian[1] = T(0);
  p.jacobian[2] = -view.fx * slope[0] * inverse;
  p.jacobian[3] = T(0);
  p.jacobian[4] = view.fy * inverse;
  p.jacobian[5] = -view.fy * slope[1] * inverse;

  T q[4];
  normalise_quaternion(cloud.rotation + 4 * i, q);
  rotation_matrix(q, p.turn);
  for (int axis = 0; axis < 3; ++axis) p.scale[axis] = std::exp(T(cloud.log_scale[3 * i + axis]));
  for (int row = 0; row < 2; ++row) {
    const T* j = p.jacobian + 3 * row;
    T t[3];  // a row of J W
    for (int k = 0; k < 3; ++k) t[k] = j[0] * w[k] + j[1] * w[3 + k] + j[2] * w[6 + k];
    for (int k = 0; k < 3; ++k) {
      p.image_axes[3 * row + k] =
          (t[0] * p.turn[k] + t[1] * p.turn[3 + k] + t[2] * p.turn[6 + k]) * p.scale[k];
    }
  }
  const T* a = p.image_axes;
  const T* b = p.image_axes + 3;
  const T aa = a[0] * a[0] + a[1] * a[1] + a[2] * a[2];
  const T bb = b[0] * b[0] + b[1] * b[1] + b[2] * b[2];
  const T e = T(kDilation);
  p.xx = aa + e;
  p.xy = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  p.yy = bb + e;
  // Gram's determinant by the cross product: xx yy - xy^2 would cancel for long thin Gaussians.
  const T n0 = a[1] * b[2] - a[2] * b[1], n1 = a[2] * b[0] - a[0] * b[2],
          n2 = a[0] * b[1] - a[1] * b[0];
  p.bare_determinant = n0 * n0 + n1 * n1 + n2 * n2;
  p.determinant = p.bare_determinant + e * (aa + bb) + e * e;
  p.compensation = T(1);
  if (view.antialiased) {
    const T share = std::sqrt(p.bare_determinant / p.determinant);
    p.compensation = share > T(kLeastCompensation) ? share : T(kLeastCompensation);
  }
  p.opacity = p.full_opacity * p.compensation;
  // Each comparison is false for what is not a number.
  return p.opacity >= T(kLeastAlpha) && p.determinant < T(kMostArea) &&
         std::abs(p.u) < T(kFarthest) && std::abs(p.v) < T(kFarthest);
}

/// What of a projected Gaussian blending reads: opacity at pixel (x,y) is
/// 2^(log2_opacity - p^2 - q^2), p = px (x - u) + py (y - v), q = qy (y - v). This is the conic's
/// Cholesky factor; it keeps long thin Gaussians exact where a dx^2 + 2 b dx dy + c dy^2 cancels.
struct SplatRecord {
  float u_whole, v_whole;  // the mean, px, as a whole number
  float u_part, v_part;    // and the rest
  float px, py, qy;
  float log2_opacity;
  float reach_x, reach_y;  // px beyond which the opacity is below kLeastAlpha; 0: not drawn
  float z;                 // camera z
};

template <class T>
VANE_HD inline SplatRecord record_of(const Projection<T>& p) {
  SplatRecord r;
  const T u = std::floor(p.u + T(0.5)), v = std::floor(p.v + T(0.5));
  r.u_whole = static_cast<float>(u);
  r.v_whole = static_cast<float>(v);
  r.u_part = static_cast<float>(p.u - u);
  r.v_part = static_cast<float>(p.v - v);
  const T half_log2e = T(0.72134752044448170368);
  r.px = static_cast<float>(std::sqrt(half_log2e * p.yy / p.determinant));
  r.py = static_cast<float>(-p.xy * std::sqrt(half_log2e / (p.yy * p.determinant)));
  r.qy = static_cast<float>(std::sqrt(half_log2e / p.yy));
  r.log2_opacity = static_cast<float>(std::log2(p.opacity));
  const T twice_cutoff = T(2) * std::log(p.opacity / T(kLeastAlpha));
  r.reach_x = static_cast<float>(std::sqrt(twice_cutoff * p.xx));
  r.reach_y = static_cast<float>(std::sqrt(twice_cutoff * p.yy));
  r.z = static_cast<float>(p.point[2]);
  return r;
}

/// Unit direction from the camera to the mean of Gaussian i, and the distance.
template <class T>
VANE_HD inline T direction_to(const SplatView<T>& view, const SplatArrays& cloud, long long i,
                              T d[3]) {
  T length = T(0);
  for (int k = 0; k < 3; ++k) {
    d[k] = T(cloud.position[3 * i + k]) - view.centre[k];
    length += d[k] * d[k];
  }
  length = std::sqrt(length);
  for (int k = 0; k < 3; ++k) d[k] /= length;
  return length;
}

/// Colour of Gaussian i as seen from the camera, max(0, 0.5 + sum of coefficient times basis).
/// Bit c of the result: channel c was held at 0.
template <class T>
VANE_HD inline int colour_of(const SplatView<T>& view, const SplatArrays& cloud, long long i,
                             T rgb[3]) {
  T d[3], basis[kMostShCoefficients];
  direction_to(view, cloud, i, d);
  sh_basis(view.sh_degree, d, basis);
  for (int c = 0; c < 3; ++c) rgb[c] = T(0.5) + basis[0] * T(cloud.sh0[3 * i + c]);
  const float* rest = cloud.sh_rest + 3 * i * view.sh_stride;
  for (int k = 1; k < sh_coefficients(view.sh_degree); ++k) {
    for (int c = 0; c < 3; ++c) rgb[c] += basis[k] * T(rest[3 * (k - 1) + c]);
  }
  int held = 0;
  for (int c = 0; c < 3; ++c) {
    if (rgb[c] > T(0)) continue;
    rgb[c] = T(0);
    held |= 1 << c;
  }
  return held;
}

}  // namespace vane::splats
