// SPDX-License-Identifier: Apache-2.0
#include "generators/relight/steady_planes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/error.h"
#include "generators/relight/camera_shift.h"

namespace vane {
namespace {

constexpr double kSeconds = 0.18;
/// Change of luma against the mean that may be noise, and one that is surely something else.
constexpr float kNoise = 0.04f, kOther = 0.16f;

std::vector<float> luma_of(const Image& small) {
  std::vector<float> luma(small.u8.size() / 3);
  for (size_t i = 0; i < luma.size(); ++i) {
    const uint8_t* rgb = &small.u8[3 * i];
    luma[i] = (0.299f * float(rgb[0]) + 0.587f * float(rgb[1]) + 0.114f * float(rgb[2])) / 255.f;
  }
  return luma;
}

void move(std::vector<float>& mean, const std::vector<float>& now, Shift shift, int width,
          int height) {
  std::vector<float> moved = now;
  for (int y = std::max(0, shift.y); y < height + std::min(0, shift.y); ++y) {
    for (int x = std::max(0, shift.x); x < width + std::min(0, shift.x); ++x) {
      moved[size_t(y) * size_t(width) + size_t(x)] =
          mean[size_t(y - shift.y) * size_t(width) + size_t(x - shift.x)];
    }
  }
  mean = std::move(moved);
}

}  // namespace

SteadyPlanes::SteadyPlanes(double fps) : weight_(1 - std::exp(-1 / (fps * kSeconds))) {}

const RelightPlanes& SteadyPlanes::next(const RelightPlanes& planes, const Image& small) {
  const size_t cells = size_t(planes.width) * size_t(planes.height);
  if (small.width != planes.width || small.height != planes.height ||
      small.u8.size() != 3 * cells || (seen_ > 0 && mean_.offset.size() != cells)) {
    throw Error(ErrorCode::usage, "the planes of a shot and their frames have one size");
  }
  if (seen_ == 0) {
    mean_ = planes;
    luma_ = luma_of(small);
    seen_ = 1;
    return mean_;
  }
  const std::vector<float> now_luma = luma_of(small);
  follow_camera(planes, now_luma);
  const double own = 1.0 / (seen_ + 1);
  const auto usual = static_cast<float>(std::max(weight_, own));
  if (own > weight_) ++seen_;
  for (size_t i = 0; i < cells; ++i) {
    const float luma = now_luma[i];
    const float t = std::clamp((std::abs(luma - luma_[i]) - kNoise) / (kOther - kNoise), 0.f, 1.f);
    const float weight = usual + (1 - usual) * t * t * (3 - 2 * t);
    const auto take = [&](std::vector<float>& mean, const std::vector<float>& now) {
      mean[i] += weight * (now[i] - mean[i]);
    };
    take(mean_.slope, planes.slope);
    take(mean_.offset, planes.offset);
    take(mean_.low, planes.low);
    take(mean_.high, planes.high);
    take(mean_.haze, planes.haze);
    luma_[i] += weight * (luma - luma_[i]);
  }
  return mean_;
}

void SteadyPlanes::follow_camera(const RelightPlanes& planes, const std::vector<float>& luma) {
  const int width = planes.width, height = planes.height;
  const Shift shift = camera_shift(luma_, luma, width, height);
  if (shift == Shift{}) return;
  move(mean_.slope, planes.slope, shift, width, height);
  move(mean_.offset, planes.offset, shift, width, height);
  move(mean_.low, planes.low, shift, width, height);
  move(mean_.high, planes.high, shift, width, height);
  move(mean_.haze, planes.haze, shift, width, height);
  move(luma_, luma, shift, width, height);
}

}  // namespace vane
