// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pictures and settings that the tests of the develop generator share.

#include <algorithm>
#include <vector>

#include "engine/base/rng.h"
#include "engine/image/image.h"
#include "generators/develop/develop_constants.h"
#include "generators/develop/develop_settings.h"

namespace vane::testing {

/// Random samples, every fifth pixel black, white, grey or fully saturated.
inline Image noise_image(int width, int height, int channels, int depth, uint64_t seed) {
  Image image;
  image.width = width;
  image.height = height;
  image.channels = channels;
  image.depth = depth;
  Rng rng(seed);
  const uint32_t levels = depth == 8 ? 256 : 65536;
  for (size_t i = 0; i < image.sample_count(); ++i) {
    const size_t pixel = i / static_cast<size_t>(channels);
    uint32_t value = rng.below(levels);
    if (pixel % 5 == 0) {
      const size_t kind = pixel / 5 % 4;
      const size_t channel = i % static_cast<size_t>(channels);
      if (kind == 0) value = 0;
      if (kind == 1) value = levels - 1;
      if (kind == 2) value = channel == pixel / 20 % 3 ? levels - 1 : 0;
      if (kind == 3) value = levels / 3;
    }
    if (depth == 8) {
      image.u8.push_back(static_cast<uint8_t>(value));
    } else {
      image.u16.push_back(static_cast<uint16_t>(value));
    }
  }
  return image;
}

/// Every setting uniform within `reach` of its range; a 12x3x4x5 grid within 0.3 * reach.
inline DevelopSettings random_settings(uint64_t seed, float reach, bool with_grid = true) {
  DevelopSettings settings;
  Rng rng(seed);
  for (const DevelopField& field : develop_fields()) {
    float* values = field.data(settings);
    const auto limit = static_cast<float>(field.options.max) * reach;
    for (int64_t i = 0; i < field.size(settings); ++i) values[i] = rng.uniform(-limit, limit);
  }
  if (with_grid) {
    settings.grid = {3, 4, 5, std::vector<float>(kAffineCoefficients * 3 * 4 * 5)};
    for (float& value : settings.grid.coefficients) {
      value = rng.uniform(-0.3f, 0.3f) * reach;
    }
  }
  return settings;
}

/// Every pixel of an RGB picture through develop_pixel<T>: [3][height*width], unrounded.
template <class T>
std::vector<T> develop_pixels(const Image& image, const DevelopSettings& settings) {
  const DevelopSettings kept = scaled(settings, 1.f);
  const std::vector<T> grid = develop::interleaved_grid<T>(kept.grid);
  const auto constants = develop::develop_constants<T>(kept, image.width, image.height, grid);
  const auto pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  std::vector<T> result(3 * pixels);
  for (size_t p = 0; p < pixels; ++p) {
    T encoded[3], linear[3], out[3];
    for (size_t i = 0; i < 3; ++i) {
      encoded[i] =
          image.depth == 8 ? T(image.u8[3 * p + i]) / T(255) : T(image.u16[3 * p + i]) / T(65535);
      linear[i] = develop::linear_from_srgb(encoded[i]);
    }
    const auto width = static_cast<size_t>(image.width);
    const T x = (T(p % width) + T(0.5)) / T(image.width);
    const T y = (T(p / width) + T(0.5)) / T(image.height);
    develop::develop_pixel(constants, x, y, encoded, linear, out);
    for (size_t i = 0; i < 3; ++i) result[i * pixels + p] = out[i];
  }
  return result;
}

}  // namespace vane::testing
