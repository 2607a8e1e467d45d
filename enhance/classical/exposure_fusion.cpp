// SPDX-License-Identifier: Apache-2.0
#include "enhance/classical/exposure_fusion.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace vane {
namespace {

constexpr std::array<float, 5> kKernel{1.f / 16, 4.f / 16, 6.f / 16, 4.f / 16, 1.f / 16};

/// Interleaved floats.
struct Plane {
  int width = 0, height = 0, channels = 1;
  std::vector<float> values;

  Plane(int w, int h, int c)
      : width(w), height(h), channels(c), values(size_t(w) * size_t(h) * size_t(c)) {}
  float* at(int x, int y) { return &values[(size_t(y) * size_t(width) + size_t(x)) * channels]; }
  const float* at(int x, int y) const {
    return &values[(size_t(y) * size_t(width) + size_t(x)) * channels];
  }
};

/// Every second sample of the smoothed plane.
Plane reduced(const Plane& in) {
  Plane across((in.width + 1) / 2, in.height, in.channels);
  for (int y = 0; y < in.height; ++y) {
    for (int x = 0; x < across.width; ++x) {
      for (int k = -2; k <= 2; ++k) {
        const float* from = in.at(std::clamp(2 * x + k, 0, in.width - 1), y);
        float* to = across.at(x, y);
        for (int c = 0; c < in.channels; ++c) to[c] += kKernel[size_t(k + 2)] * from[c];
      }
    }
  }
  Plane out(across.width, (in.height + 1) / 2, in.channels);
  for (int y = 0; y < out.height; ++y) {
    for (int k = -2; k <= 2; ++k) {
      const float* from = across.at(0, std::clamp(2 * y + k, 0, in.height - 1));
      float* to = out.at(0, y);
      const int samples = out.width * out.channels;
      for (int i = 0; i < samples; ++i) to[i] += kKernel[size_t(k + 2)] * from[i];
    }
  }
  return out;
}

/// Positions and weights of the coarse samples that make up a fine one: 1 6 1 on even places, 4 4
/// on odd ones.
struct Taps {
  std::array<int, 3> from{};
  std::array<float, 3> weight{};
};

Taps expanding_taps(int position, int coarse) {
  const int half = position / 2, last = coarse - 1;
  if (position % 2 == 0) {
    return {{std::max(half - 1, 0), half, std::min(half + 1, last)}, {0.125f, 0.75f, 0.125f}};
  }
  return {{half, std::min(half + 1, last), half}, {0.5f, 0.5f, 0.f}};
}

/// `fine` += sign * the coarse plane at its size.
void add_expanded(const Plane& coarse, float sign, Plane& fine) {
  Plane row(coarse.width, 1, coarse.channels);
  for (int y = 0; y < fine.height; ++y) {
    const Taps down = expanding_taps(y, coarse.height);
    for (size_t i = 0; i < row.values.size(); ++i) {
      row.values[i] = 0;
      for (size_t k = 0; k < 3; ++k)
        row.values[i] += down.weight[k] * coarse.at(0, down.from[k])[i];
    }
    for (int x = 0; x < fine.width; ++x) {
      const Taps across = expanding_taps(x, coarse.width);
      float* to = fine.at(x, y);
      for (size_t k = 0; k < 3; ++k) {
        const float* from = row.at(across.from[k], 0);
        for (int c = 0; c < fine.channels; ++c) to[c] += sign * across.weight[k] * from[c];
      }
    }
  }
}

Plane rendering(const std::vector<float>& rgb, int width, int height, float gamma) {
  Plane out(width, height, 3);
  for (size_t i = 0; i < rgb.size(); ++i) out.values[i] = std::pow(rgb[i], gamma);
  return out;
}

Plane weight_of(const Plane& picture) {
  constexpr float kMiddle = 0.5f, kSpread = 0.2f, kLeast = 1e-12f;
  Plane grey(picture.width, picture.height, 1), weight = grey;
  for (size_t i = 0; i < grey.values.size(); ++i) {
    const float* rgb = &picture.values[3 * i];
    grey.values[i] = (rgb[0] + rgb[1] + rgb[2]) / 3;
  }
  for (int y = 0; y < grey.height; ++y) {
    for (int x = 0; x < grey.width; ++x) {
      const float mean = *grey.at(x, y);
      const float contrast =
          std::abs(*grey.at(std::max(x - 1, 0), y) + *grey.at(std::min(x + 1, grey.width - 1), y) +
                   *grey.at(x, std::max(y - 1, 0)) + *grey.at(x, std::min(y + 1, grey.height - 1)) -
                   4 * mean);
      const float* rgb = picture.at(x, y);
      float variance = 0, exposed = 0;
      for (int c = 0; c < 3; ++c) {
        variance += (rgb[c] - mean) * (rgb[c] - mean) / 3;
        exposed += (rgb[c] - kMiddle) * (rgb[c] - kMiddle);
      }
      *weight.at(x, y) =
          contrast * std::sqrt(variance) * std::exp(-exposed / (2 * kSpread * kSpread)) + kLeast;
    }
  }
  return weight;
}

/// Adds the rendering, weighted, to the levels of the result.
void add_rendering(Plane picture, Plane weight, std::vector<Plane>& levels) {
  for (size_t level = 0; level < levels.size(); ++level) {
    const bool coarsest = level + 1 == levels.size();
    Plane next = coarsest ? Plane(0, 0, 3) : reduced(picture);
    if (!coarsest) add_expanded(next, -1, picture);
    for (size_t i = 0; i < weight.values.size(); ++i) {
      for (size_t c = 0; c < 3; ++c) {
        levels[level].values[3 * i + c] += weight.values[i] * picture.values[3 * i + c];
      }
    }
    if (coarsest) break;
    picture = std::move(next);
    weight = reduced(weight);
  }
}

}  // namespace

std::vector<float> exposure_fusion(const std::vector<float>& rgb, int width, int height, Job& job) {
  std::vector<Plane> weights;
  for (const float gamma : kFusionGammas) {
    job.check_cancelled();
    weights.push_back(weight_of(rendering(rgb, width, height, gamma)));
  }
  for (size_t i = 0; i < weights[0].values.size(); ++i) {
    float sum = 0;
    for (const Plane& weight : weights) sum += weight.values[i];
    for (Plane& weight : weights) weight.values[i] /= sum;
  }
  const int count = std::bit_width(static_cast<unsigned>(std::min(width, height))) - 1;
  std::vector<Plane> levels;
  for (int w = width, h = height, i = 0; i < std::max(count, 1); ++i) {
    levels.emplace_back(w, h, 3);
    w = (w + 1) / 2;
    h = (h + 1) / 2;
  }
  for (size_t k = 0; k < weights.size(); ++k) {
    job.check_cancelled();
    add_rendering(rendering(rgb, width, height, kFusionGammas[k]), std::move(weights[k]), levels);
  }
  for (size_t level = levels.size() - 1; level-- > 0;) {
    add_expanded(levels[level + 1], 1, levels[level]);
  }
  for (float& value : levels[0].values) value = std::clamp(value, 0.f, 1.f);
  return std::move(levels[0].values);
}

uint64_t exposure_fusion_bytes(int width, int height) {
  // Result pyramid and rendering with the half of its reduction, three channels each; the weights
  // of three renderings.
  return uint64_t{4} * static_cast<uint64_t>(width) * static_cast<uint64_t>(height) * 13;
}

}  // namespace vane
