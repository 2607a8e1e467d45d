// SPDX-License-Identifier: Apache-2.0
#pragma once
// One pixel of the photo pipeline, from constants to result; no torch, compiled for CPU and device.

#include "generators/develop/colour_math.h"
#include "generators/develop/tone_math.h"

namespace vane::develop {

/// Luminance weights of linear sRGB (IEC 61966-2-1); on encoded values they give the luma that
/// guides the grid.
inline constexpr double kLuma[3] = {0.2126, 0.7152, 0.0722};
/// log2 gain of red and blue per unit of temperature and of all three per unit of tint, before the
/// luminance of white is restored. 1 unit of temperature takes D65 white to about 4000 K.
inline constexpr double kTemperatureGain[3] = {0.45, 0.0, -0.9};
inline constexpr double kTintGain[3] = {0.15, -0.35, 0.15};
/// Haze as the scattering model has it, I = J t + A (1 - t) in linear light (Narasimhan and Nayar
/// 2002), with the same transmission t and airlight A everywhere: A is a bright grey, and a unit of
/// haze takes log2 of t down by kHazeStops. Below zero the same formula takes the veil away.
inline constexpr double kAirlight = 0.7, kHazeStops = 1.5;

/// Everything that one pixel needs, computed once a picture.
template <class T>
struct DevelopConstants {
  bool light_active = false, local_active = false;
  T exposure = 0;  // EV
  T vignette = 0;  // EV in the corner
  T veil = 0;      // 1 - transmission; negative takes haze away
  T white_balance[3] = {1, 1, 1};
  T white_balance_max = 1;
  T corner_x = 0, corner_y = 0;  // squared share of the half diagonal, sum 1
  ToneConstants<T> tone;
  ColourConstants<T> colour;
  /// [depth][height][width][12] differences from the identity; borrowed.
  const T* grid = nullptr;
  int grid_depth = 0, grid_height = 0, grid_width = 0;
};

/// Vertex below `x` in [0, size-1] and the weight of the next one.
template <class T>
VANE_HD inline int cell_of(T x, int size, T& weight) {
  const T last = T(size - 1);
  x = x < T(0) ? T(0) : (x > last ? last : x);
  int i = static_cast<int>(x);
  i = i > size - 2 ? size - 2 : i;
  weight = x - T(i);
  return i;
}

/// Trilinear slice of a [depth][height][width][12] grid at x, y, luma in [0,1].
template <class T>
VANE_HD inline void slice_grid(const DevelopConstants<T>& c, T x, T y, T luma, T affine[12]) {
  T wx, wy, wz;
  const int ix = cell_of(x * T(c.grid_width - 1), c.grid_width, wx);
  const int iy = cell_of(y * T(c.grid_height - 1), c.grid_height, wy);
  const int iz = cell_of(luma * T(c.grid_depth - 1), c.grid_depth, wz);
  for (int k = 0; k < kAffineCoefficients; ++k) affine[k] = T(0);
  for (int corner = 0; corner < 8; ++corner) {
    const int dx = corner & 1, dy = (corner >> 1) & 1, dz = corner >> 2;
    const T weight = (dx ? wx : T(1) - wx) * (dy ? wy : T(1) - wy) * (dz ? wz : T(1) - wz);
    const int vertex = ((iz + dz) * c.grid_height + iy + dy) * c.grid_width + ix + dx;
    const T* values = c.grid + static_cast<long long>(vertex) * kAffineCoefficients;
    for (int k = 0; k < kAffineCoefficients; ++k) affine[k] += weight * values[k];
  }
}

/// Adds the affine difference to encoded RGB; shoulder and toe keep white and black inside [0,1].
template <class T>
VANE_HD inline void apply_affine(const T d[12], T rgb[3]) {
  T white = T(1), black = T(0), y[3];
  for (int i = 0; i < 3; ++i) {
    const T* row = d + 4 * i;
    y[i] = rgb[i] + row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2] + row[3];
    const T top = T(1) + row[0] + row[1] + row[2] + row[3];
    white = top > white ? top : white;
    black = row[3] < black ? row[3] : black;
  }
  for (int i = 0; i < 3; ++i) {
    rgb[i] = clamp01(toe(shoulder(y[i], white, kToneKnee<T>), black, kToneKnee<T>));
  }
}

/// Haze, exposure, white balance and vignette on linear light, in place.
template <class T>
VANE_HD inline void light(const DevelopConstants<T>& c, T x, T y, T linear[3]) {
  T stops = c.exposure;
  if (c.vignette != T(0)) {
    const T dx = T(2) * x - T(1), dy = T(2) * y - T(1);
    const T radius = dx * dx * c.corner_x + dy * dy * c.corner_y;  // squared; 1 in the corner
    stops += c.vignette * radius * radius;
  }
  const T air = T(kAirlight), darkest = c.veil * air, brightest = T(1) + c.veil * (air - T(1));
  const T gain = std::exp2(stops), peak = gain * c.white_balance_max * brightest;
  T before[3];
  for (int i = 0; i < 3; ++i) {
    const T seen = linear[i] + c.veil * (air - linear[i]), channel = gain * c.white_balance[i];
    before[i] = seen * channel;
    linear[i] = clamp01(shoulder(toe(seen, darkest, kToneKnee<T>) * channel, peak, kLightKnee<T>));
  }
  keep_hue(before, linear);
}

/// The curves of one value as formulas; the CPU loop brings one that looks tables up.
template <class T>
struct ExactCurves {
  VANE_HD T encoded(T x) const { return srgb_from_linear(x); }
  VANE_HD T linear(T x) const { return linear_from_srgb(x); }
  VANE_HD T toned(const ToneConstants<T>& c, T x) const { return tone(c, x); }
};

/// One pixel: encoded sRGB in [0,1] (and the same in linear light) to encoded sRGB in [0,1].
/// x, y are the pixel centre over width and height.
template <class T, class Curves = ExactCurves<T>>
VANE_HD inline void develop_pixel(const DevelopConstants<T>& c, T x, T y, const T encoded[3],
                                  const T linear[3], T out[3], const Curves& curves = {}) {
  for (int i = 0; i < 3; ++i) out[i] = encoded[i];
  if (c.light_active) {
    T lit[3] = {linear[0], linear[1], linear[2]};
    light(c, x, y, lit);
    for (int i = 0; i < 3; ++i) out[i] = curves.encoded(lit[i]);
  }
  if (c.local_active) {
    const T luma = T(kLuma[0]) * encoded[0] + T(kLuma[1]) * encoded[1] + T(kLuma[2]) * encoded[2];
    T affine[kAffineCoefficients];
    slice_grid(c, x, y, luma, affine);
    apply_affine(affine, out);
  }
  if (c.tone.active) {
    T before[3] = {out[0], out[1], out[2]};
    for (int i = 0; i < 3; ++i) out[i] = curves.toned(c.tone, before[i]);
    keep_hue(before, out);
  }
  if (c.colour.active) {
    T rgb[3];
    for (int i = 0; i < 3; ++i) rgb[i] = curves.linear(out[i]);
    colour(c.colour, rgb);
    for (int i = 0; i < 3; ++i) out[i] = curves.encoded(rgb[i]);
  }
}

}  // namespace vane::develop
