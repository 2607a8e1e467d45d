// SPDX-License-Identifier: Apache-2.0
#pragma once
// How files of torch.save before 1.6 begin.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vane {

inline constexpr uint64_t kLegacyMagicBytes = 15;

/// Whether `bytes` begin with the pickle of 0x1950a86a20f9469cfc6c, of any protocol.
inline bool has_legacy_magic(std::span<const std::byte> bytes) {
  constexpr std::array<uint8_t, kLegacyMagicBytes> kMagic = {
      0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
  if (bytes.size() < kMagic.size()) return false;
  for (size_t i = 0; i < kMagic.size(); ++i) {
    const auto byte = std::to_integer<uint8_t>(bytes[i]);
    const bool is_protocol = i == 1 && byte >= 2 && byte <= 5;
    if (byte != kMagic[i] && !is_protocol) return false;
  }
  return true;
}

}  // namespace vane
