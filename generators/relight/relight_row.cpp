// SPDX-License-Identifier: Apache-2.0
#include "generators/relight/relight_row.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace vane {
namespace {

constexpr size_t kLanes = 8;

/// Adding and taking away 1.5 * 2^23 rounds a float to the nearest whole number.
constexpr float kRounder = 12582912.f;

/// The whole part into the exponent, a polynomial of degree 5 for the rest, which is in
/// [-0.5,0.5].
inline float exp2_of(float x) {
  const float shifted = x + kRounder;
  const float f = x - (shifted - kRounder);
  const float p =
      1.f +
      f * (0.693147004f +
           f * (0.240222424f + f * (0.0555073395f + f * (0.00967151299f + f * 0.00132647180f))));
  const auto whole = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kRounder);
  return p * std::bit_cast<float>((whole + 127) << 23);
}

inline float sparing_white(float stops, float guide) {
  const float t = std::min(1.f, std::max(0.f, (guide - 0.8f) * 5.f));
  const float kept = stops * (1 - t * t * (3 - 2 * t));
  return stops < 0 ? kept : stops;
}

}  // namespace

float fast_exp2(float x) { return exp2_of(x); }

RelightRow::RelightRow(size_t width)
    : slope(width),
      offset(width),
      low(width),
      high(width),
      haze(width),
      guide(width),
      stops(width),
      strength(width),
      gain(width),
      full_gain(width),
      red(width),
      green(width),
      blue(width) {}

RelightColumns::RelightColumns(int picture_width, int planes_width)
    : planes_width_(planes_width),
      weight_(static_cast<size_t>(picture_width)),
      starts_(static_cast<size_t>(planes_width) + 1, picture_width) {
  const float step = static_cast<float>(planes_width) / static_cast<float>(picture_width);
  int column = -1;
  for (int x = 0; x < picture_width; ++x) {
    const float place = std::clamp((static_cast<float>(x) + 0.5f) * step - 0.5f, 0.f,
                                   static_cast<float>(planes_width - 1));
    const int first = static_cast<int>(place);
    weight_[static_cast<size_t>(x)] = place - static_cast<float>(first);
    while (column < first) starts_[static_cast<size_t>(++column)] = x;
  }
}

void RelightColumns::planes_at(const RelightPlanes& planes, int row, int rows,
                               RelightRow& out) const {
  const float at = std::clamp((static_cast<float>(row) + 0.5f) * static_cast<float>(planes.height) /
                                      static_cast<float>(rows) -
                                  0.5f,
                              0.f, static_cast<float>(planes.height - 1));
  const int first = static_cast<int>(at), second = std::min(first + 1, planes.height - 1);
  const float between = at - static_cast<float>(first);
  const auto width = static_cast<size_t>(planes_width_);
  const std::array sources{&planes.slope, &planes.offset, &planes.low, &planes.high, &planes.haze};
  const std::array targets{&out.slope, &out.offset, &out.low, &out.high, &out.haze};
  for (size_t k = 0; k < sources.size(); ++k) {
    const float* above = sources[k]->data() + size_t(first) * width;
    const float* below = sources[k]->data() + size_t(second) * width;
    float* target = targets[k]->data();
    const auto value = [&](size_t column) {
      return above[column] + between * (below[column] - above[column]);
    };
    float left = value(0);
    for (size_t column = 0; column < width; ++column) {
      const float right = value(std::min(column + 1, width - 1));
      const float difference = right - left;
      const int end = starts_[column + 1];
      for (int x = starts_[column]; x < end; ++x)
        target[x] = left + weight_[size_t(x)] * difference;
      left = right;
    }
  }
}

void find_gains(RelightRow& row) {
  const float *slope = row.slope.data(), *offset = row.offset.data(), *low = row.low.data(),
              *high = row.high.data(), *guide = row.guide.data(), *strength = row.strength.data();
  float *stops = row.stops.data(), *gain = row.gain.data(), *full = row.full_gain.data();
  const size_t width = row.guide.size();
  for (size_t x = 0; x < width; ++x) {
    const float wanted = std::min(high[x], std::max(low[x], slope[x] * guide[x] + offset[x]));
    stops[x] = sparing_white(wanted, guide[x]);
  }
  for (size_t x = 0; x < width; ++x) full[x] = exp2_of(stops[x]);
  for (size_t x = 0; x < width; ++x) gain[x] = exp2_of(strength[x] * stops[x]);
}

void relight_colours(RelightRow& row) {
  const float *gain = row.gain.data(), *strength = row.strength.data(), *haze = row.haze.data();
  float *red = row.red.data(), *green = row.green.data(), *blue = row.blue.data();
  const size_t width = row.guide.size();
  for (size_t x = 0; x < width; ++x) {
    const float veil = strength[x] * haze[x];
    const float r = gain[x] * std::max(0.f, red[x] - veil);
    const float g = gain[x] * std::max(0.f, green[x] - veil);
    const float b = gain[x] * std::max(0.f, blue[x] - veil);
    // What was below white stays in its hue; white itself is white.
    const float scale = 1.f / std::max(1.f, std::max(r, std::max(g, b)));
    red[x] = std::sqrt(std::min(1.f, r * scale));
    green[x] = std::sqrt(std::min(1.f, g * scale));
    blue[x] = std::sqrt(std::min(1.f, b * scale));
  }
}

void relight_grey(RelightRow& row) {
  const float *gain = row.gain.data(), *strength = row.strength.data(), *haze = row.haze.data();
  float* light = row.red.data();
  const size_t width = row.guide.size();
  for (size_t x = 0; x < width; ++x) {
    light[x] = std::sqrt(std::min(1.f, gain[x] * std::max(0.f, light[x] - strength[x] * haze[x])));
  }
}

GainRange gain_range(const RelightRow& row) {
  const float* gain = row.full_gain.data();
  const size_t width = row.full_gain.size(), whole = width - width % kLanes;
  std::array<float, kLanes> least, largest;
  std::array<double, kLanes> sum{};
  least.fill(gain[0]);
  largest.fill(gain[0]);
  for (size_t x = 0; x < whole; x += kLanes) {
    for (size_t k = 0; k < kLanes; ++k) {
      const float value = gain[x + k];
      least[k] = value < least[k] ? value : least[k];
      largest[k] = value > largest[k] ? value : largest[k];
      sum[k] += double(value);
    }
  }
  GainRange range{.least = *std::ranges::min_element(least),
                  .largest = *std::ranges::max_element(largest)};
  for (const double part : sum) range.sum += part;
  for (size_t x = whole; x < width; ++x) {
    range.least = std::min(range.least, gain[x]);
    range.largest = std::max(range.largest, gain[x]);
    range.sum += double(gain[x]);
  }
  return range;
}

}  // namespace vane
