// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where one shot of a video ends and another begins.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/image/image.h"

namespace vane {

/// Longer side of the copy of a frame that is looked at.
inline constexpr int kCutSide = 64;

/// Looks at one frame after the other. A frame begins a shot when its tones are others (the
/// chi-square distance of 64-bin luma histograms, smoothed by five bins) and its pixels have
/// changed too, or when its pixels have changed far more than those of the frames before (a pan or
/// noise changes all of them alike). The first frame begins one.
class ShotCuts {
 public:
  /// `frame` 8-bit RGB of any size, always the same.
  bool begins_shot(const Image& frame);

 private:
  struct Look {
    std::vector<float> luma;        // of the small copy, in [0,1]
    std::array<float, 64> tones{};  // shares, summing to 1
  };
  static Look look_at(const Image& frame);

  std::optional<Look> before_;
  double usual_ = 0;  // change from frame to frame
  int64_t since_cut_ = 0;
};

}  // namespace vane
