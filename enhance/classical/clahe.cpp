// SPDX-License-Identifier: Apache-2.0
#include "enhance/classical/clahe.h"

#include <algorithm>
#include <cmath>

#include "generators/develop/tone_math.h"

namespace vane {
namespace {

// IEC 61966-2-1 primaries to XYZ, each row divided by its sum (the white of the display), so that
// grey has exactly a = b = 0; and the inverse.
constexpr double kToXyz[3][3] = {{0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505},
                                 {0.2126, 0.7152, 0.0722},
                                 {0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089}};

constexpr double cofactor(int row, int column) {
  const int r0 = (row + 1) % 3, r1 = (row + 2) % 3;
  const int c0 = (column + 1) % 3, c1 = (column + 2) % 3;
  return kToXyz[r0][c0] * kToXyz[r1][c1] - kToXyz[r0][c1] * kToXyz[r1][c0];
}

constexpr double kDeterminant =
    kToXyz[0][0] * cofactor(0, 0) + kToXyz[0][1] * cofactor(0, 1) + kToXyz[0][2] * cofactor(0, 2);

constexpr double kCorner = 6.0 / 29;

double lab_curve(double v) {
  return v > kCorner * kCorner * kCorner ? std::cbrt(v) : v / (3 * kCorner * kCorner) + 4.0 / 29;
}

double lab_curve_inverse(double f) {
  return f > kCorner ? f * f * f : 3 * kCorner * kCorner * (f - 4.0 / 29);
}

/// Counts of one cell -> its curve, in bins.
void curve_of(std::vector<double>& counts, double limit, float* curve) {
  double pixels = 0, excess = 0;
  for (const double count : counts) pixels += count;
  const double cap = std::max(1.0, limit * pixels / static_cast<double>(counts.size()));
  for (double& count : counts) {
    excess += std::max(0.0, count - cap);
    count = std::min(count, cap);
  }
  double sum = 0;
  const double share = excess / static_cast<double>(counts.size());
  for (size_t i = 0; i < counts.size(); ++i) {
    sum += counts[i] + share;
    curve[i] = static_cast<float>(sum / pixels * static_cast<double>(counts.size() - 1));
  }
}

}  // namespace

EncodedLab lab_of_srgb(const float* rgb) {
  double f[3];
  for (int i = 0; i < 3; ++i) {
    double sum = 0;
    for (int c = 0; c < 3; ++c) sum += kToXyz[i][c] * develop::linear_from_srgb(double{rgb[c]});
    f[i] = lab_curve(sum);
  }
  return {static_cast<float>(116 * f[1] - 16), static_cast<float>(500 * (f[0] - f[1])),
          static_cast<float>(200 * (f[1] - f[2]))};
}

void srgb_of_lab(const EncodedLab& lab, float* rgb) {
  const double middle = (double{lab.lightness} + 16) / 116;
  const double xyz[3] = {lab_curve_inverse(middle + double{lab.a} / 500), lab_curve_inverse(middle),
                         lab_curve_inverse(middle - double{lab.b} / 200)};
  for (int c = 0; c < 3; ++c) {
    double sum = 0;
    for (int i = 0; i < 3; ++i) sum += cofactor(i, c) / kDeterminant * xyz[i];
    rgb[c] = static_cast<float>(develop::srgb_from_linear(sum));
  }
}

Clahe::Clahe(int width, int height, const std::function<const float*(int y)>& row,
             const ClaheOptions& options)
    : width_(width),
      height_(height),
      columns_(std::min(options.grid, width)),
      rows_(std::min(options.grid, height)),
      curves_(static_cast<size_t>(columns_ * rows_ * kBins)) {
  std::vector<std::vector<double>> counts(static_cast<size_t>(columns_ * rows_),
                                          std::vector<double>(kBins));
  for (int y = 0; y < height; ++y) {
    const float* const lightness = row(y);
    const int cell_row = static_cast<int>(int64_t{y} * rows_ / height) * columns_;
    for (int x = 0; x < width; ++x) {
      const int cell = cell_row + static_cast<int>(int64_t{x} * columns_ / width);
      const int bin =
          std::clamp(static_cast<int>(lightness[x] / 100 * (kBins - 1) + 0.5f), 0, kBins - 1);
      ++counts[static_cast<size_t>(cell)][static_cast<size_t>(bin)];
    }
  }
  for (size_t cell = 0; cell < counts.size(); ++cell) {
    curve_of(counts[cell], options.limit, &curves_[cell * kBins]);
  }
}

Clahe::Place Clahe::place(int position, int side, int cells) {
  const float at = (float(position) + 0.5f) * float(cells) / float(side) - 0.5f;
  const float held = std::clamp(at, 0.f, float(cells - 1));
  const int low = static_cast<int>(held);
  return {low, std::min(low + 1, cells - 1), held - float(low)};
}

float Clahe::curve(int cell_x, int cell_y, float bin) const {
  const float* const curve = &curves_[static_cast<size_t>((cell_y * columns_ + cell_x) * kBins)];
  const int low = std::min(static_cast<int>(bin), kBins - 2);
  const float part = bin - float(low);
  return (1 - part) * curve[low] + part * curve[low + 1];
}

float Clahe::lightness(int x, int y, float before) const {
  const float bin = std::clamp(before / 100 * (kBins - 1), 0.f, float(kBins - 1));
  const Place across = place(x, width_, columns_), down = place(y, height_, rows_);
  const auto blended = [&](int cell_row) {
    return (1 - across.part) * curve(across.low, cell_row, bin) +
           across.part * curve(across.high, cell_row, bin);
  };
  const float mapped = (1 - down.part) * blended(down.low) + down.part * blended(down.high);
  return mapped * 100 / (kBins - 1);
}

}  // namespace vane
