// SPDX-License-Identifier: Apache-2.0
#pragma once
// Arithmetic on sizes that came from a file: never wraps in silence.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace vane {

inline std::optional<uint64_t> checked_mul(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

inline std::optional<uint64_t> checked_add(uint64_t a, uint64_t b) {
  uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

/// Whether `count` records of `record_bytes` fit into `remaining` bytes; exact for every input.
inline bool fits_in(uint64_t remaining, uint64_t count, uint64_t record_bytes) {
  return record_bytes == 0 || count <= remaining / record_bytes;
}

/// Little-endian value at `position`, or nothing when it would read beyond the end.
template <class T>
std::optional<T> read_le(std::span<const std::byte> bytes, uint64_t position) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (position > bytes.size() || bytes.size() - position < sizeof(T)) return std::nullopt;
  T value;  // Every supported machine is little-endian.
  std::memcpy(&value, bytes.data() + position, sizeof(T));
  return value;
}

/// Big-endian unsigned value at `position`, or nothing when it would read beyond the end.
template <class T>
std::optional<T> read_be(std::span<const std::byte> bytes, uint64_t position) {
  static_assert(std::is_unsigned_v<T>);
  if (position > bytes.size() || bytes.size() - position < sizeof(T)) return std::nullopt;
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>((value << 8) | std::to_integer<T>(bytes[position + i]));
  }
  return value;
}

/// The same bytes as characters; the only place where bytes of a file change their type.
inline std::string_view text_view(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The part [position, position + count) of `bytes`, or nothing when it is not wholly inside.
inline std::optional<std::span<const std::byte>> checked_slice(std::span<const std::byte> bytes,
                                                               uint64_t position, uint64_t count) {
  if (position > bytes.size() || count > bytes.size() - position) return std::nullopt;
  return bytes.subspan(static_cast<size_t>(position), static_cast<size_t>(count));
}

}  // namespace vane
