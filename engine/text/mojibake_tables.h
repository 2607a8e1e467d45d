// SPDX-License-Identifier: Apache-2.0
#pragma once
// Generated character data of mojibake repair (tests/oracles/make_text_tables.py).

#include <cstdint>
#include <span>

namespace vane::text_tables {

/// Classes of a character that can appear in mojibake; bits of MojibakeCharacter::classes.
enum MojibakeClass : uint32_t {
  kCommon = 1u << 0,
  kC1 = 1u << 1,
  kBad = 1u << 2,
  kLaw = 1u << 3,
  kCurrency = 1u << 4,
  kStartPunctuation = 1u << 5,
  kEndPunctuation = 1u << 6,
  kNumeric = 1u << 7,
  kKaomoji = 1u << 8,
  kUpperAccented = 1u << 9,
  kLowerAccented = 1u << 10,
  kUpperCommon = 1u << 11,
  kLowerCommon = 1u << 12,
  kBox = 1u << 13,
  /// Characters that a single-byte code page shows for the first byte of a UTF-8 sequence ...
  kFirstOf2 = 1u << 14,
  kFirstOf3 = 1u << 15,
  kFirstOf4 = 1u << 16,
  /// ... and for its later bytes; the strict class leaves out dashes, quotes, spaces, ellipsis.
  kContinuation = 1u << 17,
  kContinuationStrict = 1u << 18,
};

struct MojibakeCharacter {
  char32_t code_point;
  uint32_t classes;
};

/// A full-width or half-width form and its ordinary form of one or two code points.
struct WidthForm {
  char32_t code_point, first, second;
};

/// Sorted by code point.
extern const std::span<const MojibakeCharacter> kMojibakeCharacters;
extern const std::span<const WidthForm> kWidthForms;
/// Characters of bytes 0x80..0xFF; bytes without a character stand for themselves.
extern const std::span<const uint16_t> kSloppyWindows1250, kSloppyWindows1251, kSloppyWindows1252,
    kSloppyWindows1253, kSloppyWindows1254, kSloppyWindows1257, kIso88592, kMacroman, kCp437;

}  // namespace vane::text_tables
