// SPDX-License-Identifier: Apache-2.0
#include "generators/relight/relight_apply.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <mutex>
#include <type_traits>

#include "engine/base/error.h"
#include "generators/develop/tone_math.h"
#include "generators/relight/noise_guard.h"
#include "generators/row_threads.h"

namespace vane {
namespace {

/// As the tensor function of that name.
float sparing_white(float stops, float guide) {
  if (stops >= 0) return stops;
  const float t = std::clamp((guide - 0.8f) * 5.f, 0.f, 1.f);
  return stops * (1 - t * t * (3 - 2 * t));
}

/// 2^x for |x| < 64: the whole part into the exponent, a polynomial of degree 5 for the rest;
/// within 3e-7 of the value.
float fast_exp2(float x) {
  const float floor = std::floor(x);
  const float f = x - floor;
  const float p =
      1.f + f * (0.69314698f +
                 f * (0.24022938f + f * (0.055503324f + f * (0.0096838776f + f * 0.0018964611f))));
  const auto bits = static_cast<uint32_t>(static_cast<int>(floor) + 127) << 23;
  return p * std::bit_cast<float>(bits);
}

template <class Sample>
constexpr int kLevels = std::is_same_v<Sample, uint8_t> ? 256 : 65536;

/// Linear light of every level, and back by the square root of light, which spreads the dark end.
template <class Sample>
class Curves {
 public:
  Curves() : linear_(kLevels<Sample>), encoded_(kCells + 2) {
    for (int i = 0; i < kLevels<Sample>; ++i) {
      linear_[static_cast<size_t>(i)] =
          static_cast<float>(develop::linear_from_srgb(double(i) / (kLevels<Sample> - 1)));
    }
    for (int i = 0; i < kCells + 2; ++i) {
      const double root = double(i) / kCells;
      encoded_[static_cast<size_t>(i)] = static_cast<float>(
          develop::srgb_from_linear(std::min(1.0, root * root)) * (kLevels<Sample> - 1));
    }
  }
  const std::vector<float>& all_linear() const { return linear_; }
  float linear(Sample level) const { return linear_.data()[level]; }
  /// `light` in [0,1] -> the level, rounded half up.
  Sample level(float light) const {
    const float at = std::sqrt(light) * kCells;
    const int i = static_cast<int>(at);
    const float* cell = encoded_.data() + i;
    return static_cast<Sample>(cell[0] + (at - static_cast<float>(i)) * (cell[1] - cell[0]) + 0.5f);
  }

 private:
  static constexpr int kCells = 8192;
  std::vector<float> linear_, encoded_;
};

/// The planes between two of their rows, as columns of the small picture.
class PlaneRow {
 public:
  PlaneRow(const RelightPlanes& planes, int row, int rows)
      : width_(planes.width), values_(5 * size_t(planes.width)) {
    const float at =
        std::clamp((static_cast<float>(row) + 0.5f) * static_cast<float>(planes.height) /
                           static_cast<float>(rows) -
                       0.5f,
                   0.f, static_cast<float>(planes.height - 1));
    const int first = static_cast<int>(at), second = std::min(first + 1, planes.height - 1);
    const float weight = at - static_cast<float>(first);
    const std::array sources{&planes.slope, &planes.offset, &planes.low, &planes.high,
                             &planes.haze};
    for (size_t k = 0; k < sources.size(); ++k) {
      const float* a = sources[k]->data() + size_t(first) * size_t(width_);
      const float* b = sources[k]->data() + size_t(second) * size_t(width_);
      for (int x = 0; x < width_; ++x) {
        values_[size_t(x) * 5 + k] = a[x] + weight * (b[x] - a[x]);
      }
    }
  }
  /// slope, offset, low, high, haze at a place of the small picture.
  void at(float x, float* out) const {
    const float place = std::clamp(x, 0.f, static_cast<float>(width_ - 1));
    const int first = static_cast<int>(place), second = std::min(first + 1, width_ - 1);
    const float weight = place - static_cast<float>(first);
    const float* a = values_.data() + size_t(first) * 5;
    const float* b = values_.data() + size_t(second) * 5;
    for (int k = 0; k < 5; ++k) out[k] = a[k] + weight * (b[k] - a[k]);
  }

