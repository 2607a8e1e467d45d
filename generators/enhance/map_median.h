// SPDX-License-Identifier: Apache-2.0
#pragma once
// The median of a map that is never in memory as a whole.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace vane {

/// Of values in [2^-12, 2^4], to 1/128 of an octave (0.6 %); what lies outside counts at the end.
class MapMedian {
 public:
  void add(float value) {
    const float place = (std::log2(std::max(value, kLeast)) - kLowest) * kBinsAnOctave;
    ++counts_[static_cast<std::size_t>(std::clamp(place, 0.f, float(kBins - 1)))];
    ++total_;
  }

  /// Middle of the bin that holds it; 0 of nothing.
  double value() const {
    int64_t below = 0;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
      below += counts_[bin];
      if (2 * below >= total_ && total_ > 0) {
        return std::exp2(double(kLowest) + (double(bin) + 0.5) / double(kBinsAnOctave));
      }
    }
    return 0;
  }

 private:
  static constexpr float kLowest = -12, kBinsAnOctave = 64, kLeast = 1.f / 4096;
  static constexpr std::size_t kBins = 16 * 64;
  std::array<int64_t, kBins> counts_{};
  int64_t total_ = 0;
};

}  // namespace vane
