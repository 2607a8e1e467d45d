// SPDX-License-Identifier: Apache-2.0
#pragma once
// The single-byte encodings through which UTF-8 is commonly misread.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace vane {

/// Bytes below 0x80 are ASCII. A sloppy page gives bytes without a character the code point of the
/// same number and writes U+FFFD as byte 0x1A, which then stands for "unknown byte".
class CodePage {
 public:
  /// `high` holds the characters of bytes 0x80..0xFF; empty for Latin-1.
  CodePage(std::span<const uint16_t> high, bool sloppy_page, bool may_lose_spaces);

  /// Bytes of `text`, or nothing when it has a character that the page lacks.
  std::optional<std::string> encode(std::u32string_view text) const;

  bool sloppy = false;
  /// Whether a byte 0xA0 may have been turned into a space; not in MacRoman, where it would take an
  /// en dash before a space for a letter.
  bool may_lose_no_break_space = true;

 private:
  std::array<std::pair<uint16_t, uint8_t>, 128> byte_of_{};  // sorted by character
};

/// In the order in which they are tried.
std::span<const CodePage> code_pages();

}  // namespace vane
