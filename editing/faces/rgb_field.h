// SPDX-License-Identifier: Apache-2.0
#pragma once
// Three floats a pixel, and how they are resampled: Lanczos to reduce, a cubic to look between.

#include <array>
#include <cstddef>
#include <vector>

#include "engine/image/image.h"

namespace vane {

using Rgb = std::array<float, 3>;

/// Rows of pixels. Positions are those of pixel indices: (0, 0) is the middle of the first pixel.
struct RgbField {
  int width = 0, height = 0;
  std::vector<Rgb> pixels;

  RgbField() = default;
  RgbField(int columns, int rows)
      : width(columns), height(rows), pixels(size_t(columns) * size_t(rows)) {}
  Rgb& at(int x, int y) { return pixels[size_t(y) * size_t(width) + size_t(x)]; }
  const Rgb& at(int x, int y) const { return pixels[size_t(y) * size_t(width) + size_t(x)]; }
};

/// For each target sample: the first source sample and the weights from there on, of sum 1.
struct LanczosTaps {
  std::vector<int> first;
  std::vector<std::vector<float>> weights;
};

/// Windowed sinc of three lobes, as wide as the reduction asks for, cut at the ends (as Pillow's
/// LANCZOS).
LanczosTaps lanczos_taps(int from, int to);
RgbField resize_lanczos(const RgbField& field, int width, int height);

/// Between the pixels: linear, or Catmull-Rom's cubic. Beyond the edge the last pixel counts.
Rgb sample_linear(const RgbField& field, double x, double y);
Rgb sample_cubic(const RgbField& field, double x, double y);

/// Samples in [0,1]; grey as three equal ones, alpha left out.
RgbField rgb_field(const Image& picture);
/// `depth` 8 or 16; rounded and clamped.
Image image_of(const RgbField& field, int depth);

}  // namespace vane
