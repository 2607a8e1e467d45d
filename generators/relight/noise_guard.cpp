// SPDX-License-Identifier: Apache-2.0
#include "generators/relight/noise_guard.h"

#include <algorithm>
#include <cmath>

namespace vane {
namespace {

// The second difference of unit noise has the deviation 6; a quarter of its absolute values lie
// below 0.3186 deviations.
constexpr float kQuartile = 6 * 0.3186f;
constexpr size_t kLeastSamples = 100;
/// Samples of a picture at most, in each direction.
constexpr int kAcross = 1200;

template <class Sample>
NoiseModel measured(const Image& picture, const std::vector<Sample>& samples,
                    const std::vector<float>& linear) {
  const int channels = picture.channels, green = picture.is_grey() ? 0 : 1;
  const auto at = [&](int x, int y, int c) {
    return samples[(size_t(y) * size_t(picture.width) + size_t(x)) * size_t(channels) + size_t(c)];
  };
  const auto light = [&](int x, int y) { return linear[at(x, y, green)]; };
  const auto top = static_cast<float>(linear.size() - 1);
  std::array<std::vector<float>, 16> differences;
  const int step_x = std::max(1, picture.width / kAcross);
  const int step_y = std::max(1, picture.height / kAcross);
  for (int y = 1; y + 1 < picture.height; y += step_y) {
    for (int x = 1; x + 1 < picture.width; x += step_x) {
      const float edge = light(x - 1, y) + light(x + 1, y) + light(x, y - 1) + light(x, y + 1);
      const float corner =
          light(x - 1, y - 1) + light(x + 1, y - 1) + light(x - 1, y + 1) + light(x + 1, y + 1);
      const float luma = picture.is_grey()
                             ? float(at(x, y, 0))
                             : 0.299f * float(at(x, y, 0)) + 0.587f * float(at(x, y, 1)) +
                                   0.114f * float(at(x, y, 2));
      const auto bin = std::min<size_t>(15, static_cast<size_t>(16 * luma / top));
      differences[bin].push_back(std::abs(4 * light(x, y) - 2 * edge + corner));
    }
  }
  NoiseModel model;
  float last = 0;
  for (size_t bin = 0; bin < differences.size(); ++bin) {
    std::vector<float>& found = differences[bin];
    if (found.size() >= kLeastSamples) {
      const auto quarter = found.begin() + static_cast<ptrdiff_t>(found.size() / 4);
      std::nth_element(found.begin(), quarter, found.end());
      last = *quarter / kQuartile;
    }
    model.variance[bin] = last * last;
  }
  return model;
}

}  // namespace

float NoiseModel::at(float luma) const {
  const float place = std::clamp(luma * 16 - 0.5f, 0.f, 15.f);
  const auto i = static_cast<size_t>(place);
  const float next = variance[std::min<size_t>(15, i + 1)];
  return variance[i] + (place - static_cast<float>(i)) * (next - variance[i]);
}

NoiseModel noise_of(const Image& picture, const std::vector<float>& linear) {
  return picture.depth == 16 ? measured(picture, picture.u16, linear)
                             : measured(picture, picture.u8, linear);
}

}  // namespace vane
