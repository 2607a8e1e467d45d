// SPDX-License-Identifier: Apache-2.0
#pragma once
// Repair of text that was decoded with the wrong encoding. Behaves as ftfy 6.3.1 does by default
// (R. Speer, "ftfy", Zenodo 2019, doi 10.5281/zenodo.2591652).

#include <string>
#include <string_view>

namespace vane {

/// Whether `text` holds a sequence that is far more likely to be UTF-8 read through a single-byte
/// code page than meant as it stands.
bool is_mojibake(std::u32string_view text);

/// Undoes such misreadings until nothing is left to undo: whole text first, then single sequences.
/// Text in which `is_mojibake` finds nothing is returned as it is.
std::u32string fix_encoding(std::u32string text);

/// Control characters U+0080..U+009F read as Windows-1252, as browsers do.
std::u32string fix_c1_controls(std::u32string text);

}  // namespace vane
