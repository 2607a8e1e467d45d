// SPDX-License-Identifier: Apache-2.0
#include "editing/sheet.h"

#include "engine/base/error.h"
#include "engine/image/resize.h"

namespace vane {

Image picture_row(const std::vector<Image>& pictures, int tile_side) {
  if (pictures.empty()) throw Error(ErrorCode::usage, "a sheet needs at least one picture");
  constexpr uint8_t kGround = 40;  // dark enough to judge brightness against, not black
  const int margin = std::max(4, tile_side / 60);
  std::vector<Image> tiles;
  int height = 0, width = margin;
  for (const Image& picture : pictures) {
    tiles.push_back(to_rgb8(thumbnail(picture, tile_side)));
    height = std::max(height, tiles.back().height);
    width += tiles.back().width + margin;
  }
  Image sheet;
  sheet.width = width;
  sheet.height = height + 2 * margin;
  sheet.u8.assign(sheet.sample_count(), kGround);
  int left = margin;
  for (const Image& tile : tiles) {
    const int top = margin + (height - tile.height) / 2;
    for (int y = 0; y < tile.height; ++y) {
      const auto row = tile.u8.begin() + static_cast<std::ptrdiff_t>(y) * tile.width * 3;
      std::copy_n(
          row, tile.width * 3,
          sheet.u8.begin() + (static_cast<std::ptrdiff_t>(top + y) * sheet.width + left) * 3);
    }
    left += tile.width + margin;
  }
  return sheet;
}

}  // namespace vane
