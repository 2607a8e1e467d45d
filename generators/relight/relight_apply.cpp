// SPDX-License-Identifier: Apache-2.0
#include "generators/relight/relight_apply.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "engine/base/error.h"
#include "generators/develop/tone_math.h"
#include "generators/relight/noise_guard.h"
#include "generators/relight/relight_row.h"
#include "generators/row_threads.h"

namespace vane {
namespace {

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
  /// Square root of light in [0,1] -> the level, rounded half up.
  Sample level(float root) const {
    const float at = root * kCells;
    const int i = static_cast<int>(at);
    const float* cell = encoded_.data() + i;
    return static_cast<Sample>(cell[0] + (at - static_cast<float>(i)) * (cell[1] - cell[0]) + 0.5f);
  }

 private:
  static constexpr int kCells = 8192;
  std::vector<float> linear_, encoded_;
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
        columns_(source.width, planes.width),
        noise_(noise_of(source, curves_.all_linear())) {}

  RowSums operator()(int row) const {
    const auto width = static_cast<size_t>(source_.width);
    const size_t first = size_t(row) * width;
    // Kept from row to row: a picture has thousands.
    thread_local RelightRow kept(0);
    RelightRow& work = kept;
    if (work.guide.size() != width) work = RelightRow(width);
    columns_.planes_at(planes_, row, source_.height, work);
    if (mask_.empty()) {
      std::ranges::fill(work.strength, strength_);
    } else {
      for (size_t x = 0; x < width; ++x) work.strength[x] = strength_ * mask_[first + x];
    }
    RowSums sums;
    if (source_.is_grey()) {
      grey(first, work, sums);
    } else {
      colours(row, first, work, sums);
    }
    const GainRange gains = gain_range(work);
    sums.gain = gains.sum;
    sums.gain_min = gains.least;
    sums.gain_max = gains.largest;
    return sums;
  }

 private:
  /// Added stops from which on noise is taken out, and from which on all of it.
  static constexpr float kFirstCleaned = 0.5f, kAllCleaned = 1.5f;
  static constexpr int kCleanRadius = 2;
  /// Squared distance of colours, in variances of one channel, beyond which a neighbour is another
  /// thing: two samples of one colour differ by 6.
  static constexpr float kNoiseReach = 24;
  static constexpr Sample kFull = std::numeric_limits<Sample>::max();
  static constexpr float kTop = static_cast<float>(kFull);

  void grey(size_t first, RelightRow& work, RowSums& sums) const {
    const auto stride = static_cast<size_t>(source_.channels);
    const size_t width = work.guide.size();
    const Sample* in = from_ + first * stride;
    Sample* out = to_ + first * stride;
    for (size_t x = 0; x < width; ++x) {
      const Sample level = in[x * stride];
      work.guide[x] = float(level) / kTop;
      work.red[x] = curves_.linear(level);
      sums.luma_before += level;
      sums.clipped_before += level == kFull;
    }
    find_gains(work);
    relight_grey(work);
    for (size_t x = 0; x < width; ++x) {
      Sample& level = out[x * stride];
      if (work.strength[x] != 0) level = curves_.level(work.red[x]);
      sums.luma_after += level;
      sums.clipped_after += level == kFull;
    }
  }

  void colours(int row, size_t first, RelightRow& work, RowSums& sums) const {
    const auto stride = static_cast<size_t>(source_.channels);
    const size_t width = work.guide.size();
    const Sample* in = from_ + first * stride;
    Sample* out = to_ + first * stride;
    ChannelSums before, after;
    for (size_t x = 0; x < width; ++x) {
      const Sample r = in[x * stride], g = in[x * stride + 1], b = in[x * stride + 2];
      before.add(r, g, b);
      work.guide[x] = (0.299f * float(r) + 0.587f * float(g) + 0.114f * float(b)) / kTop;
      work.red[x] = curves_.linear(r);
      work.green[x] = curves_.linear(g);
      work.blue[x] = curves_.linear(b);
    }
    find_gains(work);
    for (size_t x = 0; x < width; ++x) {
      const float added = work.strength[x] * work.stops[x];
      if (added > kFirstCleaned) {
        const float share = std::min(1.f, (added - kFirstCleaned) / (kAllCleaned - kFirstCleaned));
        clean(static_cast<int>(x), row, share, work);
      }
    }
    relight_colours(work);
    for (size_t x = 0; x < width; ++x) {
      Sample* pixel = out + x * stride;
      if (work.strength[x] != 0) {
        pixel[0] = curves_.level(work.red[x]);
        pixel[1] = curves_.level(work.green[x]);
        pixel[2] = curves_.level(work.blue[x]);
      }
      after.add(pixel[0], pixel[1], pixel[2]);
    }
    sums.luma_before = before.luma();
    sums.luma_after = after.luma();
    sums.clipped_before = before.clipped;
    sums.clipped_after = after.clipped;
  }

  /// Whole numbers: exact, whatever the order.
  struct ChannelSums {
    uint64_t red = 0, green = 0, blue = 0;
    int64_t clipped = 0;
    void add(Sample r, Sample g, Sample b) {
      red += r;
      green += g;
      blue += b;
      clipped += (r == kFull) | (g == kFull) | (b == kFull);
    }
    double luma() const {
      return 0.299 * double(red) + 0.587 * double(green) + 0.114 * double(blue);
    }
  };

  const Sample* pixel(int x, int y) const {
    return from_ + (size_t(y) * size_t(source_.width) + size_t(x)) * size_t(source_.channels);
  }

  /// Takes the mean of the neighbours that differ from a pixel by no more than noise does.
  void clean(int x, int y, float share, RelightRow& work) const {
    const auto i = static_cast<size_t>(x);
    const float reach = kNoiseReach * noise_.at(work.guide[i]);
    if (reach <= 0) return;
    const float light[3] = {work.red[i], work.green[i], work.blue[i]};
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
    work.red[i] += share * (sum[0] / total - light[0]);
    work.green[i] += share * (sum[1] / total - light[1]);
    work.blue[i] += share * (sum[2] / total - light[2]);
  }

  const Image& source_;
  const RelightPlanes& planes_;
  const float strength_;
  const std::span<const float> mask_;
  const Sample* from_;
  Sample* to_;
  const RelightColumns columns_;
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
