// SPDX-License-Identifier: Apache-2.0
// SplatRaster: the weights themselves, and sums of them by label.
#include <algorithm>
#include <array>

#include "generators/splats/raster_state.h"
#include "generators/splats/splat_raster.h"
#include "generators/splats/work_queue.h"

namespace vane {

using splats::kLanes;
using splats::kTilePixels;
using splats::kTileSide;

namespace {

/// Entries whose weights are looked at together, and the groups of 8 pixels that each may touch.
constexpr int kEntriesAtOnce = 64, kGroups = kTilePixels / kLanes;

/// Calls found(weights) for all weights of a tile, entry by entry.
template <class Found>
void for_weights(const splats::TileInput& input, int columns, int rows, const Found& found) {
  std::vector<splats::TileWeights> kept(static_cast<size_t>(kEntriesAtOnce * kGroups));
  splats::TileState state;
  state.start(columns, rows);
  for (int begin = 0; begin < input.count && state.live != 0; begin += kEntriesAtOnce) {
    const int end = std::min(begin + kEntriesAtOnce, input.count);
    const int count = splats::tile_kernels().weights(input, begin, end, state, kept.data());
    for (int i = 0; i < count; ++i) found(kept[static_cast<size_t>(i)]);
  }
}

/// The weight of a Gaussian under one label within a tile.
struct LabelSum {
  int32_t gaussian, label;
  float weight;
};

std::vector<LabelSum> label_sums(const splats::TileInput& input, int columns, int rows, int width,
                                 const int32_t* labels) {
  // The labels of the tile, numbered as they come.
  std::vector<int32_t> names;
  std::array<int16_t, kTilePixels> number;
  number.fill(-1);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const int32_t label = labels[static_cast<int64_t>(input.y + row) * width + input.x + column];
      if (label < 0) continue;
      const auto at = std::find(names.begin(), names.end(), label);
      number[static_cast<size_t>(row * kTileSide + column)] =
          static_cast<int16_t>(at - names.begin());
      if (at == names.end()) names.push_back(label);
    }
  }
  std::vector<LabelSum> sums;
  if (names.empty()) return sums;
  std::vector<float> of_entry(names.size(), 0.f);
  int32_t entry = -1;
  const auto flush = [&] {
    for (size_t n = 0; n < names.size(); ++n) {
      if (of_entry[n] > 0) sums.push_back({input.entries[entry], names[n], of_entry[n]});
      of_entry[n] = 0;
    }
  };
  for_weights(input, columns, rows, [&](const splats::TileWeights& w) {
    if (w.entry != entry) {
      if (entry >= 0) flush();
      entry = w.entry;
    }
    for (int i = 0; i < kLanes; ++i) {
      const int16_t n = number[static_cast<size_t>(w.first + i)];
      if (n >= 0) of_entry[static_cast<size_t>(n)] += w.weight[i];
    }
  });
  if (entry >= 0) flush();
  return sums;
}

}  // namespace

void SplatRaster::visit_weights(const WeightVisitor& visitor) const {
  const State& s = *state_;
  s.for_tiles([&](int tile) {
    const auto input = s.tile(tile);
    const int columns = s.columns_of(tile), rows = s.rows_of(tile);
    std::array<std::vector<SplatWeight>, kTilePixels> lists;
    for_weights(input, columns, rows, [&](const splats::TileWeights& w) {
      for (int i = 0; i < kLanes; ++i) {
        if (w.weight[i] > 0) {
          lists[static_cast<size_t>(w.first + i)].push_back({input.entries[w.entry], w.weight[i]});
        }
      }
    });
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < columns; ++column) {
        const auto& list = lists[static_cast<size_t>(row * kTileSide + column)];
        const int64_t pixel =
            static_cast<int64_t>(input.y + row) * s.camera.width + input.x + column;
        visitor(tile, pixel, list.data(), static_cast<int>(list.size()));
      }
    }
  });
}

void SplatRaster::accumulate_labels(const int32_t* labels,
                                    std::vector<std::vector<SplatWeight>>& table) const {
  const State& s = *state_;
  std::vector<std::vector<LabelSum>> of_tile(static_cast<size_t>(tiles()));
  s.for_tiles([&](int tile) {
    of_tile[static_cast<size_t>(tile)] =
        label_sums(s.tile(tile), s.columns_of(tile), s.rows_of(tile), s.camera.width, labels);
  });
  // In the order of the tiles, so that the sums round the same for any number of threads.
  for (const auto& sums : of_tile) {
    for (const LabelSum& sum : sums) {
      auto& row = table[static_cast<size_t>(sum.gaussian)];
      const auto at = std::find_if(row.begin(), row.end(),
                                   [&](const SplatWeight& w) { return w.gaussian == sum.label; });
      if (at == row.end()) {
        row.push_back({sum.label, sum.weight});
      } else {
        at->weight += sum.weight;
      }
    }
  }
}

}  // namespace vane
