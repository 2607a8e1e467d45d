// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pictures side by side, for people who would rather look than read numbers.

#include <vector>

#include "engine/image/image.h"

namespace vane {

/// 8-bit RGB picture of `pictures` in one row, each fitted to `tile_side` pixels on its longer
/// side, on a neutral grey ground with a margin between them. Throws Error{usage} for an empty
/// list.
Image picture_row(const std::vector<Image>& pictures, int tile_side = 720);

}  // namespace vane
