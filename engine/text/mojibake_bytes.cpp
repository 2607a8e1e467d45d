// SPDX-License-Identifier: Apache-2.0
#include "engine/text/mojibake_bytes.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "engine/text/unicode.h"

namespace vane {
namespace {

using Byte = unsigned char;

/// A set of bytes: a closed range, further single bytes, and one byte taken out of the range.
struct ByteSet {
  Byte first = 1, last = 0;
  std::string_view also = {};
  std::array<Byte, 2> except = {0, 0};

  bool contains(Byte byte) const {
    const bool in_range = byte >= first && byte <= last && byte != except[0] && byte != except[1];
    return in_range || also.find(static_cast<char>(byte)) != also.npos;
  }
};

using BytePattern = std::span<const ByteSet>;

bool matches(BytePattern pattern, std::string_view bytes, size_t position) {
  if (bytes.size() - position < pattern.size()) return false;
  for (size_t k = 0; k < pattern.size(); ++k) {
    if (!pattern[k].contains(static_cast<Byte>(bytes[position + k]))) return false;
  }
  return true;
}

/// Length of the first pattern that matches at `position`, or 0.
size_t match_length(std::span<const BytePattern> patterns, std::string_view bytes,
                    size_t position) {
  for (BytePattern pattern : patterns) {
    if (matches(pattern, bytes, position)) return pattern.size();
  }
  return 0;
}

constexpr ByteSet only(std::string_view bytes) { return {1, 0, bytes}; }

// Sequences with a space in the place of 0xA0. First bytes are limited to those that spell likely
// characters; 0x85 and 0xA0 are excluded beside them for the same reason.
constexpr ByteSet kSpace = only(" "), kFour = only("\xF0"), kLater = {0x80, 0xBF},
                  kLikelyLater = {0x80, 0xBF, {}, {0x85, 0xA0}};
constexpr std::array<ByteSet, 2> kSpaced2 = {only("\xC2\xC3\xC5\xCE\xD0\xD9"), kSpace};
constexpr std::array<ByteSet, 3> kSpaced3 = {only("\xE2\xE3"), kSpace, kLikelyLater};
constexpr std::array<ByteSet, 3> kSpaced3End = {ByteSet{0xE0, 0xE3}, kLikelyLater, kSpace};
constexpr std::array<ByteSet, 4> kSpaced4 = {kFour, kSpace, kLater, kLater};
constexpr std::array<ByteSet, 4> kSpaced4Middle = {kFour, kLater, kSpace, kLater};
constexpr std::array<ByteSet, 4> kSpaced4End = {kFour, kLater, kLater, kSpace};

// Sequences with unknown bytes; the third and fourth are surrogate pairs in six bytes.
constexpr ByteSet kLost = only("\x1A?"), kLostOrLater = {0x80, 0xBF, "\x1A"},
                  kAny = {0x80, 0xBF, "\x1A?"}, kHigh = {0xA0, 0xAF}, kLow = {0xB0, 0xBF},
                  kSurrogate = only("\xED"), kFirst3 = {0xE0, 0xEF}, kFirst4 = {0xF0, 0xF4};
constexpr std::array<ByteSet, 2> kLossy2 = {ByteSet{0xC2, 0xDF}, only("\x1A")};
constexpr std::array<ByteSet, 2> kLossyLatin = {ByteSet{0xC2, 0xC3}, only("?")};
constexpr std::array<ByteSet, 6> kLossyPairFirst = {kSurrogate, kHigh, kLost,
                                                    kSurrogate, kLow,  kAny};
constexpr std::array<ByteSet, 6> kLossyPairLast = {kSurrogate, kHigh, kAny,
                                                   kSurrogate, kLow,  kLost};
constexpr std::array<ByteSet, 3> kLossy3 = {kFirst3, kLost, kLostOrLater};
constexpr std::array<ByteSet, 3> kLossy3End = {kFirst3, kLostOrLater, kLost};
constexpr std::array<ByteSet, 4> kLossy4 = {kFirst4, kLost, kLostOrLater, kLostOrLater};
constexpr std::array<ByteSet, 4> kLossy4Middle = {kFirst4, kLostOrLater, kLost, kLostOrLater};
constexpr std::array<ByteSet, 4> kLossy4End = {kFirst4, kLostOrLater, kLostOrLater, kLost};
constexpr std::array<ByteSet, 1> kLost1 = {only("\x1A")};

constexpr std::array<BytePattern, 6> kSpacedSequences = {kSpaced2, kSpaced3,       kSpaced3End,
                                                         kSpaced4, kSpaced4Middle, kSpaced4End};
constexpr std::array<BytePattern, 10> kLossySequences = {
    kLossy2,    kLossyLatin, kLossyPairFirst, kLossyPairLast, kLossy3,
    kLossy3End, kLossy4,     kLossy4Middle,   kLossy4End,     kLost1};

/// "à" as a word lost its 0xA0 but its following space was meant; French and Portuguese
/// contractions that go on after the letter are excepted.
std::string keep_space_of_a_grave(const std::string& bytes) {
  constexpr std::array<std::string_view, 5> kContinued = {" ", "quele", "quela", "quilo", "s "};
  constexpr std::string_view kWord = "\xC3 ";
  std::string out;
  out.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    const std::string_view rest = std::string_view(bytes).substr(i);
    const bool word = rest.starts_with(kWord) &&
                      std::none_of(kContinued.begin(), kContinued.end(), [&](std::string_view end) {
                        return rest.substr(kWord.size()).starts_with(end);
                      });
    out.push_back(bytes[i]);
    if (!word) continue;
    out += "\xA0 ";
    ++i;
  }
  return out;
}

}  // namespace

