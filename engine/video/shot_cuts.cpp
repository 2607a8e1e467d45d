// SPDX-License-Identifier: Apache-2.0
#include "engine/video/shot_cuts.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/image/resize.h"

namespace vane {
namespace {

/// Chi-square distance, in [0,2], from which on tones are others.
constexpr double kOtherTones = 0.5;
/// Mean change of luma below which nothing is another shot, whatever its tones: a wall whose
/// exposure moves by a step has a new histogram.
constexpr double kLeastChange = 0.04;
/// Mean change of luma that is another shot by itself when it is so many times the usual one.
constexpr double kLargeChange = 0.12, kTimesUsual = 4;
/// Weight of the newest change in the usual one.
constexpr double kNewest = 0.2;

}  // namespace

ShotCuts::Look ShotCuts::look_at(const Image& frame) {
  const Image small = thumbnail(frame, kCutSide);
  Look look;
  std::array<float, 64> counts{};
  const size_t pixels = size_t(small.width) * size_t(small.height);
  for (size_t i = 0; i < pixels; ++i) {
    const uint8_t* rgb = &small.u8[3 * i];
    const float luma =
        (0.299f * float(rgb[0]) + 0.587f * float(rgb[1]) + 0.114f * float(rgb[2])) / 255.f;
    look.luma.push_back(luma);
    counts[static_cast<size_t>(std::min(63.f, luma * 64))] += 1.f / static_cast<float>(pixels);
  }
  // Tones at a border of two bins must not fall now into one, now into the other.
  for (int bin = 0; bin < 64; ++bin) {
    for (int k = -2; k <= 2; ++k) {
      const auto to = static_cast<size_t>(std::clamp(bin + k, 0, 63));
      look.tones[to] += counts[static_cast<size_t>(bin)] / 5;
    }
  }
  return look;
}

bool ShotCuts::begins_shot(const Image& frame) {
  Look now = look_at(frame);
  if (!before_) {
    before_ = std::move(now);
    return true;
  }
  double change = 0, distance = 0;
  for (size_t i = 0; i < now.luma.size(); ++i) {
    change += double(std::abs(now.luma[i] - before_->luma[i]));
  }
  change /= static_cast<double>(now.luma.size());
  for (size_t bin = 0; bin < now.tones.size(); ++bin) {
    const double a = double(now.tones[bin]), b = double(before_->tones[bin]);
    if (a + b > 0) distance += (a - b) * (a - b) / (a + b);
  }
  before_ = std::move(now);
  const bool cut = (distance > kOtherTones && change > kLeastChange) ||
                   (since_cut_ > 0 && change > std::max(kLargeChange, kTimesUsual * usual_));
  if (cut) {
    since_cut_ = 0;
    usual_ = 0;
  } else {
    usual_ = since_cut_ == 0 ? change : usual_ + kNewest * (change - usual_);
    ++since_cut_;
  }
  return cut;
}

}  // namespace vane
