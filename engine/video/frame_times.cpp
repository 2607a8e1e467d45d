// SPDX-License-Identifier: Apache-2.0
#include "engine/video/frame_times.h"

#include <algorithm>
#include <cmath>

namespace vane {
namespace {

constexpr double kFaster = 1.1;
constexpr double kLongestGap = 10;

}  // namespace

void FrameRate::add(double seconds) {
  if (before_ && seconds > *before_) intervals_.push_back(static_cast<float>(seconds - *before_));
  before_ = seconds;
}

double FrameRate::rate() const {
  if (intervals_.empty()) return declared_;
  std::vector<float> sorted = intervals_;
  const auto middle = sorted.begin() + static_cast<ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double usual = 1 / double(*middle);
  return usual > kFaster * declared_ ? usual : declared_;
}

int64_t FramePlaces::next(double seconds) {
  if (!start_) start_ = seconds;
  const double ahead = (seconds - *start_) * rate_ - static_cast<double>(next_);
  if (ahead > kLongestGap * rate_) {
    *start_ += ahead / rate_;
  } else if (ahead > 1) {
    next_ += std::llround(ahead);
  }
  return next_++;
}

}  // namespace vane