void restore_no_break_spaces(std::string& bytes) {
  bool any = false;
  for (size_t i = 0; i < bytes.size() && !any; ++i) {
    any = match_length(kSpacedSequences, bytes, i) != 0;
  }
  if (!any) return;
  bytes = keep_space_of_a_grave(bytes);
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = match_length(kSpacedSequences, bytes, i);
    for (size_t k = 0; k < length; ++k) {
      if (bytes[i + k] == ' ') bytes[i + k] = '\xA0';
    }
    i += std::max<size_t>(length, 1);
  }
}

void replace_lossy_sequences(std::string& bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = match_length(kLossySequences, bytes, i);
    if (length == 0) {
      out.push_back(bytes[i++]);
    } else {
      append_utf8(out, kReplacementCharacter);
      i += length;
    }
  }
  bytes = std::move(out);
}

std::optional<std::u32string> decode_utf8_variants(std::string_view bytes) {
  constexpr std::array<ByteSet, 6> kPair = {kSurrogate, kHigh, kLater, kSurrogate, kLow, kLater};
  std::u32string out;
  const auto plain = [&](std::string_view part) {
    const std::u32string decoded = decode_utf8(part);
    out += decoded;
    // U+FFFD can only come from an error or from its own three bytes.
    return encode_utf8(decoded) == part;
  };
  size_t begin = 0;
  for (size_t i = 0; i < bytes.size();) {
    if (bytes.substr(i).starts_with("\xC0\x80")) {
      if (!plain(bytes.substr(begin, i - begin))) return std::nullopt;
      out.push_back(0);
      begin = i += 2;
    } else if (matches(kPair, bytes, i)) {
      if (!plain(bytes.substr(begin, i - begin))) return std::nullopt;
      const auto at = [&](size_t k) {
        return static_cast<char32_t>(static_cast<Byte>(bytes[i + k]));
      };
      out.push_back(0x10000 + ((at(1) & 0x0F) << 16 | (at(2) & 0x3F) << 10 | (at(4) & 0x0F) << 6 |
                               (at(5) & 0x3F)));
      begin = i += 6;
    } else {
      ++i;
    }
  }
  if (!plain(bytes.substr(begin))) return std::nullopt;
  return out;
}

}  // namespace vane
