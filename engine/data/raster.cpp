// SPDX-License-Identifier: Apache-2.0
#include "engine/data/raster.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/error.h"

namespace vane {
namespace {

float exact_linear(float encoded) {
  return encoded <= 0.04045f ? encoded / 12.92f : std::pow((encoded + 0.055f) / 1.055f, 2.4f);
}

float exact_srgb(float linear) {
  return linear <= 0.0031308f ? linear * 12.92f : 1.055f * std::pow(linear, 1.f / 2.4f) - 0.055f;
}

/// A function on [0,1], interpolated between equal steps; looks spend most of their time here.
class CurveTable {
 public:
  CurveTable(int steps, float (*curve)(float))
      : steps_(static_cast<float>(steps)), values_(size_t(steps) + 2) {
    for (size_t i = 0; i < values_.size(); ++i) {
      values_[i] = curve(std::min(1.f, static_cast<float>(i) / steps_));
    }
  }
  float operator()(float x) const {
    const float at = std::clamp(x, 0.f, 1.f) * steps_;
    const auto i = static_cast<size_t>(at);
    return values_[i] + (at - static_cast<float>(i)) * (values_[i + 1] - values_[i]);
  }

 private:
  float steps_;
  std::vector<float> values_;
};

const std::array<float, 256>& linear_of_byte() {
  static const std::array<float, 256> table = [] {
    std::array<float, 256> t{};
    for (size_t i = 0; i < t.size(); ++i) t[i] = exact_linear(static_cast<float>(i) / 255.f);
    return t;
  }();
  return table;
}

/// Byte of a linear value; 16384 steps keep the steep foot of the curve within half a byte.
const std::vector<uint8_t>& byte_of_linear() {
  static const std::vector<uint8_t> table = [] {
    std::vector<uint8_t> t(16385);
    for (size_t i = 0; i < t.size(); ++i) {
      t[i] = static_cast<uint8_t>(std::lround(255.f * exact_srgb(static_cast<float>(i) / 16384.f)));
    }
    return t;
  }();
  return table;
}

/// Calls `visit(target index, x, y, weight)` for the taps of every target pixel. Each pixel
/// averages a grid of taps that covers its footprint.
template <class Visit>
void for_each_tap(const Image& picture, const CropBox& box, int size, Visit visit) {
  const float step_x = box.width / static_cast<float>(size);
  const float step_y = box.height / static_cast<float>(size);
  const int taps_x = std::clamp(static_cast<int>(std::ceil(step_x)), 2, 16);
  const int taps_y = std::clamp(static_cast<int>(std::ceil(step_y)), 2, 16);
  const float weight = 1.f / static_cast<float>(taps_x * taps_y);
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      const int from = box.flip ? size - 1 - column : column;
      for (int j = 0; j < taps_y; ++j) {
        const float fy = (static_cast<float>(j) + 0.5f) / static_cast<float>(taps_y);
        const float y = box.top + (static_cast<float>(row) + fy) * step_y;
        for (int i = 0; i < taps_x; ++i) {
          const float fx = (static_cast<float>(i) + 0.5f) / static_cast<float>(taps_x);
          const float x = box.left + (static_cast<float>(from) + fx) * step_x;
          const int px = std::clamp(static_cast<int>(x), 0, picture.width - 1);
          const int py = std::clamp(static_cast<int>(y), 0, picture.height - 1);
          const bool inside = x >= 0 && y >= 0 && x < static_cast<float>(picture.width) &&
                              y < static_cast<float>(picture.height);
          visit(static_cast<size_t>(row * size + column),
                static_cast<size_t>(py * picture.width + px), weight, inside);
        }
      }
    }
  }
}

float lab_curve(float t) {
  return t > 216.f / 24389.f ? std::cbrt(t) : (24389.f / 27.f * t + 16.f) / 116.f;
}

}  // namespace

float srgb_to_linear(float encoded) {
  static const CurveTable table(2048, exact_linear);
  return table(encoded);
}

float linear_to_srgb(float linear) {
  static const CurveTable table(16384, exact_srgb);
  return table(linear);
}

Lab lab_of_linear(const float* rgb) {
  const float r = std::clamp(rgb[0], 0.f, 1.f);
  const float g = std::clamp(rgb[1], 0.f, 1.f);
  const float b = std::clamp(rgb[2], 0.f, 1.f);
  // sRGB primaries to XYZ, divided by the D65 white.
  const float x = lab_curve((0.4124f * r + 0.3576f * g + 0.1805f * b) / 0.9505f);
  const float y = lab_curve(0.2126f * r + 0.7152f * g + 0.0722f * b);
  const float z = lab_curve((0.0193f * r + 0.1192f * g + 0.9505f * b) / 1.0888f);
  return {116.f * y - 16.f, 500.f * (x - y), 200.f * (y - z)};
}

