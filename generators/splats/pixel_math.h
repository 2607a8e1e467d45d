// SPDX-License-Identifier: Apache-2.0
#pragma once
// Blending at one pixel, front to back, and its derivatives: what tile_loops.h does for 8 pixels at
// once. Templates on the scalar, no torch; CPU (float64 in tests) and device.

#include "generators/splats/splat_gradient_math.h"

namespace vane::splats {

/// What a Gaussian does at a pixel. `raw` is the opacity before the cap.
template <class T>
struct PixelStep {
  T dx, dy;                      // from the mean to the pixel's centre
  T raw, alpha, weight, before;  // transmittance in front of it
  bool capped;
};

/// Takes a Gaussian at pixel (x,y), whose centre is at +0.5. Updates the transmittance; sets `full`
/// and leaves it when the Gaussian would fill the pixel. False: it adds nothing.
template <class T>
VANE_HD inline bool take(const BlendRecord<T>& r, int x, int y, T& transmittance, bool& full,
                         PixelStep<T>& step) {
  step.dx = (T(x) - r.u_whole) + (T(0.5) - r.u_part);
  step.dy = (T(y) - r.v_whole) + (T(0.5) - r.v_part);
  const T p = r.px * step.dx + r.py * step.dy, q = r.qy * step.dy;
  const T exponent = r.log2_opacity - q * q - p * p;
  if (!(exponent >= T(-7.99435343685885793770))) return false;  // log2 of 1/255
  step.raw = std::exp2(exponent);
  step.capped = step.raw > T(kMostAlpha);
  step.alpha = step.capped ? T(kMostAlpha) : step.raw;
  const T next = transmittance * (T(1) - step.alpha);
  if (next < T(kLeastTransmittance)) {
    full = true;
    return false;
  }
  step.before = transmittance;
  step.weight = step.alpha * transmittance;
  transmittance = next;
  return true;
}

/// Adds a step's share to the sums of its Gaussian. `behind` is dL/drgb times the colour that is
/// still behind the step before it (background too) minus dL/dalpha times the final transmittance;
/// it is updated.
template <class T>
VANE_HD inline void add_moments(const PixelStep<T>& s, const T rgb[3], const T d_rgb[3],
                                bool gradient_through_cap, T& behind, PixelMoments<T>& m) {
  const T pull = d_rgb[0] * rgb[0] + d_rgb[1] * rgb[1] + d_rgb[2] * rgb[2];
  behind -= s.weight * pull;
  for (int c = 0; c < 3; ++c) m.rgb[c] += s.weight * d_rgb[c];
  if (s.capped && !gradient_through_cap) return;
  const T h = s.raw * (s.before * pull - behind / (T(1) - s.alpha));
  m.h += h;
  m.x += h * s.dx;
  m.y += h * s.dy;
  m.xx += h * s.dx * s.dx;
  m.xy += h * s.dx * s.dy;
  m.yy += h * s.dy * s.dy;
}

}  // namespace vane::splats
