// SPDX-License-Identifier: Apache-2.0
#include "engine/base/rng.h"

#include <cmath>
#include <numbers>

#include "engine/base/hash.h"

namespace vane {

Rng Rng::fork(std::string_view purpose, uint64_t index) const {
  return Rng(key_, splitmix64(stream_ ^ fnv1a(purpose)) ^ splitmix64(index + 1));
}

void Rng::refill() {
  const uint64_t counter = position_ / 4;
  uint32_t c[4] = {static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32),
                   static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)};
  auto k0 = static_cast<uint32_t>(key_), k1 = static_cast<uint32_t>(key_ >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = 0xD2511F53ull * c[0], p1 = 0xCD9E8D57ull * c[2];
    const uint32_t next[4] = {
        static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(p1),
        static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(p0)};
    for (int i = 0; i < 4; ++i) c[i] = next[i];
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (size_t i = 0; i < 4; ++i) block_[i] = c[i];
}

uint32_t Rng::next_u32() {
  if (position_ % 4 == 0) refill();
  return block_[position_++ % 4];
}

float Rng::uniform() { return static_cast<float>(next_u32() >> 8) * 0x1p-24f; }

uint32_t Rng::below(uint32_t n) {
  // Lemire's rejection: the low product half must not fall into the biased part.
  uint64_t product = static_cast<uint64_t>(next_u32()) * n;
  const uint32_t threshold = (0u - n) % n;
  while (static_cast<uint32_t>(product) < threshold) {
    product = static_cast<uint64_t>(next_u32()) * n;
  }
  return static_cast<uint32_t>(product >> 32);
}

float Rng::normal() {
  const float u = (static_cast<float>(next_u32() >> 8) + 0.5f) * 0x1p-24f;
  const float v = uniform();
  return std::sqrt(-2.f * std::log(u)) * std::cos(2.f * std::numbers::pi_v<float> * v);
}

void Rng::seek(uint64_t position) {
  position_ = position;
  if (position_ % 4 != 0) refill();
}

}  // namespace vane
