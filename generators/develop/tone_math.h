// SPDX-License-Identifier: Apache-2.0
#pragma once
// Curves of one value shared by the CPU loop and the device kernel: transfer function, shoulder,
// contrast, tonal regions, tone curve. T is float or double; every function is smooth in its
// settings and is the identity at 0.

#include <cmath>

#include "engine/base/host_device.h"
#include "generators/develop/develop_settings.h"

namespace vane::develop {

/// sRGB (IEC 61966-2-1) to linear light.
template <class T>
VANE_HD inline T linear_from_srgb(T x) {
  if (x <= T(0.04045)) return x / T(12.92);
  return std::pow((x + T(0.055)) / T(1.055), T(2.4));
}

/// Linear light to sRGB.
template <class T>
VANE_HD inline T srgb_from_linear(T x) {
  if (x <= T(0.0031308)) return x * T(12.92);
  return T(1.055) * std::pow(x, T(1) / T(2.4)) - T(0.055);
}

template <class T>
VANE_HD inline T clamp01(T x) {
  return x < T(0) ? T(0) : (x > T(1) ? T(1) : x);
}

/// Shoulder of the light stage: linear values above this are compressed when `peak` exceeds 1.
template <class T>
inline constexpr T kLightKnee = T(0.5);
/// Shoulder and toe of encoded values.
template <class T>
inline constexpr T kToneKnee = T(0.8);

/// Maps [0,peak] to [0,1]: the identity below `knee`, then a curve that leaves with slope 1 and
/// reaches 1 at `peak`. The identity when peak <= 1; continuous in peak.
/// Source: the extended Reinhard operator (Reinhard et al. 2002, Eq. 4) applied above the knee.
template <class T>
VANE_HD inline T shoulder(T x, T peak, T knee) {
  if (!(peak > T(1)) || x <= knee) return x;
  const T t = (x - knee) / (T(1) - knee), p = (peak - knee) / (T(1) - knee);
  return knee + (T(1) - knee) * t * (T(1) + t / (p * p)) / (T(1) + t);
}

/// The mirror image of shoulder(): maps [lowest,1] to [0,1] when lowest < 0.
template <class T>
VANE_HD inline T toe(T x, T lowest, T knee) {
  if (!(lowest < T(0)) || x >= T(1) - knee) return x;  // keeps the precision of dark values
  return T(1) - shoulder(T(1) - x, T(1) - lowest, knee);
}

/// Brightens the lower tones by amount a in (-1, 4): monotone, ends fixed, slope at 0 is 1 + a.
template <class T>
VANE_HD inline T lifted(T t, T a) {
  const T inverse = T(1) - t;
  return t + a * t * inverse * inverse * inverse;
}

/// The settings of the tone stage as its formulas need them.
template <class T>
struct ToneConstants {
  bool active = false;
  T contrast_slope = 1;  // at middle grey; 1 / slope at the ends
  T shadow_lift = 0, highlight_lift = 0;
  T lowest = 0, highest = 1;        // where black and white go
  T knot[kCurveSegments + 1] = {};  // value of the curve at i / kCurveSegments
  T slope[kCurveSegments] = {};     // secants
  T tangent[kCurveSegments + 1] = {};
};

/// Monotone cubic Hermite spline through equally spaced knots.
/// Source: Fritsch & Butland 1984 (harmonic mean of the neighbouring secants).
template <class T>
VANE_HD inline T tone_curve(const ToneConstants<T>& c, T t) {
  const T position = t * T(kCurveSegments);
  int i = static_cast<int>(position);
  i = i < 0 ? 0 : (i >= kCurveSegments ? kCurveSegments - 1 : i);
  const T x = position - T(i), m0 = c.tangent[i], m1 = c.tangent[i + 1], s = c.slope[i];
  const T cubic = m0 + x * ((T(3) * s - T(2) * m0 - m1) + x * (m0 + m1 - T(2) * s));
  return c.knot[i] + x * cubic / T(kCurveSegments);
}

/// Encoded value to encoded value, both in [0,1]; increasing.
template <class T>
VANE_HD inline T tone(const ToneConstants<T>& c, T t) {
  // The rational sigmoid u -> s u / (1 + (s - 1) |u|) about middle grey, written for each half so
  // that its end keeps precision. Slopes stay between 1/s and s: shadows neither block nor get
  // noisy.
  const T extra = c.contrast_slope - T(1), u = T(2) * t - T(1);
  t = u < T(0) ? t / (T(1) - extra * u) : T(1) - (T(1) - t) / (T(1) + extra * u);
  t = lifted(t, c.shadow_lift);
  t -= c.highlight_lift * (T(1) - t) * t * t * t;  // lifted() mirrored
  t = c.lowest + (c.highest - c.lowest) * t;
  t = toe(shoulder(t, c.highest, kToneKnee<T>), c.lowest, kToneKnee<T>);
  return clamp01(tone_curve(c, clamp01(t)));
}

/// Keeps the hue (in the HSV sense) that a curve applied to each channel would turn: the middle
/// channel takes the same relative place between the outer two as before. `x` is before, `y` after.
template <class T>
VANE_HD inline void keep_hue(const T x[3], T y[3]) {
  const T low = x[0] < x[1] ? (x[0] < x[2] ? x[0] : x[2]) : (x[1] < x[2] ? x[1] : x[2]);
  const T high = x[0] > x[1] ? (x[0] > x[2] ? x[0] : x[2]) : (x[1] > x[2] ? x[1] : x[2]);
  // Below this spread the secant equals the derivative to rounding, and the quotient is noise.
  if (high - low <= T(1e-4)) return;
  const T y_low = y[0] < y[1] ? (y[0] < y[2] ? y[0] : y[2]) : (y[1] < y[2] ? y[1] : y[2]);
  const T y_high = y[0] > y[1] ? (y[0] > y[2] ? y[0] : y[2]) : (y[1] > y[2] ? y[1] : y[2]);
  const T ratio = (y_high - y_low) / (high - low);
  for (int i = 0; i < 3; ++i) y[i] = y_low + ratio * (x[i] - low);
}

}  // namespace vane::develop
