// SPDX-License-Identifier: Apache-2.0
#pragma once
// Checksums and content hashes.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vane {

/// FNV-1a, 64 bit: names of streams and cache keys; not for integrity of large data.
constexpr uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return hash;
}

/// SplitMix64 finaliser: spreads every input bit over the output.
constexpr uint64_t splitmix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

/// XXH64 (Collet), seed 0 by default: content identity.
uint64_t xxh64(std::span<const std::byte> bytes, uint64_t seed = 0);
uint64_t xxh64(std::string_view text, uint64_t seed = 0);
/// CRC-32 as in zip and PNG, continued from `crc`.
uint32_t crc32(std::span<const std::byte> bytes, uint32_t crc = 0);
/// SHA-256 as 64 lower-case hexadecimal digits: identity of published weights.
std::string sha256_hex(std::span<const std::byte> bytes);
/// MD5 (RFC 1321) as 32 upper-case hexadecimal digits: names of metadata parts, never security.
std::string md5_hex(std::span<const std::byte> bytes);
std::string hex64(uint64_t value);

}  // namespace vane
