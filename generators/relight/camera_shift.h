// SPDX-License-Identifier: Apache-2.0
#pragma once
// How far a camera has turned between two small pictures. No torch.

#include <span>

namespace vane {

/// Whole pixels to the right and down.
struct Shift {
  int x = 0, y = 0;
  bool operator==(const Shift&) const = default;
};

/// The shift of all that is seen, up to 18 px a direction: the one with the least mean absolute
/// difference where the two overlap, found at a quarter of the size and refined. None where it
/// explains no more than standing still does. `before`, `now` [height*width] luma in [0,1].
/// Throws Error{usage} when their sizes are others.
Shift camera_shift(std::span<const float> before, std::span<const float> now, int width,
                   int height);

}  // namespace vane
