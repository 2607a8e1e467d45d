// SPDX-License-Identifier: Apache-2.0
// Curves and histograms.
#include "engine/data/raster.h"
#include "enhance/classical/classical.h"

namespace vane {
namespace {

constexpr int64_t kTiles = 8, kBins = 256;

/// Maps of one tile: lightness bin -> lightness in [0,1].
std::vector<float> tile_curve(const float* lightness, int64_t width, int64_t top, int64_t bottom,
                              int64_t left, int64_t right, double clip) {
  std::vector<double> counts(kBins);
  for (int64_t y = top; y < bottom; ++y) {
    for (int64_t x = left; x < right; ++x) {
      const auto bin = static_cast<int64_t>(lightness[y * width + x] * float(kBins));
      counts[size_t(std::clamp<int64_t>(bin, 0, kBins - 1))] += 1;
    }
  }
  const auto pixels = static_cast<double>((bottom - top) * (right - left));
  const double limit = std::max(1.0, clip * pixels / double(kBins));
  double excess = 0;
  for (double& count : counts) {
    excess += std::max(0.0, count - limit);
    count = std::min(count, limit);
  }
  std::vector<float> curve(kBins);
  double sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    sum += counts[i] + excess / double(kBins);
    curve[i] = static_cast<float>(sum / pixels);
  }
  return curve;
}

/// CIELAB back to encoded sRGB under D65.
void encoded_of_lab(float lightness, float a, float b, float* rgb) {
  const auto inverse = [](float t) {
    return t > 6.f / 29 ? t * t * t : 3 * (6.f / 29) * (6.f / 29) * (t - 4.f / 29);
  };
  const float fy = (lightness + 16) / 116;
  const float x = 0.9505f * inverse(fy + a / 500), y = inverse(fy);
  const float z = 1.0888f * inverse(fy - b / 200);
  rgb[0] = linear_to_srgb(3.2404542f * x - 1.5371385f * y - 0.4985314f * z);
  rgb[1] = linear_to_srgb(-0.9692660f * x + 1.8760108f * y + 0.0415560f * z);
  rgb[2] = linear_to_srgb(0.0556434f * x - 0.2040259f * y + 1.0572252f * z);
}

}  // namespace

Tensor gamma_curve(const Tensor& image, double gamma) { return image.clamp(0, 1).pow(gamma); }

double automatic_gamma(const Tensor& image) {
  const Tensor luma =
      0.299 * image.select(1, 0) + 0.587 * image.select(1, 1) + 0.114 * image.select(1, 2);
  const double mean = std::clamp(luma.mean().item<double>(), 1e-6, 1 - 1e-6);
  return std::clamp(std::log(0.5) / std::log(mean), 0.3, 1.0);
}

Tensor clahe(const Tensor& image, double clip) {
  const int64_t height = image.size(2), width = image.size(3), pixels = height * width;
  const Tensor source = image.contiguous();
  const float* in = source.const_data_ptr<float>();
  std::vector<float> lightness(static_cast<size_t>(pixels)), a(lightness.size()), b(a.size());
  for (int64_t i = 0; i < pixels; ++i) {
    const float linear[3] = {srgb_to_linear(in[i]), srgb_to_linear(in[pixels + i]),
                             srgb_to_linear(in[2 * pixels + i])};
    const Lab lab = lab_of_linear(linear);
    lightness[size_t(i)] = lab.lightness / 100;
    a[size_t(i)] = lab.a;
    b[size_t(i)] = lab.b;
  }
  const int64_t rows = std::min(kTiles, height), columns = std::min(kTiles, width);
  std::vector<std::vector<float>> curves;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      curves.push_back(tile_curve(lightness.data(), width, r * height / rows,
                                  (r + 1) * height / rows, c * width / columns,
                                  (c + 1) * width / columns, clip));
    }
  }
  Tensor result = at::empty_like(source);
  float* out = result.mutable_data_ptr<float>();
  const auto place = [](int64_t at, int64_t length, int64_t tiles) {
    const float p = (float(at) + 0.5f) * float(tiles) / float(length) - 0.5f;
    return std::clamp(p, 0.f, float(tiles - 1));
  };
  for (int64_t y = 0; y < height; ++y) {
    const float py = place(y, height, rows);
    const auto r0 = static_cast<int64_t>(py), r1 = std::min(r0 + 1, rows - 1);
    for (int64_t x = 0; x < width; ++x) {
      const float px = place(x, width, columns);
      const auto c0 = static_cast<int64_t>(px), c1 = std::min(c0 + 1, columns - 1);
      const size_t i = size_t(y * width + x);
      const auto bin = std::clamp<int64_t>(int64_t(lightness[i] * float(kBins)), 0, kBins - 1);
      const auto curve = [&](int64_t r, int64_t c) {
        return curves[size_t(r * columns + c)][size_t(bin)];
      };
      const float wx = px - float(c0), wy = py - float(r0);
      const float upper = curve(r0, c0) + wx * (curve(r0, c1) - curve(r0, c0));
      const float lower = curve(r1, c0) + wx * (curve(r1, c1) - curve(r1, c0));
      float rgb[3];
      encoded_of_lab(100 * (upper + wy * (lower - upper)), a[i], b[i], rgb);
      for (int64_t k = 0; k < 3; ++k) out[k * pixels + int64_t(i)] = rgb[k];
    }
  }
  return result;
}

}  // namespace vane
