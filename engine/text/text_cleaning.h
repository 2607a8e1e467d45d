// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cleaning of captions before they are split.

#include <string>
#include <string_view>

namespace vane {

/// What ftfy 6.3.1's `fix_text` does by default: per line and until nothing changes, decodes HTML
/// references (unless the text holds a '<'), repairs mojibake, expands Latin ligatures, gives
/// full-width and half-width forms their ordinary width, straightens quotes, unifies line breaks,
/// removes terminal escapes and control characters, and normalises to form C.
std::u32string fix_text(std::u32string_view text);

/// White space runs (as Python's `str.split` sees them) become one space, those at the ends
/// nothing.
std::u32string collapse_spaces(std::u32string_view text);

}  // namespace vane
