// SPDX-License-Identifier: Apache-2.0
#include "enhance/classical/equalise.h"

#include <algorithm>
#include <cstdint>

namespace vane {

Equaliser::Equaliser(int width, int height, const std::function<const float*(int y)>& row)
    : curve_(kLevels) {
  std::vector<int64_t> counts(kLevels);
  for (int y = 0; y < height; ++y) {
    const float* const luma = row(y);
    for (int x = 0; x < width; ++x) {
      const int level = static_cast<int>(luma[x] * (kLevels - 1) + 0.5f);
      ++counts[static_cast<size_t>(std::clamp(level, 0, kLevels - 1))];
    }
  }
  const int64_t darkest = *std::find_if(counts.begin(), counts.end(), [](int64_t n) { return n; });
  const int64_t rest = int64_t{width} * height - darkest;
  int64_t sum = 0;
  for (size_t level = 0; level < counts.size(); ++level) {
    sum += counts[level];
    curve_[level] = rest > 0 ? static_cast<float>(double(std::max<int64_t>(0, sum - darkest)) /
                                                  static_cast<double>(rest))
                             : float(level) / (kLevels - 1);
  }
}

float Equaliser::luma(float before) const {
  const float place = std::clamp(before, 0.f, 1.f) * (kLevels - 1);
  const auto low = static_cast<size_t>(place);
  const size_t high = std::min(low + 1, curve_.size() - 1);
  return curve_[low] + (place - float(low)) * (curve_[high] - curve_[low]);
}

}  // namespace vane
