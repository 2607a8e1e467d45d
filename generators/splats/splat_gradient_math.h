// SPDX-License-Identifier: Apache-2.0
#pragma once
// Derivatives of splat_math.h, written by hand. No torch; CPU and device.

#include "generators/splats/splat_math.h"

namespace vane::splats {

/// Sums over the pixels of one Gaussian. With h = alpha dL/dalpha (0 where the opacity was capped)
/// and (dx, dy) from the mean to the pixel's centre: all that the derivatives for its mean, its
/// covariance and its opacity depend on.
template <class T>
struct PixelMoments {
  T h = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;  // of h, h dx, h dy, h dx^2, h dx dy, h dy^2
  T rgb[3] = {0, 0, 0};                           // of weight times dL/drgb of the pixel
};
inline constexpr int kMomentValues = 9;

/// Derivatives for one Gaussian in the spaces in which it is stored.
template <class T>
struct SplatGradient {
  T position[3] = {}, sh0[3] = {}, opacity_logit = 0, log_scale[3] = {}, rotation[4] = {};
  T sh_rest[3 * (kMostShCoefficients - 1)] = {};  // coefficient-major
  T centre[2] = {};                               // for the projected mean, per px
};

/// dL/d(turn) -> dL/dq of the quaternion of length 1.
template <class T>
VANE_HD inline void rotation_gradient(const T q[4], const T d[9], T out[4]) {
  const T w = q[0], x = q[1], y = q[2], z = q[3];
  out[0] = T(2) * (z * (d[3] - d[1]) + y * (d[2] - d[6]) + x * (d[7] - d[5]));
  out[1] =
      T(2) * (y * (d[1] + d[3]) + z * (d[2] + d[6]) + w * (d[7] - d[5])) - T(4) * x * (d[4] + d[8]);
  out[2] =
      T(2) * (x * (d[1] + d[3]) + z * (d[5] + d[7]) + w * (d[2] - d[6])) - T(4) * y * (d[0] + d[8]);
  out[3] =
      T(2) * (x * (d[2] + d[6]) + y * (d[5] + d[7]) + w * (d[3] - d[1])) - T(4) * z * (d[0] + d[4]);
}

/// Colour: adds to g.sh0, g.sh_rest and, through the direction, to g.position.
template <class T>
VANE_HD inline void colour_gradient(const SplatView<T>& view, const SplatArrays& cloud, long long i,
                                    const T d_rgb[3], SplatGradient<T>& g) {
  T rgb[3], d[3], basis[kMostShCoefficients], slopes[kMostShCoefficients][3];
  const int held = colour_of(view, cloud, i, rgb);
  const T distance = direction_to(view, cloud, i, d);
  sh_basis(view.sh_degree, d, basis);
  sh_gradient(view.sh_degree, d, slopes);
  T free[3], along[3] = {T(0), T(0), T(0)};
  for (int c = 0; c < 3; ++c) {
    free[c] = (held >> c) & 1 ? T(0) : d_rgb[c];
    g.sh0[c] += basis[0] * free[c];
  }
  const float* rest = cloud.sh_rest + 3 * i * view.sh_stride;
  for (int k = 1; k < sh_coefficients(view.sh_degree); ++k) {
    T pull = T(0);
    for (int c = 0; c < 3; ++c) {
      g.sh_rest[3 * (k - 1) + c] += basis[k] * free[c];
      pull += T(rest[3 * (k - 1) + c]) * free[c];
    }
    for (int a = 0; a < 3; ++a) along[a] += pull * slopes[k][a];
  }
  const T radial = along[0] * d[0] + along[1] * d[1] + along[2] * d[2];
  for (int a = 0; a < 3; ++a) g.position[a] += (along[a] - radial * d[a]) / distance;
}

/// All derivatives of Gaussian i from the sums over its pixels; `p` is what project() gave.
template <class T>
VANE_HD inline void gaussian_gradient(const SplatView<T>& view, const SplatArrays& cloud,
                                      long long i, const Projection<T>& p, const PixelMoments<T>& m,
                                      SplatGradient<T>& g) {
  colour_gradient(view, cloud, i, m.rgb, g);
  g.opacity_logit += m.h * (T(1) - p.full_opacity);

  // The conic A, and dL/dS = A M A / 2 with M the second moments, for the covariance S.
  const T a = p.yy / p.determinant, b = -p.xy / p.determinant, c = p.xx / p.determinant;
  const T du = a * m.x + b * m.y, dv = b * m.x + c * m.y;
  g.centre[0] = du;
  g.centre[1] = dv;
  const T l0 = a * m.xx + b * m.xy, l1 = a * m.xy + b * m.yy;
  const T l2 = b * m.xx + c * m.xy, l3 = b * m.xy + c * m.yy;
  T sxx = T(0.5) * (l0 * a + l1 * b), sxy = T(0.5) * (l0 * b + l1 * c),
    syy = T(0.5) * (l2 * b + l3 * c);
  if (view.antialiased && p.compensation > T(kLeastCompensation)) {
    // compensation^2 = |S - dilation| / |S|, and h is dL/dlog(opacity).
    const T e = T(kDilation), half = T(0.5) * m.h;
    sxx += half * ((p.yy - e) / p.bare_determinant - a);
    sxy += half * (-p.xy / p.bare_determinant - b);
    syy += half * ((p.xx - e) / p.bare_determinant - c);
  }

  // V = J W R S: dV = 2 (dL/dS) V.
  const T* v0 = p.image_axes;
  const T* v1 = p.image_axes + 3;
  T d_axes[6];
  for (int k = 0; k < 3; ++k) {
    d_axes[k] = T(2) * (sxx * v0[k] + sxy * v1[k]);
    d_axes[3 + k] = T(2) * (sxy * v0[k] + syy * v1[k]);
  }
  const T* w = view.rotation;
  const T* r = p.turn;
  T to_image[6], turned[6];  // J W, and J W R
  for (int row = 0; row < 2; ++row) {
    const T* j = p.jacobian + 3 * row;
    for (int k = 0; k < 3; ++k) {
      to_image[3 * row + k] = j[0] * w[k] + j[1] * w[3 + k] + j[2] * w[6 + k];
    }
    const T* t = to_image + 3 * row;
    for (int k = 0; k < 3; ++k) {
      turned[3 * row + k] = t[0] * r[k] + t[1] * r[3 + k] + t[2] * r[6 + k];
    }
  }
  T d_turn[9];
  for (int k = 0; k < 3; ++k) {
    g.log_scale[k] += p.scale[k] * (turned[k] * d_axes[k] + turned[3 + k] * d_axes[3 + k]);
    for (int row = 0; row < 3; ++row) {
      d_turn[3 * row + k] =
          p.scale[k] * (to_image[row] * d_axes[k] + to_image[3 + row] * d_axes[3 + k]);
    }
  }
  T q[4], dq[4];
  const T length = normalise_quaternion(cloud.rotation + 4 * i, q);
  rotation_gradient(q, d_turn, dq);
  const T radial = q[0] * dq[0] + q[1] * dq[1] + q[2] * dq[2] + q[3] * dq[3];
  for (int k = 0; k < 4; ++k) g.rotation[k] += (dq[k] - radial * q[k]) / length;

  // dL/d(J W) = dV (R S)^T, then dL/dJ by W^T.
  T d_jacobian[6];
  for (int row = 0; row < 2; ++row) {
    T t[3];
    for (int k = 0; k < 3; ++k) {
      t[k] = T(0);
      for (int n = 0; n < 3; ++n) t[k] += d_axes[3 * row + n] * r[3 * k + n] * p.scale[n];
    }
    for (int k = 0; k < 3; ++k) {
      d_jacobian[3 * row + k] = t[0] * w[3 * k] + t[1] * w[3 * k + 1] + t[2] * w[3 * k + 2];
    }
  }
  const T inverse = T(1) / p.point[2], inverse2 = inverse * inverse;
  T d_point[3] = {T(0), T(0), T(0)};
  const T focal[2] = {view.fx, view.fy}, d_mean[2] = {du, dv};
  for (int axis = 0; axis < 2; ++axis) {
    const T straight = d_jacobian[3 * axis + axis], slanted = d_jacobian[3 * axis + 2];
    d_point[2] -= focal[axis] * inverse2 * straight;
    // The slanted entry is -f s / z with s = x/z, or s held at a limit.
    const T third = p.jacobian[3 * axis + 2];
    if (p.clamped[axis]) {
      d_point[2] -= third * inverse * slanted;
    } else {
      d_point[axis] -= focal[axis] * inverse2 * slanted;
      d_point[2] -= T(2) * third * inverse * slanted;
    }
    d_point[axis] += focal[axis] * inverse * d_mean[axis];
    d_point[2] -= focal[axis] * p.point[axis] * inverse2 * d_mean[axis];
  }
  for (int k = 0; k < 3; ++k) {
    g.position[k] += w[k] * d_point[0] + w[3 + k] * d_point[1] + w[6 + k] * d_point[2];
  }
}

}  // namespace vane::splats
