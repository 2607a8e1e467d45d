// SPDX-License-Identifier: Apache-2.0
#include "enhance/classical/retinex.h"

#include <algorithm>
#include <cmath>

namespace vane {
namespace {

constexpr float kDark = 1.f / 255;
/// Cells across the shorter side below which a surround is not reduced further, and the pixels of
/// deviation that a cell may hide a quarter of.
constexpr int kLeastCells = 64;
constexpr double kCellOfSigma = 0.25;
/// Cells and the bilinear way back blur by themselves: variances in cells.
constexpr double kOwnVariance = 1.0 / 12 + 1.0 / 6;
constexpr int kHistogramBins = 65536;
/// R lies between -ln 256 and ln 256.
const float kRange = std::log(256.f);

int cell_of(int width, int height, double sigma) {
  const int fits = std::min(width, height) / kLeastCells;
  return std::max(1, std::min(static_cast<int>(sigma * kCellOfSigma), fits));
}

int cells(int side, int cell) { return (side + cell - 1) / cell; }

std::vector<float> gaussian_taps(double sigma) {
  std::vector<float> taps(static_cast<size_t>(std::ceil(4 * sigma)) + 1);
  for (size_t i = 0; i < taps.size(); ++i) {
    taps[i] = static_cast<float>(std::exp(-double(i * i) / (2 * sigma * sigma)));
  }
  return taps;
}

/// Weighted means along lines of `length` points `step` apart, each of three samples.
void blur_lines(std::vector<float>& plane, int lines, size_t line_step, int length, size_t step,
                const std::vector<float>& taps, Job& job) {
  const int reach = static_cast<int>(taps.size()) - 1;
  std::vector<float> line(3 * static_cast<size_t>(length));
  for (int i = 0; i < lines; ++i) {
    if (i % 16 == 0) job.check_cancelled();
    float* const start = &plane[static_cast<size_t>(i) * line_step];
    for (size_t k = 0; k < static_cast<size_t>(length); ++k) {
      std::copy_n(start + k * step, 3, &line[3 * k]);
    }
    for (int k = 0; k < length; ++k) {
      float sum[3] = {0, 0, 0}, weights = 0;
      for (int from = std::max(0, k - reach); from <= std::min(length - 1, k + reach); ++from) {
        const float weight = taps[static_cast<size_t>(std::abs(from - k))];
        const float* const at = &line[3 * static_cast<size_t>(from)];
        weights += weight;
        for (int c = 0; c < 3; ++c) sum[c] += weight * at[c];
      }
      for (int c = 0; c < 3; ++c)
        start[static_cast<size_t>(k) * step + size_t(c)] = sum[c] / weights;
    }
  }
}

}  // namespace

uint64_t Retinex::bytes(int width, int height, const RetinexOptions& options) {
  uint64_t all = 0;
  for (const double sigma : options.sigmas) {
    const int cell = cell_of(width, height, sigma);
    all += uint64_t{3} * sizeof(float) * static_cast<uint64_t>(cells(width, cell)) *
           static_cast<uint64_t>(cells(height, cell));
  }
  return all;
}

Retinex::Retinex(int width, int height, const Rows& rows, const RetinexOptions& options, Job& job)
    : width_(width) {
  for (const double sigma : options.sigmas) {
    Surround& surround = surrounds_.emplace_back();
    surround.cell = cell_of(width, height, sigma);
    surround.columns = cells(width, surround.cell);
    surround.rows = cells(height, surround.cell);
    surround.logarithm.resize(3 * static_cast<size_t>(surround.columns) *
                              static_cast<size_t>(surround.rows));
  }
  for (int y = 0; y < height; ++y) {
    if (y % 64 == 0) job.check_cancelled();
    const float* const rgb = rows(y);
    for (Surround& surround : surrounds_) {
      const int cell = surround.cell;
      float* const sums = &surround.logarithm[3 * static_cast<size_t>(y / cell) *
                                              static_cast<size_t>(surround.columns)];
      const int deep = std::min(cell, height - y / cell * cell);
      for (int x = 0; x < width; ++x) {
        const int wide = std::min(cell, width - x / cell * cell);
        for (int c = 0; c < 3; ++c) sums[3 * (x / cell) + c] += rgb[3 * x + c] / float(wide * deep);
      }
    }
  }
  for (size_t i = 0; i < surrounds_.size(); ++i) {
    Surround& surround = surrounds_[i];
    const double sigma = options.sigmas[i] / surround.cell;
    const std::vector<float> taps = gaussian_taps(
        surround.cell == 1 ? sigma : std::sqrt(std::max(0.01, sigma * sigma - kOwnVariance)));
    const size_t stride = 3 * static_cast<size_t>(surround.columns);
    blur_lines(surround.logarithm, surround.rows, stride, surround.columns, 3, taps, job);
    blur_lines(surround.logarithm, surround.columns, 3, surround.rows, stride, taps, job);
    for (float& value : surround.logarithm) value = std::log(value + kDark);
  }
  std::vector<int64_t> counts(kHistogramBins);
  std::vector<float> plain(3 * static_cast<size_t>(width));
  const float bins_of = (kHistogramBins - 1) / (2 * kRange);
  for (int y = 0; y < height; ++y) {
    if (y % 64 == 0) job.check_cancelled();
    plain_row(y, rows(y), plain.data());
    for (const float value : plain) {
      ++counts[static_cast<size_t>(
          std::clamp((value + kRange) * bins_of + 0.5f, 0.f, float(kHistogramBins - 1)))];
    }
  }
  const double samples = 3.0 * width * height;
  const auto quantile = [&](double share) {
    int64_t below = 0;
    size_t bin = 0;
    while (bin + 1 < counts.size() && double(below += counts[bin]) <= share * (samples - 1)) ++bin;
    return static_cast<float>(bin) / bins_of - kRange;
  };
  low_ = quantile(options.low);
  const float high = quantile(options.high);
  stretches_ = high > low_;
  if (stretches_) scale_ = 1 / (high - low_);
}

void Retinex::plain_row(int y, const float* rgb, float* out) const {
  for (int i = 0; i < 3 * width_; ++i) out[i] = std::log(rgb[i] + kDark);
  const float share = 1.f / static_cast<float>(surrounds_.size());
  for (const Surround& surround : surrounds_) {
    const auto between = [&](int position, int count) {
      return std::clamp((float(position) + 0.5f) / float(surround.cell) - 0.5f, 0.f,
                        float(count - 1));
    };
    const float down = between(y, surround.rows);
    const int top = static_cast<int>(down), bottom = std::min(top + 1, surround.rows - 1);
    const float part_y = down - float(top);
    const size_t stride = 3 * static_cast<size_t>(surround.columns);
    const float* const upper = &surround.logarithm[static_cast<size_t>(top) * stride];
    const float* const lower = &surround.logarithm[static_cast<size_t>(bottom) * stride];
    for (int x = 0; x < width_; ++x) {
      const float across = between(x, surround.columns);
      const int left = static_cast<int>(across), right = std::min(left + 1, surround.columns - 1);
      const float part_x = across - float(left);
      for (int c = 0; c < 3; ++c) {
        const float a = upper[3 * left + c] + part_x * (upper[3 * right + c] - upper[3 * left + c]);
        const float b = lower[3 * left + c] + part_x * (lower[3 * right + c] - lower[3 * left + c]);
        out[3 * x + c] -= share * (a + part_y * (b - a));
      }
    }
  }
}

void Retinex::row(int y, const float* rgb, float* out) const {
  if (!stretches_) {
    std::copy_n(rgb, 3 * width_, out);
    return;
  }
  plain_row(y, rgb, out);
  for (int i = 0; i < 3 * width_; ++i) out[i] = (out[i] - low_) * scale_;
}

}  // namespace vane
