// SPDX-License-Identifier: Apache-2.0
#include "generators/splats/raster_state.h"

#include <algorithm>

#include "generators/splats/work_queue.h"

namespace vane {

using splats::kTileSide;

splats::TileInput SplatRaster::State::tile(int index) const {
  return {records.data(), bins.entries.data() + bins.starts[static_cast<size_t>(index)],
          bins.count(index), index % bins.columns * kTileSide, index / bins.columns * kTileSide};
}

int SplatRaster::State::columns_of(int index) const {
  return std::min(kTileSide, camera.width - index % bins.columns * kTileSide);
}

int SplatRaster::State::rows_of(int index) const {
  return std::min(kTileSide, camera.height - index / bins.columns * kTileSide);
}

void SplatRaster::State::for_tiles(const std::function<void(int tile)>& work) const {
  splats::in_pieces(bins.tiles(), 1, threads, [&](int64_t place, int64_t) {
    work(bins.by_size[static_cast<size_t>(place)]);
  });
}

void SplatRaster::State::cut(const float* picture, int channels, int first, int count, int index,
                             splats::TilePlane* planes) const {
  const int columns = columns_of(index), rows = rows_of(index);
  const int x = index % bins.columns * kTileSide, y = index / bins.columns * kTileSide;
  for (int c = 0; c < count; ++c) {
    std::fill_n(planes[c].at, splats::kTilePixels, 0.f);
    for (int row = 0; row < rows; ++row) {
      const float* from =
          picture + (static_cast<int64_t>(y + row) * camera.width + x) * channels + first + c;
      for (int i = 0; i < columns; ++i) {
        planes[c].at[row * kTileSide + i] = from[static_cast<int64_t>(i) * channels];
      }
    }
  }
}

void SplatRaster::State::sum_by_gaussian(int values, const std::function<void(int, float*)>& work,
                                         float* sums) const {
  // Batches bound the memory; within one, tiles run in parallel, then ranges of Gaussians do.
  constexpr int64_t kBatchFloats = 1 << 20;
  const int tiles = bins.tiles();
  const auto count = static_cast<int64_t>(records.size());
  const int64_t range = std::max<int64_t>(1, (count + threads - 1) / threads);
  std::vector<float> found;
  for (int begin = 0; begin < tiles;) {
    const int64_t base = bins.starts[static_cast<size_t>(begin)];
    int end = begin + 1;
    while (end < tiles &&
           (bins.starts[static_cast<size_t>(end) + 1] - base) * values <= kBatchFloats) {
      ++end;
    }
    const int64_t entries = bins.starts[static_cast<size_t>(end)] - base;
    found.assign(static_cast<size_t>(entries * values), 0.f);
    splats::in_pieces(end - begin, 1, threads, [&](int64_t i, int64_t) {
      const int t = begin + static_cast<int>(i);
      work(t, found.data() + (bins.starts[static_cast<size_t>(t)] - base) * values);
    });
    splats::in_pieces(count, range, threads, [&](int64_t first, int64_t last) {
      const int32_t* ids = bins.entries.data() + base;
      for (int64_t e = 0; e < entries; ++e) {
        const int64_t id = ids[e];
        if (id < first || id >= last) continue;
        const float* from = found.data() + e * values;
        float* to = sums + id * values;
        for (int k = 0; k < values; ++k) to[k] += from[k];
      }
    });
    begin = end;
  }
}

}  // namespace vane
