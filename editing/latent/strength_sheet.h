// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pictures of an edit at several strengths, side by side, with what each gains and costs.

#include <string>
#include <vector>

#include "engine/image/image.h"

namespace vane {

struct SheetTile {
  Image picture;
  std::vector<std::string> lines;  // below it
};

/// 8-bit RGB: tiles of `side` pixels, at most `columns` in a row, lines of text below each. Throws
/// Error{usage} for an empty list.
Image strength_sheet(const std::vector<SheetTile>& tiles, int side = 256, int columns = 8);

}  // namespace vane
