// SPDX-License-Identifier: Apache-2.0
#pragma once
// Small float pictures in linear light: the canvas on which training samples are made.

#include <cstdint>
#include <vector>

#include "engine/image/image.h"

namespace vane {

/// RGB in linear light, interleaved row by row; 1 is the display's white, larger values are kept
/// until `to_srgb8`.
struct Raster {
  int width = 0, height = 0;
  std::vector<float> rgb;

  Raster() = default;
  Raster(int w, int h) : width(w), height(h), rgb(size_t(w) * size_t(h) * 3) {}
  size_t pixels() const { return size_t(width) * size_t(height); }
};

/// A rectangle in pixels of a picture; may be fractional.
struct CropBox {
  float left = 0, top = 0, width = 1, height = 1;
  bool flip = false;
};

/// sRGB transfer function (IEC 61966-2-1) on [0,1]; input outside is clipped. Interpolated in
/// tables: within 1e-5 of the formula.
float srgb_to_linear(float encoded);
float linear_to_srgb(float linear);

/// CIELAB under D65: lightness in [0,100], a towards red, b towards yellow.
struct Lab {
  float lightness = 0, a = 0, b = 0;
};
/// Of linear light, clipped to [0,1].
Lab lab_of_linear(const float* rgb);

/// Cuts `box` out of an 8-bit RGB(A) picture and reduces it to size x size by averaging in linear
/// light over each target pixel's footprint (at least 2x2 bilinear taps).
Raster cut(const Image& picture, const CropBox& box, int size);
/// The same for the alpha channel: [size*size] in [0,1].
std::vector<float> cut_alpha(const Image& picture, const CropBox& box, int size);

/// The whole of an 8-bit RGB picture at its size.
Raster to_raster(const Image& picture);

/// Clips to [0,1], encodes and rounds to 8 bit, interleaved RGB.
std::vector<uint8_t> to_srgb8(const Raster& raster);

/// Separable Gaussian with clamped borders on `channels` interleaved floats.
void gaussian_blur(std::vector<float>& samples, int width, int height, int channels, float sigma);

/// Mean CIELAB (D65) statistics of what `to_srgb8` would show.
struct ColourStatistics {
  float lightness = 0, a = 0, b = 0, chroma = 0;
  /// Standard deviation of lightness.
  float contrast = 0;
};
ColourStatistics colour_statistics(const Raster& raster);

inline float luminance(const float* rgb) {
  return 0.2126f * rgb[0] + 0.7152f * rgb[1] + 0.0722f * rgb[2];
}

}  // namespace vane
