// SPDX-License-Identifier: Apache-2.0
#pragma once
// From settings to the constants of one picture; host only.

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "generators/develop/develop_math.h"

namespace vane::develop {

/// Strength of whites and blacks: a setting of 1 moves an end by this much of the encoded range.
inline constexpr double kWhiteReach = 0.15, kBlackReach = 0.12;
/// log of the slope that shadows (highlights) of 1 give to black (white).
inline constexpr double kLiftLog = 0.95;
inline constexpr double kRadiansPerDegree = 0.017453292519943295;

/// The grid of `settings` with the coefficients of a vertex side by side:
/// [depth][height][width][12]; empty when there is none or all are 0.
template <class T>
std::vector<T> interleaved_grid(const BilateralGrid& grid) {
  const auto& source = grid.coefficients;
  if (std::all_of(source.begin(), source.end(), [](float v) { return v == 0.f; })) return {};
  const size_t vertices = source.size() / kAffineCoefficients;
  std::vector<T> result(source.size());
  for (size_t v = 0; v < vertices; ++v) {
    for (size_t k = 0; k < kAffineCoefficients; ++k) {
      result[v * kAffineCoefficients + k] = static_cast<T>(source[k * vertices + v]);
    }
  }
  return result;
}

template <class T>
ToneConstants<T> tone_constants(const DevelopSettings& s) {
  ToneConstants<T> c;
  c.contrast_slope = std::exp2(T(s.contrast));
  c.shadow_lift = std::expm1(T(kLiftLog) * T(s.shadows));
  c.highlight_lift = std::expm1(T(-kLiftLog) * T(s.highlights));
  c.lowest = T(kBlackReach) * T(s.blacks);
  c.highest = T(1) + T(kWhiteReach) * T(s.whites);
  T total = 0;
  for (int i = 0; i < kCurveSegments; ++i) {
    c.slope[i] = std::exp2(static_cast<T>(s.tone_curve[static_cast<size_t>(i)]));
    total += c.slope[i];
  }
  for (int i = 0; i < kCurveSegments; ++i) {
    c.slope[i] *= T(kCurveSegments) / total;
    c.knot[i + 1] = c.knot[i] + c.slope[i] / T(kCurveSegments);
  }
  c.tangent[0] = c.slope[0];
  c.tangent[kCurveSegments] = c.slope[kCurveSegments - 1];
  for (int i = 1; i < kCurveSegments; ++i) {
    c.tangent[i] = T(2) * c.slope[i - 1] * c.slope[i] / (c.slope[i - 1] + c.slope[i]);
  }
  c.active = s.contrast != 0 || s.shadows != 0 || s.highlights != 0 || s.blacks != 0 ||
             s.whites != 0 ||
             std::any_of(s.tone_curve.begin(), s.tone_curve.end(), [](float v) { return v != 0; });
  return c;
}

template <class T>
ColourConstants<T> colour_constants(const DevelopSettings& s) {
  ColourConstants<T> c;
  c.saturation = static_cast<T>(s.saturation);
  c.vibrance = static_cast<T>(s.vibrance);
  for (int k = 0; k < kHueBands; ++k) {
    const auto i = static_cast<size_t>(k);
    const double hue = (kFirstBandDegrees + kBandDegrees * k) * kRadiansPerDegree;
    c.band_cos[k] = static_cast<T>(std::cos(hue));
    c.band_sin[k] = static_cast<T>(std::sin(hue));
    c.hue_shift[k] = static_cast<T>(s.hue_shift[i]);
    c.hue_saturation[k] = static_cast<T>(s.hue_saturation[i]);
    c.hue_luminance[k] = static_cast<T>(s.hue_luminance[i]);
    c.bands_active = c.bands_active || c.hue_shift[k] != 0 || c.hue_saturation[k] != 0 ||
                     c.hue_luminance[k] != 0;
  }
  c.active = c.bands_active || c.saturation != 0 || c.vibrance != 0;
  for (size_t i = 0; i < 2; ++i) {
    c.shadow_tint[i] = T(kTintReach) * static_cast<T>(s.shadow_tint[i]);
    c.highlight_tint[i] = T(kTintReach) * static_cast<T>(s.highlight_tint[i]);
    c.active = c.active || c.shadow_tint[i] != 0 || c.highlight_tint[i] != 0;
  }
  return c;
}

/// `s` lies within its ranges, as scaled() leaves it. `grid` is interleaved_grid(s.grid) and must
/// outlive the result. A stage whose settings are all 0 is left out; it would be the identity to
/// rounding.
template <class T>
DevelopConstants<T> develop_constants(const DevelopSettings& s, int width, int height,
                                      const std::vector<T>& grid) {
  DevelopConstants<T> c;
  c.exposure = static_cast<T>(s.exposure);
  c.vignette = static_cast<T>(s.vignette);
  const T temperature = static_cast<T>(s.temperature), tint = static_cast<T>(s.tint);
  T white = 0;
  for (int i = 0; i < 3; ++i) {
    c.white_balance[i] = std::exp2(T(kTemperatureGain[i]) * temperature + T(kTintGain[i]) * tint);
    white += T(kLuma[i]) * c.white_balance[i];
  }
  for (T& gain : c.white_balance) gain /= white;
  c.white_balance_max = *std::max_element(c.white_balance, c.white_balance + 3);
  const double w = width, h = height, diagonal = w * w + h * h;
  c.corner_x = static_cast<T>(w * w / diagonal);
  c.corner_y = static_cast<T>(h * h / diagonal);
  c.veil = -std::expm1(T(-kHazeStops * std::numbers::ln2) * static_cast<T>(s.haze));
  c.light_active =
      s.exposure != 0 || s.vignette != 0 || s.temperature != 0 || s.tint != 0 || s.haze != 0;
  c.tone = tone_constants<T>(s);
  c.colour = colour_constants<T>(s);
  c.local_active = !grid.empty();
  c.grid = grid.data();
  c.grid_depth = s.grid.depth;
  c.grid_height = s.grid.height;
  c.grid_width = s.grid.width;
  return c;
}

}  // namespace vane::develop
