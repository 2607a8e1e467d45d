// SPDX-License-Identifier: Apache-2.0
#pragma once
// The eight EXIF orientations.

#include "engine/image/image.h"

namespace vane {

/// Stored samples to upright ones, for EXIF orientation 1..8 (1: no change; 2 mirrored left-right,
/// 3 turned by 180 degrees, 4 mirrored top-bottom, 5 transposed, 6 turned by 90 clockwise,
/// 7 transposed along the other diagonal, 8 turned by 90 counter-clockwise). Sizes swap for 5..8.
/// `metadata` is kept as it is. Throws Error{usage} for another number.
Image oriented(Image image, int orientation);
/// The orientation that undoes `orientation`: upright samples back to the stored order.
int inverse_orientation(int orientation);

}  // namespace vane
