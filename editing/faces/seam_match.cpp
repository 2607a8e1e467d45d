// SPDX-License-Identifier: Apache-2.0
#include "editing/faces/seam_match.h"

#include <algorithm>

namespace vane {
namespace {

constexpr float kReach = 0.1f;
/// Gauss and Seidel with over-relaxation: the error is below 1e-4 long before.
constexpr int kRounds = 200;
constexpr float kRelaxation = 1.6f;

}  // namespace

void match_seam(RgbField& crop, const RgbField& photo, const RgbField& weights) {
  const RgbField small = resize_lanczos(crop, kSeamCells, kSeamCells);
  RgbField correction(kSeamCells, kSeamCells);
  const auto is_known = [&](int x, int y) { return weights.at(x, y)[0] < 0.999f; };
  for (int y = 0; y < kSeamCells; ++y) {
    for (int x = 0; x < kSeamCells; ++x) {
      if (!is_known(x, y)) continue;
      for (size_t c = 0; c < 3; ++c) {
        correction.at(x, y)[c] = photo.at(x, y)[c] - small.at(x, y)[c];
      }
    }
  }
  const float screen = 1.f / (kSeamCells * kReach * kSeamCells * kReach);
  for (int round = 0; round < kRounds; ++round) {
    for (int y = 0; y < kSeamCells; ++y) {
      for (int x = 0; x < kSeamCells; ++x) {
        if (is_known(x, y)) continue;
        const Rgb& left = correction.at(std::max(x - 1, 0), y);
        const Rgb& right = correction.at(std::min(x + 1, kSeamCells - 1), y);
        const Rgb& above = correction.at(x, std::max(y - 1, 0));
        const Rgb& below = correction.at(x, std::min(y + 1, kSeamCells - 1));
        Rgb& value = correction.at(x, y);
        for (size_t c = 0; c < 3; ++c) {
          const float solved = (left[c] + right[c] + above[c] + below[c]) / (4 + screen);
          value[c] += kRelaxation * (solved - value[c]);
        }
      }
    }
  }
  const double scale = double(kSeamCells) / crop.width;
  for (int y = 0; y < crop.height; ++y) {
    for (int x = 0; x < crop.width; ++x) {
      const Rgb add = sample_cubic(correction, (x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5);
      for (size_t c = 0; c < 3; ++c) crop.at(x, y)[c] += add[c];
    }
  }
}

}  // namespace vane