Raster cut(const Image& picture, const CropBox& box, int size) {
  if (picture.depth != 8 || picture.channels < 3) {
    throw Error(ErrorCode::internal, "samples are cut from 8-bit RGB pictures only");
  }
  Raster out(size, size);
  const auto& linear = linear_of_byte();
  const auto channels = static_cast<size_t>(picture.channels);
  for_each_tap(picture, box, size, [&](size_t to, size_t from, float weight, bool) {
    const uint8_t* source = &picture.u8[from * channels];
    float* target = &out.rgb[to * 3];
    for (size_t c = 0; c < 3; ++c) target[c] += weight * linear[source[c]];
  });
  return out;
}

Raster to_raster(const Image& picture) {
  if (picture.depth != 8 || picture.channels != 3) {
    throw Error(ErrorCode::internal, "a raster is made of an 8-bit RGB picture");
  }
  Raster out(picture.width, picture.height);
  const auto& linear = linear_of_byte();
  for (size_t i = 0; i < out.rgb.size(); ++i) out.rgb[i] = linear[picture.u8[i]];
  return out;
}

std::vector<float> cut_alpha(const Image& picture, const CropBox& box, int size) {
  std::vector<float> alpha(size_t(size) * size_t(size));
  const auto channels = static_cast<size_t>(picture.channels);
  for_each_tap(picture, box, size, [&](size_t to, size_t from, float weight, bool inside) {
    if (!inside) return;
    const uint8_t value = picture.has_alpha() ? picture.u8[from * channels + channels - 1] : 255;
    alpha[to] += weight * static_cast<float>(value) / 255.f;
  });
  return alpha;
}

std::vector<uint8_t> to_srgb8(const Raster& raster) {
  const auto& table = byte_of_linear();
  std::vector<uint8_t> bytes(raster.rgb.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    const float value = std::clamp(raster.rgb[i], 0.f, 1.f);
    bytes[i] = table[static_cast<size_t>(value * 16384.f + 0.5f)];
  }
  return bytes;
}

void gaussian_blur(std::vector<float>& samples, int width, int height, int channels, float sigma) {
  if (sigma <= 0) return;
  const int radius = std::max(1, static_cast<int>(std::ceil(2.5f * sigma)));
  std::vector<float> kernel(size_t(2 * radius + 1));
  float sum = 0;
  for (int i = -radius; i <= radius; ++i) {
    const float x = static_cast<float>(i) / sigma;
    sum += kernel[size_t(i + radius)] = std::exp(-0.5f * x * x);
  }
  for (float& k : kernel) k /= sum;
  std::vector<float> pass(samples.size());
  const auto blur_axis = [&](const std::vector<float>& in, std::vector<float>& out, bool rows) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int c = 0; c < channels; ++c) {
          float value = 0;
          for (int i = -radius; i <= radius; ++i) {
            const int sx = rows ? std::clamp(x + i, 0, width - 1) : x;
            const int sy = rows ? y : std::clamp(y + i, 0, height - 1);
            value += kernel[size_t(i + radius)] * in[size_t((sy * width + sx) * channels + c)];
          }
          out[size_t((y * width + x) * channels + c)] = value;
        }
      }
    }
  };
  blur_axis(samples, pass, true);
  blur_axis(pass, samples, false);
}

ColourStatistics colour_statistics(const Raster& raster) {
  ColourStatistics s;
  double sum_l = 0, sum_l2 = 0, sum_a = 0, sum_b = 0, sum_c = 0;
  size_t count = 0;
  // Means need no more than one pixel in three.
  for (size_t i = 0; i<raster.pixels(); i += raster.pixels()> 1000 ? 3 : 1) {
    ++count;
    const auto [lightness, la, lb] = lab_of_linear(&raster.rgb[3 * i]);
    sum_l += lightness;
    sum_l2 += double(lightness) * lightness;
    sum_a += la;
    sum_b += lb;
    sum_c += std::sqrt(la * la + lb * lb);
  }
  const double n = static_cast<double>(std::max<size_t>(1, count));
  s.lightness = static_cast<float>(sum_l / n);
  s.a = static_cast<float>(sum_a / n);
  s.b = static_cast<float>(sum_b / n);
  s.chroma = static_cast<float>(sum_c / n);
  s.contrast = static_cast<float>(std::sqrt(std::max(0.0, sum_l2 / n - (sum_l / n) * (sum_l / n))));
  return s;
}

}  // namespace vane
