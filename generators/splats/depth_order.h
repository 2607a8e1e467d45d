// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gaussians by distance, and which tiles they touch.

#include <cstdint>
#include <vector>

#include "generators/splats/splat_math.h"

namespace vane::splats {

/// Rows with a reach above 0, nearest first; equal depths stay in the order of their rows (radix
/// sort of the bits of z, which order positive floats).
std::vector<int32_t> depth_order(const std::vector<SplatRecord>& records);

/// For each tile, row-major, the Gaussians that reach a pixel's centre in it, nearest first.
struct TileBins {
  int columns = 0, rows = 0;
  std::vector<int64_t> starts;   // [tiles + 1] into entries
  std::vector<int32_t> entries;  // rows of the cloud
  std::vector<int32_t> by_size;  // tiles, fullest first

  int tiles() const { return columns * rows; }
  int count(int tile) const {
    const auto t = static_cast<size_t>(tile);
    return static_cast<int>(starts[t + 1] - starts[t]);
  }
};

/// The same for any number of threads. Throws Error{resource} when more than 2^31 pairs of a
/// Gaussian and a tile would have to be kept.
TileBins bin_by_tile(const std::vector<SplatRecord>& records, const std::vector<int32_t>& order,
                     int width, int height, int threads);

}  // namespace vane::splats
