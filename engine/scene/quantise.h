// SPDX-License-Identifier: Apache-2.0
#pragma once
// Numbers of a few bits, as packed scenes hold them.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace vane {

/// `value` rounded to a whole number in [0, most]; 0 for NaN.
inline uint32_t rounded(float value, uint32_t most) {
  const auto limit = static_cast<float>(most);
  return value > 0 ? static_cast<uint32_t>(std::min(value + 0.5f, limit)) : 0;
}

inline uint8_t rounded_byte(float value) { return static_cast<uint8_t>(rounded(value, 255)); }

inline float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

/// Inverse of sigmoid for an opacity in [0,1]; its ends stay finite.
inline float logit(float opacity) {
  constexpr float kLeast = 1e-6f;
  const float o = std::clamp(opacity, kLeast, 1 - kLeast);
  return std::log(o / (1 - o));
}

/// Bits [shift, shift + bits) of `word` as a number in [0,1].
inline float unorm(uint32_t word, int shift, int bits) {
  const uint32_t most = (1u << bits) - 1;
  return static_cast<float>((word >> shift) & most) / static_cast<float>(most);
}

}  // namespace vane
