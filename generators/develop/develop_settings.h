// SPDX-License-Identifier: Apache-2.0
#pragma once
// The settings of the photo pipeline as plain numbers: what a sidecar stores and a slider shows.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/config/fields.h"

namespace vane {

/// Bands of hue that can be moved apart; OKLab hue angles 20° + 45° k:
/// red, orange, yellow, green, aqua, blue, purple, magenta.
inline constexpr int kHueBands = 8;
/// Equal segments of the tone curve.
inline constexpr int kCurveSegments = 6;
/// Coefficients of an affine colour transform: three rows of (r, g, b, offset).
inline constexpr int kAffineCoefficients = 12;

/// Low-resolution bilateral grid of affine colour transforms (Chen et al. 2007; Gharbi et al.
/// 2017). Values are *differences from the identity*, so zeros change nothing. Vertices lie on the
/// borders: x, y in [0,1] and luma in [0,1] map to [0,width-1], [0,height-1], [0,depth-1].
struct BilateralGrid {
  int depth = 0, height = 0, width = 0;
  /// [kAffineCoefficients, depth, height, width], row by row; empty when there is no local part.
  std::vector<float> coefficients;

  bool empty() const { return coefficients.empty(); }
};

/// All zeros is the identity. Values beyond the declared range act as the end of the range.
/// Order of the stages: light (haze, exposure, white balance, vignette) in linear light with a
/// smooth shoulder; local grid; tone (contrast, shadows, highlights, whites, blacks, curve) on
/// encoded values; colour (saturation, vibrance, hue bands, tints) in an OKLab-like space.
struct DevelopSettings {
  float exposure = 0, contrast = 0, highlights = 0, shadows = 0, whites = 0, blacks = 0;
  float temperature = 0, tint = 0, saturation = 0, vibrance = 0, vignette = 0, haze = 0;
  std::vector<float> tone_curve = std::vector<float>(kCurveSegments);
  std::vector<float> hue_shift = std::vector<float>(kHueBands);
  std::vector<float> hue_saturation = std::vector<float>(kHueBands);
  std::vector<float> hue_luminance = std::vector<float>(kHueBands);
  std::vector<float> shadow_tint = std::vector<float>(2);
  std::vector<float> highlight_tint = std::vector<float>(2);
  BilateralGrid grid;

  /// Everything but the grid. Vectors keep the length they have by default.
  template <class V>
  static void fields(V& v) {
    using C = DevelopSettings;
    v.field("exposure", &C::exposure, "light gain before the shoulder",
            {.min = -4, .max = 4, .unit = "EV"});
    v.field("contrast", &C::contrast, "log2 of the slope at middle grey", {.min = -1, .max = 1});
    v.field("highlights", &C::highlights, "brightens the upper tones", {.min = -1, .max = 1});
    v.field("shadows", &C::shadows, "brightens the lower tones", {.min = -1, .max = 1});
    v.field("whites", &C::whites, "moves the white point", {.min = -1, .max = 1});
    v.field("blacks", &C::blacks, "moves the black point; positive fades", {.min = -1, .max = 1});
    v.field("temperature", &C::temperature, "positive is warmer", {.min = -1, .max = 1});
    v.field("tint", &C::tint, "positive is more magenta, negative greener", {.min = -1, .max = 1});
    v.field("saturation", &C::saturation, "chroma of every colour; -1 is monochrome",
            {.min = -1, .max = 1});
    v.field("vibrance", &C::vibrance, "chroma of muted colours first", {.min = -1, .max = 1});
    v.field("vignette", &C::vignette, "light gain in the corners",
            {.min = -2, .max = 2, .unit = "EV"});
    v.field("haze", &C::haze, "veils the scene in bright air; negative clears the air",
            {.min = -1, .max = 1});
    v.field("tone_curve", &C::tone_curve,
            "log2 of the relative slope of each sixth of the curve, dark to bright; ends stay",
            {.min = -2, .max = 2});
    v.field("hue_shift", &C::hue_shift,
            "turn of each hue band, 1 is 30 degrees from red towards yellow",
            {.min = -1, .max = 1});
    v.field("hue_saturation", &C::hue_saturation, "chroma of each hue band", {.min = -1, .max = 1});
    v.field("hue_luminance", &C::hue_luminance, "lightness of each hue band",
            {.min = -1, .max = 1});
    v.field("shadow_tint", &C::shadow_tint,
            "colour of the shadows: green to red, blue to yellow; 1 is 0.1 in OKLab",
            {.min = -1, .max = 1});
    v.field("highlight_tint", &C::highlight_tint,
            "colour of the highlights: green to red, blue to yellow; 1 is 0.1 in OKLab",
            {.min = -1, .max = 1});
  }
};

/// Coefficients of the grid beyond this act as this.
inline constexpr float kGridLimit = 1.f;

/// One declared setting of DevelopSettings; exactly one member pointer is set.
struct DevelopField {
  std::string name, doc;
  FieldOptions options;
  float DevelopSettings::*scalar = nullptr;
  std::vector<float> DevelopSettings::*vector = nullptr;

  int64_t size(const DevelopSettings& settings) const;
  float* data(DevelopSettings& settings) const;
  const float* data(const DevelopSettings& settings) const;
  /// A distance that a photographer would call a clear but natural move.
  double natural() const { return options.max / 4; }
};

/// The declarations of DevelopSettings::fields() in order.
const std::vector<DevelopField>& develop_fields();

/// True when nothing would change.
bool is_identity(const DevelopSettings& settings);
/// Every setting and grid coefficient multiplied by `strength`, then kept within its range.
DevelopSettings scaled(const DevelopSettings& settings, float strength);
/// Throws Error{usage} when a vector has another length, a value is not finite or the grid's size
/// contradicts its shape.
void check_settings(const DevelopSettings& settings);
/// Settings that differ from 0, largest (relative to natural) first, for people:
/// "exposure +0.42 EV".
std::vector<std::string> described(const DevelopSettings& settings);

}  // namespace vane
