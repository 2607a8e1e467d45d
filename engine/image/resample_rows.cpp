// SPDX-License-Identifier: Apache-2.0
// Compiled with -O3 (see engine/CMakeLists.txt): the loops below are written to be vectorised.
#include "engine/image/resample_rows.h"

#include <algorithm>
#include <thread>

namespace vane {
namespace {

// A weight w (22-bit fixed point) of a long kernel is split as w = high * 2^7 + low with both parts
// in int16, so that sums of products become 16-bit multiply-adds, the fastest integer form of x86
// and ARM. More than kFewTaps taps mean a reduction by 3 or more, hence |w| < 2^21 and |high| <
// 2^14. The sum of low parts is below 127 * 255 * kMostSplitTaps < 2^31: nothing overflows.
constexpr int kPrecisionBits = 22, kLowBits = 7;
constexpr uint32_t kHalf = 1u << (kPrecisionBits - 1);
/// Up to this many taps the plain interleaved loop is faster than splitting the row into planes.
constexpr int kFewTaps = 12, kMostSplitTaps = 65'536;
/// Multiply-adds below which starting threads costs more than it saves.
constexpr uint64_t kThreadWork = 40'000'000;

#define VANE_INLINE inline __attribute__((always_inline))

VANE_INLINE uint8_t to_u8(uint32_t sum) {
  const int32_t value = static_cast<int32_t>(sum) >> kPrecisionBits;
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

/// One row split into planes of int16, one a channel, each `plane` long.
VANE_INLINE void split_planes(const uint8_t* row, int width, int channels, size_t plane,
                              int16_t* out) {
  if (channels == 3) {
    int16_t *r = out, *g = out + plane, *b = out + 2 * plane;
    for (int x = 0; x < width; ++x) {
      r[x] = row[3 * x];
      g[x] = row[3 * x + 1];
      b[x] = row[3 * x + 2];
    }
    return;
  }
  for (int c = 0; c < channels; ++c) {
    for (int x = 0; x < width; ++x) out[c * plane + x] = row[x * channels + c];
  }
}

struct SplitTaps {
  std::vector<int16_t> high, low;
};

VANE_INLINE void many_taps_row(const int16_t* planes, size_t plane, int channels,
                               const ResampleTaps& taps, const SplitTaps& split, int out_width,
                               uint8_t* out) {
  for (int x = 0; x < out_width; ++x) {
    const size_t at = static_cast<size_t>(x) * taps.stride;
    const int padded = (taps.count[x] + kTapPadding - 1) / kTapPadding * kTapPadding;
    for (int c = 0; c < channels; ++c) {
      const int16_t* p = planes + c * plane + taps.first[x];
      const int16_t *high = split.high.data() + at, *low = split.low.data() + at;
      int32_t high_sum = 0, low_sum = 0;
      for (int k = 0; k < padded; ++k) {
        high_sum += int32_t(p[k]) * high[k];
        low_sum += int32_t(p[k]) * low[k];
      }
      out[x * channels + c] = to_u8((static_cast<uint32_t>(high_sum) << kLowBits) +
                                    static_cast<uint32_t>(low_sum) + kHalf);
    }
  }
}

template <int kChannels>
VANE_INLINE void few_taps_row(const uint8_t* row, const ResampleTaps& taps, int out_width,
                              uint8_t* out) {
  for (int x = 0; x < out_width; ++x) {
    const uint8_t* p = row + static_cast<size_t>(taps.first[x]) * kChannels;
    const int32_t* weight = taps.weights.data() + static_cast<size_t>(x) * taps.stride;
    uint32_t sum[kChannels];
    for (int c = 0; c < kChannels; ++c) sum[c] = kHalf;
    for (int k = 0; k < taps.count[x]; ++k) {
      for (int c = 0; c < kChannels; ++c) {
        sum[c] += static_cast<uint32_t>(p[k * kChannels + c] * weight[k]);
      }
    }
    for (int c = 0; c < kChannels; ++c) out[x * kChannels + c] = to_u8(sum[c]);
  }
}

/// Everything a thread needs for a range of rows.
struct HorizontalPass {
  const uint8_t* in;
  int width, channels, out_width;
  const ResampleTaps* taps;
  const SplitTaps* split;  // null: few taps
  uint8_t* out;
};

VANE_INLINE void horizontal_rows(const HorizontalPass& pass, int begin, int end) {
  const size_t plane = static_cast<size_t>(pass.width) + kTapPadding;
  std::vector<int16_t> planes;
  if (pass.split) planes.assign(plane * pass.channels, 0);
  for (int y = begin; y < end; ++y) {
    const uint8_t* row = pass.in + static_cast<size_t>(y) * pass.width * pass.channels;
    uint8_t* out = pass.out + static_cast<size_t>(y) * pass.out_width * pass.channels;
    if (pass.split) {
      split_planes(row, pass.width, pass.channels, plane, planes.data());
      many_taps_row(planes.data(), plane, pass.channels, *pass.taps, *pass.split, pass.out_width,
                    out);
      continue;
    }
    switch (pass.channels) {
      case 1:
        few_taps_row<1>(row, *pass.taps, pass.out_width, out);
        break;
      case 2:
        few_taps_row<2>(row, *pass.taps, pass.out_width, out);
        break;
      case 3:
        few_taps_row<3>(row, *pass.taps, pass.out_width, out);
        break;
      default:
        few_taps_row<4>(row, *pass.taps, pass.out_width, out);
        break;
    }
  }
}

struct VerticalPass {
  const uint8_t* in;
  size_t row_samples;
  const ResampleTaps* taps;
  uint8_t* out;
};

VANE_INLINE void vertical_rows(const VerticalPass& pass, int begin, int end) {
  // Blocks of columns keep the accumulators in the first-level cache.
  constexpr size_t kBlock = 2048;
  uint32_t sums[kBlock];
  for (int y = begin; y < end; ++y) {
    const int32_t* weight = pass.taps->weights.data() + static_cast<size_t>(y) * pass.taps->stride;
    const uint8_t* rows = pass.in + static_cast<size_t>(pass.taps->first[y]) * pass.row_samples;
    for (size_t x0 = 0; x0 < pass.row_samples; x0 += kBlock) {
      const size_t n = std::min(kBlock, pass.row_samples - x0);
      std::fill_n(sums, n, kHalf);
      for (int k = 0; k < pass.taps->count[y]; ++k) {
        const uint8_t* p = rows + static_cast<size_t>(k) * pass.row_samples + x0;
        const int32_t w = weight[k];
        for (size_t i = 0; i < n; ++i) sums[i] += static_cast<uint32_t>(p[i] * w);
      }
      uint8_t* out = pass.out + static_cast<size_t>(y) * pass.row_samples + x0;
      for (size_t i = 0; i < n; ++i) out[i] = to_u8(sums[i]);
    }
  }
}

#if defined(__x86_64__)
#define VANE_AVX2 __attribute__((target("avx2")))
VANE_AVX2 void horizontal_rows_avx2(const HorizontalPass& pass, int begin, int end) {
  horizontal_rows(pass, begin, end);
}
VANE_AVX2 void vertical_rows_avx2(const VerticalPass& pass, int begin, int end) {
  vertical_rows(pass, begin, end);
}
bool has_avx2() { return __builtin_cpu_supports("avx2"); }
#else
void horizontal_rows_avx2(const HorizontalPass& pass, int begin, int end) {
  horizontal_rows(pass, begin, end);
}
void vertical_rows_avx2(const VerticalPass& pass, int begin, int end) {
  vertical_rows(pass, begin, end);
}
bool has_avx2() { return false; }
#endif

void horizontal_rows_plain(const HorizontalPass& pass, int begin, int end) {
  horizontal_rows(pass, begin, end);
}
void vertical_rows_plain(const VerticalPass& pass, int begin, int end) {
  vertical_rows(pass, begin, end);
}

/// Rows are independent, so the number of threads cannot change the result.
template <class Pass>
void run_rows(const Pass& pass, void (*rows)(const Pass&, int, int), int height, uint64_t work) {
  const unsigned threads = work < kThreadWork ? 1
                                              : std::min(std::thread::hardware_concurrency(),
                                                         unsigned(work / kThreadWork) + 1);
  if (threads < 2 || height < static_cast<int>(threads)) return rows(pass, 0, height);
  std::vector<std::jthread> pool;
  for (unsigned t = 1; t < threads; ++t) {
    const int begin = static_cast<int>(int64_t(height) * t / threads);
    const int end = static_cast<int>(int64_t(height) * (t + 1) / threads);
    pool.emplace_back([&pass, rows, begin, end] { rows(pass, begin, end); });
  }
  rows(pass, 0, static_cast<int>(int64_t(height) / threads));
}

}  // namespace

void resample_horizontally(const uint8_t* in, int width, int height, int channels,
                           const ResampleTaps& taps, int out_width, uint8_t* out) {
  SplitTaps split;
  const int most = *std::max_element(taps.count.begin(), taps.count.end());
  if (most > kFewTaps && most <= kMostSplitTaps) {
    split.high.resize(taps.weights.size());
    split.low.resize(taps.weights.size());
    for (size_t i = 0; i < taps.weights.size(); ++i) {
      split.high[i] = static_cast<int16_t>(taps.weights[i] >> kLowBits);
      split.low[i] = static_cast<int16_t>(taps.weights[i] & ((1 << kLowBits) - 1));
    }
  }
  const HorizontalPass pass{
      in, width, channels, out_width, &taps, split.high.empty() ? nullptr : &split, out};
  const uint64_t work = uint64_t(out_width) * channels * height * taps.count[taps.count.size() / 2];
  run_rows(pass, has_avx2() ? horizontal_rows_avx2 : horizontal_rows_plain, height, work);
}

void resample_vertically(const uint8_t* in, size_t row_samples, const ResampleTaps& taps,
                         int out_height, uint8_t* out) {
  const VerticalPass pass{in, row_samples, &taps, out};
  const uint64_t work = row_samples * out_height * taps.count[taps.count.size() / 2];
  run_rows(pass, has_avx2() ? vertical_rows_avx2 : vertical_rows_plain, out_height, work);
}

}  // namespace vane
