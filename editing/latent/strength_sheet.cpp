// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/strength_sheet.h"

#include <algorithm>

#include "editing/drawing.h"
#include "engine/base/error.h"
#include "engine/image/resize.h"

namespace vane {

Image strength_sheet(const std::vector<SheetTile>& tiles, int side, int columns) {
  if (tiles.empty()) throw Error(ErrorCode::usage, "a sheet needs at least one picture");
  constexpr int kMargin = 8, kScale = 1;
  constexpr Colour kGround{40, 40, 40}, kInk{220, 220, 220};
  size_t lines = 0;
  for (const SheetTile& tile : tiles) lines = std::max(lines, tile.lines.size());
  const int count = static_cast<int>(tiles.size());
  const int across = std::min(columns, count), down = (count + columns - 1) / columns;
  const int line_height = text_height(kScale) + 5;
  const int tile_width = side + kMargin;
  const int tile_height = side + kMargin + static_cast<int>(lines) * line_height;
  Image sheet = blank_sheet(across * tile_width + kMargin, down * tile_height + kMargin, kGround);
  for (int i = 0; i < count; ++i) {
    const SheetTile& tile = tiles[static_cast<size_t>(i)];
    const int left = kMargin + (i % columns) * tile_width;
    const int top = kMargin + (i / columns) * tile_height;
    paste(sheet, to_rgb8(thumbnail(tile.picture, side)), left, top);
    for (size_t line = 0; line < tile.lines.size(); ++line) {
      draw_text(sheet, tile.lines[line], left,
                top + side + 4 + static_cast<int>(line) * line_height, kScale, kInk);
    }
  }
  return sheet;
}

}  // namespace vane