 private:
  int width_;
  std::vector<float> values_;
};

struct RowSums {
  double gain = 0, luma_before = 0, luma_after = 0;
  float gain_min = std::numeric_limits<float>::infinity(), gain_max = 0;
  int64_t clipped_before = 0, clipped_after = 0;
};

template <class Sample>
class RowRelighter {
 public:
  RowRelighter(const Image& source, const RelightPlanes& planes, float strength,
               std::span<const float> mask, const std::vector<Sample>& from,
               std::vector<Sample>& to)
      : source_(source),
        planes_(planes),
        strength_(strength),
        mask_(mask),
        from_(from.data()),
        to_(to.data()),
        noise_(noise_of(source, curves_.all_linear())) {}

  RowSums operator()(int row) const {
    RowSums sums;
    const PlaneRow plane_row(planes_, row, source_.height);
    const auto stride = static_cast<size_t>(source_.channels);
    const size_t start = size_t(row) * size_t(source_.width);
    const float step = static_cast<float>(planes_.width) / static_cast<float>(source_.width);
    for (int x = 0; x < source_.width; ++x) {
      const size_t i = start + size_t(x);
      const Sample* in = from_ + i * stride;
      Sample* out = to_ + i * stride;
      float field[5];
      plane_row.at((static_cast<float>(x) + 0.5f) * step - 0.5f, field);
      const float luma =
          source_.is_grey() ? float(in[0])
                            : 0.299f * float(in[0]) + 0.587f * float(in[1]) + 0.114f * float(in[2]);
      const float guide = luma / kTop;
      const float stops =
          sparing_white(std::clamp(field[0] * guide + field[1], field[2], field[3]), guide);
      const float s = mask_.empty() ? strength_ : strength_ * mask_.data()[i];
      const float gain = fast_exp2(s * stops);
      if (s == 0) {
        std::copy_n(in, stride, out);
      } else if (source_.is_grey()) {
        out[0] = curves_.level(
            std::min(1.f, gain * std::max(0.f, curves_.linear(in[0]) - s * field[4])));
      } else {
        colour(x, row, s * stops, gain, s * field[4], guide, out);
      }
      count(in, out, luma, s == 1.f ? gain : fast_exp2(stops), sums);
    }
    return sums;
  }

 private:
  /// Added stops from which on noise is taken out, and from which on all of it.
  static constexpr float kFirstCleaned = 0.5f, kAllCleaned = 1.5f;
  static constexpr int kCleanRadius = 2;
  /// Squared distance of colours, in variances of one channel, beyond which a neighbour is another
  /// thing: two samples of one colour differ by 6.
  static constexpr float kNoiseReach = 24;
  static constexpr float kTop = static_cast<float>(kLevels<Sample> - 1);

  void colour(int x, int row, float added, float gain, float haze, float guide, Sample* out) const {
    float light[3];
    const Sample* in = pixel(x, row);
    for (int c = 0; c < 3; ++c) light[c] = curves_.linear(in[c]);
    const float share =
        std::clamp((added - kFirstCleaned) / (kAllCleaned - kFirstCleaned), 0.f, 1.f);
    if (share > 0) clean(x, row, share, noise_.at(guide), light);
    for (float& value : light) value = gain * std::max(0.f, value - haze);
    const float top = std::max({light[0], light[1], light[2]});
    // What was below white stays in its hue; white itself is white.
    const float scale = top > 1.f ? 1.f / top : 1.f;
    for (int c = 0; c < 3; ++c) out[c] = curves_.level(std::min(1.f, light[c] * scale));
  }

  const Sample* pixel(int x, int y) const {
    return from_ + (size_t(y) * size_t(source_.width) + size_t(x)) * size_t(source_.channels);
  }

  /// Takes the mean of the neighbours that differ from a pixel by no more than noise does.
  void clean(int x, int y, float share, float variance, float* light) const {
    const float reach = kNoiseReach * variance;
    if (reach <= 0) return;
    float sum[3] = {light[0], light[1], light[2]}, total = 1;
    const float inverse = 1 / reach;
    for (int ny = std::max(0, y - kCleanRadius);
         ny <= std::min(source_.height - 1, y + kCleanRadius); ++ny) {
      for (int nx = std::max(0, x - kCleanRadius);
           nx <= std::min(source_.width - 1, x + kCleanRadius); ++nx) {
        const Sample* in = pixel(nx, ny);
        float other[3], square = 0;
        for (int c = 0; c < 3; ++c) {
          other[c] = curves_.linear(in[c]);
          square += (other[c] - light[c]) * (other[c] - light[c]);
        }
        const float w = std::max(0.f, 1 - square * inverse);
        total += w * w;
        for (int c = 0; c < 3; ++c) sum[c] += w * w * other[c];
      }
    }
    for (int c = 0; c < 3; ++c) light[c] += share * (sum[c] / total - light[c]);
  }

