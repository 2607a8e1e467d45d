// SPDX-License-Identifier: Apache-2.0
#include "editing/faces/rgb_field.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace vane {
namespace {

double lanczos(double x) {
  if (x == 0) return 1;
  if (std::abs(x) >= 3) return 0;
  const double t = std::numbers::pi * x;
  return 3 * std::sin(t) * std::sin(t / 3) / (t * t);
}

void add_scaled(Rgb& sum, const Rgb& value, float weight) {
  for (size_t c = 0; c < 3; ++c) sum[c] += weight * value[c];
}

std::array<float, 4> cubic_weights(float t) {
  const float s = 1 - t;
  return {-0.5f * t * s * s, 1 + t * t * (1.5f * t - 2.5f), 1 + s * s * (1.5f * s - 2.5f),
          -0.5f * s * t * t};
}

template <class Sample>
void read_samples(const Image& picture, const Sample* sample, float scale, RgbField& field) {
  const size_t step = static_cast<size_t>(picture.channels);
  const size_t green = picture.is_grey() ? 0 : 1, blue = picture.is_grey() ? 0 : 2;
  for (Rgb& pixel : field.pixels) {
    pixel = {float(sample[0]) * scale, float(sample[green]) * scale, float(sample[blue]) * scale};
    sample += step;
  }
}

template <class Sample>
void write_samples(const RgbField& field, float top, std::vector<Sample>& out) {
  out.reserve(field.pixels.size() * 3);
  for (const Rgb& pixel : field.pixels) {
    for (const float v : pixel) {
      out.push_back(static_cast<Sample>(std::lround(std::clamp(v, 0.f, 1.f) * top)));
    }
  }
}

}  // namespace

LanczosTaps lanczos_taps(int from, int to) {
  LanczosTaps taps;
  const double scale = double(from) / to, stretch = std::max(1.0, scale), reach = 3 * stretch;
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - reach + 0.5));
    const int end = std::min(from, static_cast<int>(centre + reach + 0.5));
    std::vector<double> exact;
    double sum = 0;
    for (int k = first; k < end; ++k) {
      exact.push_back(lanczos((k + 0.5 - centre) / stretch));
      sum += exact.back();
    }
    std::vector<float> weights;
    for (const double w : exact) weights.push_back(static_cast<float>(w / sum));
    taps.first.push_back(first);
    taps.weights.push_back(std::move(weights));
  }
  return taps;
}

RgbField resize_lanczos(const RgbField& field, int width, int height) {
  const LanczosTaps across = lanczos_taps(field.width, width);
  const LanczosTaps down = lanczos_taps(field.height, height);
  RgbField narrow(width, field.height), result(width, height);
  for (int y = 0; y < field.height; ++y) {
    for (int x = 0; x < width; ++x) {
      const Rgb* source = &field.at(across.first[size_t(x)], y);
      Rgb sum{};
      for (const float w : across.weights[size_t(x)]) add_scaled(sum, *source++, w);
      narrow.at(x, y) = sum;
    }
  }
  for (int y = 0; y < height; ++y) {
    int row = down.first[size_t(y)];
    for (const float w : down.weights[size_t(y)]) {
      for (int x = 0; x < width; ++x) add_scaled(result.at(x, y), narrow.at(x, row), w);
      ++row;
    }
  }
  return result;
}

Rgb sample_linear(const RgbField& field, double x, double y) {
  x = std::clamp(x, 0.0, field.width - 1.0);
  y = std::clamp(y, 0.0, field.height - 1.0);
  const int left = static_cast<int>(x), top = static_cast<int>(y);
  const int right = std::min(left + 1, field.width - 1);
  const int bottom = std::min(top + 1, field.height - 1);
  const float u = static_cast<float>(x - left), v = static_cast<float>(y - top);
  Rgb sum{};
  add_scaled(sum, field.at(left, top), (1 - u) * (1 - v));
  add_scaled(sum, field.at(right, top), u * (1 - v));
  add_scaled(sum, field.at(left, bottom), (1 - u) * v);
  add_scaled(sum, field.at(right, bottom), u * v);
  return sum;
}

Rgb sample_cubic(const RgbField& field, double x, double y) {
  const double left = std::floor(x), top = std::floor(y);
  const auto across = cubic_weights(static_cast<float>(x - left));
  const auto down = cubic_weights(static_cast<float>(y - top));
  Rgb sum{};
  for (int j = 0; j < 4; ++j) {
    const int row = std::clamp(static_cast<int>(top) - 1 + j, 0, field.height - 1);
    for (int i = 0; i < 4; ++i) {
      const int column = std::clamp(static_cast<int>(left) - 1 + i, 0, field.width - 1);
      add_scaled(sum, field.at(column, row), across[size_t(i)] * down[size_t(j)]);
    }
  }
  return sum;
}

RgbField rgb_field(const Image& picture) {
  RgbField field(picture.width, picture.height);
  if (picture.depth == 16) {
    read_samples(picture, picture.u16.data(), 1.f / 65535, field);
  } else {
    read_samples(picture, picture.u8.data(), 1.f / 255, field);
  }
  return field;
}

Image image_of(const RgbField& field, int depth) {
  Image picture;
  picture.width = field.width;
  picture.height = field.height;
  picture.depth = depth;
  if (depth == 16) {
    write_samples(field, 65535, picture.u16);
  } else {
    write_samples(field, 255, picture.u8);
  }
  return picture;
}

}  // namespace vane
