// SPDX-License-Identifier: Apache-2.0
#pragma once
// Byte-level steps of mojibake repair: what was lost on the way is put back before decoding.

#include <optional>
#include <string>
#include <string_view>

namespace vane {

/// Spaces inside what would otherwise be UTF-8 sequences become bytes 0xA0 again; the word "à"
/// (0xC3 and a space) keeps its space. Nothing happens when no such sequence exists.
void restore_no_break_spaces(std::string& bytes);

/// Sequences with bytes that are unknown (0x1A, at most one '?') become U+FFFD in UTF-8.
void replace_lossy_sequences(std::string& bytes);

/// Strict UTF-8, except that surrogate pairs encoded in six bytes (CESU-8) and the two-byte zero of
/// Java are understood; nothing when `bytes` are not of that form.
std::optional<std::u32string> decode_utf8_variants(std::string_view bytes);

}  // namespace vane
