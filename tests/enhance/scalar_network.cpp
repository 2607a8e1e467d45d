// SPDX-License-Identifier: Apache-2.0
#include "tests/enhance/scalar_network.h"

#include <algorithm>
#include <cmath>

namespace vane::testing {
namespace {

const std::vector<double> kNoBias;

/// Index of row or column `i` of a line of `length`; -1 where the outside counts as zero.
int64_t inside(int64_t i, int64_t length, bool reflect) {
  if (i >= 0 && i < length) return i;
  if (!reflect) return -1;
  return i < 0 ? -i : 2 * (length - 1) - i;
}

Planes conv3x3(const Planes& x, const std::vector<double>& weight, const std::vector<double>& bias,
               bool reflect) {
  const auto outputs = static_cast<int64_t>(weight.size()) / (9 * x.channels);
  Planes y(outputs, x.height, x.width);
  for (int64_t o = 0; o < outputs; ++o) {
    for (int64_t row = 0; row < x.height; ++row) {
      for (int64_t column = 0; column < x.width; ++column) {
        double sum = bias.empty() ? 0 : bias[static_cast<size_t>(o)];
        for (int64_t i = -1; i <= 1; ++i) {
          const int64_t from_row = inside(row + i, x.height, reflect);
          for (int64_t j = -1; j <= 1; ++j) {
            const int64_t from_column = inside(column + j, x.width, reflect);
            if (from_row < 0 || from_column < 0) continue;
            for (int64_t c = 0; c < x.channels; ++c) {
              const int64_t tap = ((o * x.channels + c) * 3 + i + 1) * 3 + j + 1;
              sum += weight[static_cast<size_t>(tap)] * x.at(c, from_row, from_column);
            }
          }
        }
        y.at(o, row, column) = sum;
      }
    }
  }
  return y;
}

/// Below zero times `slope`.
Planes rectified(Planes x, double slope) {
  for (double& value : x.values) value = value < 0 ? value * slope : value;
  return x;
}

Planes residual(const Planes& x, const ScalarWeights& weights, int number, bool reflect) {
  const std::string name = "ResidualBlock" + std::to_string(number);
  Planes y = rectified(conv3x3(x, weights.at(name + ".conv1.weight"), kNoBias, reflect), 0.2);
  y = conv3x3(y, weights.at(name + ".conv2.weight"), kNoBias, reflect);
  for (size_t i = 0; i < y.values.size(); ++i) y.values[i] += x.values[i];
  return rectified(std::move(y), 0.2);
}

/// Means over k x k cells.
Planes pooled(const Planes& x, int64_t k, bool overlapping) {
  const auto end = [&](int64_t i, int64_t length) {
    const double edge = static_cast<double>((i + 1) * length) / static_cast<double>(k);
    return static_cast<int64_t>(overlapping ? std::ceil(edge) : std::floor(edge));
  };
  const auto start = [&](int64_t i, int64_t length) {
    return static_cast<int64_t>(
        std::floor(static_cast<double>(i * length) / static_cast<double>(k)));
  };
  Planes y(x.channels, k, k);
  for (int64_t c = 0; c < x.channels; ++c) {
    for (int64_t i = 0; i < k; ++i) {
      for (int64_t j = 0; j < k; ++j) {
        double sum = 0;
        int64_t count = 0;
        for (int64_t row = start(i, x.height); row < end(i, x.height); ++row) {
          for (int64_t column = start(j, x.width); column < end(j, x.width); ++column) {
            sum += x.at(c, row, column);
            ++count;
          }
        }
        y.at(c, i, j) = count == 0 ? 0 : sum / static_cast<double>(count);
      }
    }
  }
  return y;
}

/// Value at d of a line of `length` samples drawn from k values.
double source_position(int64_t d, int64_t length, int64_t k, bool align_corners) {
  if (align_corners) {
    return length == 1 ? 0 : static_cast<double>(d * (k - 1)) / static_cast<double>(length - 1);
  }
  const double scale = static_cast<double>(k) / static_cast<double>(length);
  return std::max(0.0, (static_cast<double>(d) + 0.5) * scale - 0.5);
}

/// Channels of one grid, spread over the picture and appended to `into` from channel `first`.
void append_grid(Planes& into, int64_t first, const Planes& features, int number,
                 const ScalarWeights& weights, const ScalarVariant& variant) {
  constexpr int64_t kBins[] = {1, 2, 3, 6};
  const int64_t k = kBins[number];
  const std::string name = "PPM1.features." + std::to_string(number);
  const std::vector<double>& mix = weights.at(name + ".1.weight");
  const Planes means = pooled(features, k, variant.overlapping_cells);
  Planes small(8, k, k);
  for (int64_t o = 0; o < 8; ++o) {
    for (int64_t cell = 0; cell < k * k; ++cell) {
      double sum = 0;
      for (int64_t c = 0; c < 32; ++c) {
        sum += mix[static_cast<size_t>(o * 32 + c)] * means.at(c, cell / k, cell % k);
      }
      small.at(o, cell / k, cell % k) = sum;
    }
  }
  small = rectified(std::move(small), weights.at(name + ".2.weight").front());
  for (int64_t row = 0; row < into.height; ++row) {
    const double v = source_position(row, into.height, k, variant.align_corners);
    const auto top = std::min(static_cast<int64_t>(v), k - 1), bottom = std::min(top + 1, k - 1);
    const double down = v - static_cast<double>(top);
    for (int64_t column = 0; column < into.width; ++column) {
      const double u = source_position(column, into.width, k, variant.align_corners);
      const auto left = std::min(static_cast<int64_t>(u), k - 1), right = std::min(left + 1, k - 1);
      const double across = u - static_cast<double>(left);
      for (int64_t o = 0; o < 8; ++o) {
        const double above =
            small.at(o, top, left) * (1 - across) + small.at(o, top, right) * across;
        const double below =
            small.at(o, bottom, left) * (1 - across) + small.at(o, bottom, right) * across;
        into.at(first + o, row, column) = above * (1 - down) + below * down;
      }
    }
  }
}

}  // namespace

Planes scalar_illumination(const ScalarWeights& weights, const Planes& image,
                           const ScalarVariant& variant) {
  const auto biased = [&](const Planes& x, const std::string& name) {
    return conv3x3(x, weights.at(name + ".weight"), weights.at(name + ".bias"), variant.reflect);
  };
  Planes x = rectified(biased(image, "cond1"), 0.2);
  x = residual(x, weights, 1, variant.residual_reflect);
  x = residual(x, weights, 2, variant.residual_reflect);
  Planes joined(64, x.height, x.width);
  std::copy(x.values.begin(), x.values.end(), joined.values.begin());
  for (int number = 0; number < 4; ++number) {
    append_grid(joined, 32 + 8 * number, x, number, weights, variant);
  }
  x = rectified(conv3x3(joined, weights.at("PPM1.fuse.0.weight"), kNoBias, variant.fuse_reflect),
                weights.at("PPM1.fuse.1.weight").front());
  x = biased(x, "condx");
  x = residual(x, weights, 3, variant.residual_reflect);
  x = residual(x, weights, 4, variant.residual_reflect);
  x = biased(x, "condy");
  x = residual(x, weights, 5, variant.residual_reflect);
  x = residual(x, weights, 6, variant.residual_reflect);
  return rectified(biased(x, "cond_add1"), 0);
}

}  // namespace vane::testing
