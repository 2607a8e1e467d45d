// SPDX-License-Identifier: Apache-2.0
#pragma once
// Noise that added light would bring out: how much there is, and a picture without it. No torch.

#include <array>
#include <vector>

#include "engine/image/image.h"

namespace vane {

/// Variance of the noise of one linear-light channel, by encoded luma in sixteenths.
struct NoiseModel {
  std::array<float, 16> variance{};
  /// `luma` in [0,1].
  float at(float luma) const;
};

/// From the picture itself: second differences [1 -2 1] x [1 -2 1] of linear green (Immerkær 1996),
/// whose lower quartile texture hardly moves, over a grid of pixels. Zero for pictures without
/// noise, and below 3 px a side.
/// `linear`: linear light of every level of a sample.
NoiseModel noise_of(const Image& picture, const std::vector<float>& linear);

}  // namespace vane
