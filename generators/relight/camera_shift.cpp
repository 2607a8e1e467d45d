// SPDX-License-Identifier: Apache-2.0
#include "generators/relight/camera_shift.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr int kReduction = 4, kCoarseReach = 4, kFineReach = 2;
/// A shift has to leave no more of the difference than this.
constexpr double kExplained = 0.9;

struct Plane {
  std::vector<float> values;
  int width, height;
  float at(int x, int y) const { return values[size_t(y) * size_t(width) + size_t(x)]; }
};

Plane reduced(std::span<const float> values, int width, int height) {
  Plane out{{}, width / kReduction, height / kReduction};
  out.values.reserve(size_t(out.width) * size_t(out.height));
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      float sum = 0;
      for (int dy = 0; dy < kReduction; ++dy) {
        const size_t row = size_t(y * kReduction + dy) * size_t(width) + size_t(x * kReduction);
        for (int dx = 0; dx < kReduction; ++dx) sum += values[row + size_t(dx)];
      }
      out.values.push_back(sum / (kReduction * kReduction));
    }
  }
  return out;
}

/// Mean absolute difference where `now` and the moved `before` overlap.
double difference(const Plane& before, const Plane& now, Shift shift) {
  const int left = std::max(0, shift.x), right = now.width + std::min(0, shift.x);
  const int top = std::max(0, shift.y), bottom = now.height + std::min(0, shift.y);
  double sum = 0;
  for (int y = top; y < bottom; ++y) {
    float row = 0;
    for (int x = left; x < right; ++x) {
      row += std::abs(now.at(x, y) - before.at(x - shift.x, y - shift.y));
    }
    sum += double(row);
  }
  return sum / (double(right - left) * (bottom - top));
}

/// The best shift within `reach` of `around`; of equal ones the first, which is the one above left.
Shift best(const Plane& before, const Plane& now, Shift around, int reach) {
  Shift found = around;
  double least = difference(before, now, around);
  for (int y = around.y - reach; y <= around.y + reach; ++y) {
    for (int x = around.x - reach; x <= around.x + reach; ++x) {
      if (const double left = difference(before, now, {x, y}); left < least) {
        least = left;
        found = {x, y};
      }
    }
  }
  return found;
}

}  // namespace

Shift camera_shift(std::span<const float> before, std::span<const float> now, int width,
                   int height) {
  const size_t cells = size_t(std::max(0, width)) * size_t(std::max(0, height));
  if (before.size() != cells || now.size() != cells) {
    throw Error(ErrorCode::usage, "a shift is looked for between pictures of one size");
  }
  constexpr int kLeastSide = kReduction * 2 * (kCoarseReach + 1);
  if (width < kLeastSide || height < kLeastSide) return {};
  const Shift coarse =
      best(reduced(before, width, height), reduced(now, width, height), {}, kCoarseReach);
  const Plane from{{before.begin(), before.end()}, width, height};
  const Plane to{{now.begin(), now.end()}, width, height};
  const Shift fine = best(from, to, {coarse.x * kReduction, coarse.y * kReduction}, kFineReach);
  if (difference(from, to, fine) > kExplained * difference(from, to, {})) return {};
  return fine;
}

}  // namespace vane
