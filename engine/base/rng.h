// SPDX-License-Identifier: Apache-2.0
#pragma once
// Counter-based random numbers: state is two integers, so a stream can be saved and resumed
// exactly.

#include <array>
#include <cstdint>
#include <string_view>

namespace vane {

/// Philox 4x32-10 (Salmon et al. 2011). Same (seed, stream) gives the same numbers everywhere.
class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t stream = 0) : key_(seed), stream_(stream) {}

  /// An independent stream for a purpose and an index: `rng.fork("crops", step)`.
  Rng fork(std::string_view purpose, uint64_t index = 0) const;

  uint32_t next_u32();
  /// Uniform in [0,1), 24 bits.
  float uniform();
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  /// Uniform integer in [0, n); n > 0; no modulo bias.
  uint32_t below(uint32_t n);
  /// Standard normal (Box–Muller).
  float normal();
  bool chance(float probability) { return uniform() < probability; }

  uint64_t seed() const { return key_; }
  uint64_t stream() const { return stream_; }
  /// Number of 32-bit words drawn; restoring it continues the stream.
  uint64_t position() const { return position_; }
  void seek(uint64_t position);

 private:
  void refill();
  uint64_t key_, stream_, position_ = 0;
  std::array<uint32_t, 4> block_{};
};

}  // namespace vane