  void count(const Sample* in, const Sample* out, float luma, float gain, RowSums& sums) const {
    constexpr Sample kFull = std::numeric_limits<Sample>::max();
    sums.gain += gain;
    sums.gain_min = std::min(sums.gain_min, gain);
    sums.gain_max = std::max(sums.gain_max, gain);
    sums.luma_before += luma;
    if (source_.is_grey()) {
      sums.luma_after += out[0];
      sums.clipped_before += in[0] == kFull;
      sums.clipped_after += out[0] == kFull;
      return;
    }
    sums.luma_after += 0.299f * float(out[0]) + 0.587f * float(out[1]) + 0.114f * float(out[2]);
    sums.clipped_before += std::max({in[0], in[1], in[2]}) == kFull;
    sums.clipped_after += std::max({out[0], out[1], out[2]}) == kFull;
  }

  const Image& source_;
  const RelightPlanes& planes_;
  const float strength_;
  const std::span<const float> mask_;
  const Sample* from_;
  Sample* to_;
  const Curves<Sample> curves_;
  const NoiseModel noise_;
};

template <class Sample>
void relight_rows(const Image& source, const RelightPlanes& planes, double strength,
                  std::span<const float> mask, int threads, Job& job,
                  const std::vector<Sample>& from, std::vector<Sample>& to,
                  RelightMeasures& measures) {
  const RowRelighter<Sample> rows(source, planes, static_cast<float>(strength), mask, from, to);
  // Summed in the order of the rows, so that the report does not depend on the threads.
  std::vector<RowSums> sums(static_cast<size_t>(source.height));
  for_rows(source.height, threads, "relighting", job,
           [&](int row) { sums[static_cast<size_t>(row)] = rows(row); });
  RowSums total;
  for (const RowSums& row : sums) {
    total.gain += row.gain;
    total.luma_before += row.luma_before;
    total.luma_after += row.luma_after;
    total.clipped_before += row.clipped_before;
    total.clipped_after += row.clipped_after;
    total.gain_min = std::min(total.gain_min, row.gain_min);
    total.gain_max = std::max(total.gain_max, row.gain_max);
  }
  const double share = 1.0 / (double(source.width) * source.height);
  const double top = kLevels<Sample> - 1;
  measures.gain_min = double(total.gain_min);
  measures.gain_max = double(total.gain_max);
  measures.gain_mean = total.gain * share;
  measures.luma_before = total.luma_before * share / top;
  measures.luma_after = total.luma_after * share / top;
  measures.clipped_before = double(total.clipped_before) * share;
  measures.clipped_after = double(total.clipped_after) * share;
}

}  // namespace

Image relight(const Image& source, const RelightPlanes& planes, double strength,
              std::span<const float> mask, int threads, Job& job, RelightMeasures& measures) {
  const size_t cells = size_t(planes.width) * size_t(planes.height);
  for (const std::vector<float>* plane :
       {&planes.slope, &planes.offset, &planes.low, &planes.high, &planes.haze}) {
    if (cells == 0 || plane->size() != cells) {
      throw Error(ErrorCode::usage, "the planes to relight by have no consistent size");
    }
  }
  const size_t pixels = size_t(source.width) * size_t(source.height);
  if (!mask.empty() && mask.size() != pixels) {
    throw Error(ErrorCode::usage, "a mask must have the size of the upright photograph");
  }
  Image result = source;
  if (source.depth == 16) {
    relight_rows<uint16_t>(source, planes, strength, mask, threads, job, source.u16, result.u16,
                           measures);
  } else {
    relight_rows<uint8_t>(source, planes, strength, mask, threads, job, source.u8, result.u8,
                          measures);
  }
  return result;
}

}  // namespace vane
