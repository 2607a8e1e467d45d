// SPDX-License-Identifier: Apache-2.0
#pragma once
// The colour stage shared by the CPU loop and the device kernel: an OKLab-like space, hue bands,
// tints and the way back into the gamut.

#include <cmath>
#include <cstdint>
#include <cstring>

#include "engine/base/host_device.h"
#include "generators/develop/develop_settings.h"

namespace vane::develop {

/// Offset of the cube root. OKLab has an infinite slope at black, which amplifies noise and
/// gradients; an offset as in JPEG XL's XYB bounds it. White stays L = 1, a = b = 0.
inline constexpr double kCubeOffset = 1e-3;
inline constexpr double kCubeOffsetRoot = 0.1;
/// 1 / (cbrt(1 + kCubeOffset) - cbrt(kCubeOffset)).
inline constexpr double kCubeScale = 1.110699877833300;

/// Linear sRGB to LMS and LMS' to Lab, functions because device code cannot see host arrays
/// (Ottosson 2020, "A perceptual color space for image processing"); the other two are their
/// inverses, computed to 40 digits.
struct Matrix3 {
  double m[3][3];
};
VANE_HD constexpr Matrix3 lms_from_rgb() {
  return {{{0.4122214708, 0.5363325363, 0.0514459929},
           {0.2119034982, 0.6806995451, 0.1073969566},
           {0.0883024619, 0.2817188376, 0.6299787005}}};
}
VANE_HD constexpr Matrix3 lab_from_root() {
  return {{{0.2104542553, 0.7936177850, -0.0040720468},
           {1.9779984951, -2.4285922050, 0.4505937099},
           {0.0259040371, 0.7827717662, -0.8086757660}}};
}
VANE_HD constexpr Matrix3 root_from_lab() {
  return {{{0.9999999984505198, 0.3963377921737679, 0.2158037580607588},
           {1.0000000088817608, -0.1055613423236563, -0.0638541747717059},
           {1.0000000546724109, -0.0894841820949658, -1.2914855378640917}}};
}
VANE_HD constexpr Matrix3 rgb_from_lms() {
  return {{{4.0767416613479943, -3.3077115904081933, 0.2309699287294279},
           {-1.2684380040921761, 2.6097574006633714, -0.3413193963102196},
           {-0.0041960865418371, -0.7034186144594496, 1.7076147009309449}}};
}

/// First hue band and its spacing, in degrees of OKLab hue.
inline constexpr double kFirstBandDegrees = 20, kBandDegrees = 45;
/// Sum over the 8 bands of ((1 + cos(h - h_k)) / 2)^7 = 8 * C(14,7) / 2^14, the same for every hue
/// h because a trigonometric polynomial of degree 7 sampled at 8 equal steps keeps its mean only.
inline constexpr double kBandSum = 8.0 * 3432.0 / 16384.0;
/// Chroma below which a colour counts as muted (vibrance) and as grey (luminance of hue bands).
inline constexpr double kMutedChroma = 0.12, kGreyChroma = 0.04;
/// Added to the squared chroma, so that the hue of grey is harmless.
inline constexpr double kChromaFloor = 1e-8;
/// A hue shift of 1, in radians; a luminance of 1 at full weight; a tint of 1 in OKLab units.
inline constexpr double kHueTurn = 0.52359877559829887, kHueLift = 0.6, kTintReach = 0.1;
/// Makes the tint weights L (1 - L)^2 and L^2 (1 - L) reach 1.
inline constexpr double kTintWeight = 6.75;

/// The settings of the colour stage as its formulas need them.
template <class T>
struct ColourConstants {
  bool active = false, bands_active = false;
  T saturation = 0, vibrance = 0;
  T band_cos[kHueBands] = {}, band_sin[kHueBands] = {};
  T hue_shift[kHueBands] = {}, hue_saturation[kHueBands] = {}, hue_luminance[kHueBands] = {};
  T shadow_tint[2] = {}, highlight_tint[2] = {};  // OKLab units
};

template <class T>
VANE_HD inline void multiply(const Matrix3& matrix, const T x[3], T y[3]) {
  for (int i = 0; i < 3; ++i) {
    y[i] = T(matrix.m[i][0]) * x[0] + T(matrix.m[i][1]) * x[1] + T(matrix.m[i][2]) * x[2];
  }
}

/// Cube root of a positive number. For float by a guess from the exponent and two steps of Halley's
/// method, exact to rounding and several times faster than the library's.
VANE_HD inline double cube_root(double x) { return std::cbrt(x); }
VANE_HD inline float cube_root(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits = bits / 3 + 709921077u;  // a third of the exponent; starts within 6 %
  float y;
  std::memcpy(&y, &bits, sizeof y);
  for (int step = 0; step < 2; ++step) {
    const float cube = y * y * y;
    y *= (cube + 2.f * x) / (2.f * cube + x);
  }
  return y;
}

/// Sine and cosine of |x| <= kHueTurn by their Taylor series, exact to double rounding there.
template <class T>
VANE_HD inline void sine_cosine(T x, T& sine, T& cosine) {
  const T q = x * x;
  sine =
      x * (T(1) -
           q / T(6) *
               (T(1) -
                q / T(20) *
                    (T(1) -
                     q / T(42) * (T(1) - q / T(72) * (T(1) - q / T(110) * (T(1) - q / T(156)))))));
  cosine =
      T(1) -
      q / T(2) *
          (T(1) -
           q / T(12) *
               (T(1) -
                q / T(30) *
                    (T(1) -
                     q / T(56) * (T(1) - q / T(90) * (T(1) - q / T(132) * (T(1) - q / T(182)))))));
}

/// Share of the way from `grey` to rgb at which the first channel leaves [0,1]; above 1 inside.
template <class T>
VANE_HD inline T gamut_reach(T grey, const T rgb[3]) {
  T low = rgb[0], high = rgb[0];
  for (int i = 1; i < 3; ++i) {
    low = rgb[i] < low ? rgb[i] : low;
    high = rgb[i] > high ? rgb[i] : high;
  }
  const T tiny = T(1e-12), down = grey - low, up = high - grey;
  const T reach_down = grey / (down > tiny ? down : tiny);
  const T reach_up = (T(1) - grey) / (up > tiny ? up : tiny);
  return reach_down < reach_up ? reach_down : reach_up;
}

/// Steps of the search for the chroma at the border of the gamut.
inline constexpr int kGamutSteps = 4;

/// Brings linear RGB outside [0,1] back by reducing chroma at constant lightness and hue, as a mix
/// with grey in linear light would turn red to pink. `lab` is the colour of `rgb`; a colour inside
/// is left alone, and the result is continuous at the border.
template <class T>
VANE_HD inline void into_gamut(const T lab[3], T rgb[3]) {
  const T root = lab[0] * T(1 / kCubeScale) + T(kCubeOffsetRoot);
  const T grey = root * root * root - T(kCubeOffset);
  if (grey <= T(0) || grey >= T(1)) {
    for (int i = 0; i < 3; ++i) rgb[i] = grey <= T(0) ? T(0) : T(1);
    return;
  }
  T reach = gamut_reach(grey, rgb);
  if (reach >= T(1)) {
    for (int i = 0; i < 3; ++i) rgb[i] = rgb[i] < T(0) ? T(0) : (rgb[i] > T(1) ? T(1) : rgb[i]);
    return;
  }
  const T direction[3] = {T(0), lab[1], lab[2]};
  T full[3], cone[3];
  multiply(root_from_lab(), direction, full);
  T chroma = T(1);
  for (int step = 0; step < kGamutSteps; ++step) {
    chroma *= reach;
    chroma = chroma < T(1) ? chroma : T(1);
    for (int i = 0; i < 3; ++i) {
      const T d = full[i] * chroma * T(1 / kCubeScale);
      cone[i] = d * (T(3) * root * root + d * (T(3) * root + d));  // (root + d)^3 - root^3
    }
    multiply(rgb_from_lms(), cone, rgb);
    for (int i = 0; i < 3; ++i) rgb[i] += grey;
    reach = gamut_reach(grey, rgb);
  }
  // What the search left over.
  reach = reach < T(1) ? reach : T(1);
  for (int i = 0; i < 3; ++i) {
    const T x = grey + reach * (rgb[i] - grey);
    rgb[i] = x < T(0) ? T(0) : (x > T(1) ? T(1) : x);
  }
}

/// Hue shift, saturation and luminance of the bands at direction (x, y) of the (a, b) plane.
template <class T>
VANE_HD inline void band_moves(const ColourConstants<T>& c, T x, T y, T moves[3]) {
  moves[0] = moves[1] = moves[2] = T(0);
  for (int k = 0; k < kHueBands; ++k) {
    const T half = T(0.5) + T(0.5) * (x * c.band_cos[k] + y * c.band_sin[k]);
    const T squared = half * half, cubed = squared * half;
    const T weight = squared * squared * cubed * T(1 / kBandSum);
    moves[0] += weight * c.hue_shift[k];
    moves[1] += weight * c.hue_saturation[k];
    moves[2] += weight * c.hue_luminance[k];
  }
}

/// The colour stage on linear RGB in [0,1], in place. Works on differences: what the settings leave
/// alone returns without rounding, and float32 errors shrink with the edit.
template <class T>
VANE_HD inline void colour(const ColourConstants<T>& c, T rgb[3]) {
  T cone[3], root[3], lab[3];
  multiply(lms_from_rgb(), rgb, cone);
  for (int i = 0; i < 3; ++i) {
    cone[i] = cube_root(cone[i] + T(kCubeOffset));
    root[i] = (cone[i] - T(kCubeOffsetRoot)) * T(kCubeScale);
  }
  multiply(lab_from_root(), root, lab);
  const T a = lab[1], b = lab[2], squared = a * a + b * b;
  T gain = (T(1) + c.saturation) *
           (T(1) + c.vibrance / (T(1) + squared * T(1 / (kMutedChroma * kMutedChroma))));
  T lift = T(0), turned_a = a, turned_b = b;
  if (c.bands_active) {
    const T chroma = std::sqrt(squared + T(kChromaFloor));
    T moves[3];
    band_moves(c, a / chroma, b / chroma, moves);
    gain *= T(1) + moves[1];
    const T coloured = squared / (squared + T(kGreyChroma * kGreyChroma));
    lift = T(kHueLift) * moves[2] * coloured * lab[0] * (T(1) - lab[0]);
    T sine, cosine;
    sine_cosine(moves[0] * T(kHueTurn), sine, cosine);
    turned_a = a * cosine - b * sine;
    turned_b = a * sine + b * cosine;
  }
  const T l = lab[0] + lift;
  const T dark = T(kTintWeight) * l * (T(1) - l) * (T(1) - l);
  const T bright = T(kTintWeight) * l * l * (T(1) - l);
  const T change[3] = {
      lift, turned_a * gain - a + dark * c.shadow_tint[0] + bright * c.highlight_tint[0],
      turned_b * gain - b + dark * c.shadow_tint[1] + bright * c.highlight_tint[1]};
  T step[3], added[3];
  multiply(root_from_lab(), change, step);
  for (int i = 0; i < 3; ++i) {
    const T d = step[i] * T(1 / kCubeScale), r = cone[i];
    step[i] = d * (T(3) * r * r + d * (T(3) * r + d));  // (r + d)^3 - r^3
  }
  multiply(rgb_from_lms(), step, added);
  for (int i = 0; i < 3; ++i) rgb[i] += added[i];
  for (int i = 0; i < 3; ++i) lab[i] += change[i];
  into_gamut(lab, rgb);
}

}  // namespace vane::develop
