// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pictures and labels put onto a sheet.

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/image/image.h"

namespace vane {

using Colour = std::array<uint8_t, 3>;

/// 8-bit RGB picture of one colour.
Image blank_sheet(int width, int height, Colour colour);

/// Copies `picture` (8-bit RGB) to where its corner is (left, top); what lies outside is cut off.
void paste(Image& sheet, const Image& picture, int left, int top);

/// Writes in capitals of 5x7 cells, `scale` pixels each; a byte that has no letter becomes a box.
/// What lies outside is cut off.
void draw_text(Image& sheet, std::string_view text, int left, int top, int scale, Colour colour);
/// Width and height of what draw_text() writes.
int text_width(std::string_view text, int scale);
int text_height(int scale);

}  // namespace vane
