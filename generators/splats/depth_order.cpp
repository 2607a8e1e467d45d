// SPDX-License-Identifier: Apache-2.0
#include "generators/splats/depth_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/base/error.h"
#include "generators/splats/tile_kernel.h"
#include "generators/splats/work_queue.h"

namespace vane::splats {
namespace {

struct Keyed {
  uint32_t key;
  int32_t row;
};

/// Tiles from `first` to before `last`.
struct Span {
  int first = 0, last = 0;
};

/// Tiles of 16 whose pixel centres (at +0.5) lie between `low` and `high`, of `tiles` many.
Span tiles_between(float low, float high, int tiles) {
  // Held inside the picture before it becomes an integer, with a little room for rounding.
  const float end = static_cast<float>(tiles * kTileSide);
  low = std::clamp(low - 0.51f, 0.f, end);
  high = std::clamp(high - 0.49f, -1.f, end - 1.f);
  if (!(low <= high)) return {};
  return {static_cast<int>(std::ceil(low)) / kTileSide,
          static_cast<int>(std::floor(high)) / kTileSide + 1};
}

/// Calls visit(first tile, last tile) for each row of tiles that the ellipse of a Gaussian reaches.
/// In a row it takes the columns between the ellipse's outermost points there.
template <class Visit>
void for_spans(const SplatRecord& r, int columns, int rows, const Visit& visit) {
  const float u = r.u_whole + r.u_part, v = r.v_whole + r.v_part;
  const Span down = tiles_between(v - r.reach_y, v + r.reach_y, rows);
  if (down.last - down.first <= 1) {
    const Span across = tiles_between(u - r.reach_x, u + r.reach_x, columns);
    if (across.first < across.last && down.first < down.last) {
      visit(down.first, across.first, across.last);
    }
    return;
  }
  // p^2 + q^2 = cutoff, p = px dx + py dy, q = qy dy: the rightmost point lies at `widest`.
  const float cutoff = std::max(0.f, r.log2_opacity + 7.99435343685885793770f);
  const float widest = -r.py * std::sqrt(cutoff) / (r.qy * std::sqrt(r.py * r.py + r.qy * r.qy));
  const auto side = [&](float dy, float sign) {
    const float q = r.qy * dy;
    return (-r.py * dy + sign * std::sqrt(std::max(0.f, cutoff - q * q))) / r.px;
  };
  for (int row = down.first; row < down.last; ++row) {
    const float top = static_cast<float>(row * kTileSide) - v,
                bottom = top + static_cast<float>(kTileSide);
    const float low = std::max(top, -r.reach_y), high = std::min(bottom, r.reach_y);
    if (!(low <= high)) continue;
    const float right = side(std::clamp(widest, low, high), 1.f);
    const float left = side(std::clamp(-widest, low, high), -1.f);
    // Long thin ellipses round to more than the room that tiles_between() leaves.
    const float room = 1e-4f * r.reach_x;
    const Span across = tiles_between(u + std::max(left - room, -r.reach_x),
                                      u + std::min(right + room, r.reach_x), columns);
    if (across.first < across.last) visit(row, across.first, across.last);
  }
}

}  // namespace

std::vector<int32_t> depth_order(const std::vector<SplatRecord>& records) {
  constexpr int kBits = 11, kBuckets = 1 << kBits, kPasses = 3;
  std::array<std::vector<uint32_t>, kPasses> counts;
  for (auto& c : counts) c.assign(kBuckets, 0);
  std::vector<Keyed> keyed;
  size_t drawn = 0;
  for (const SplatRecord& r : records) drawn += r.reach_x > 0;
  keyed.reserve(drawn);
  for (size_t i = 0; i < records.size(); ++i) {
    if (!(records[i].reach_x > 0)) continue;
    const auto key = std::bit_cast<uint32_t>(records[i].z);
    keyed.push_back({key, static_cast<int32_t>(i)});
    for (int pass = 0; pass < kPasses; ++pass) {
      ++counts[static_cast<size_t>(pass)][(key >> (pass * kBits)) & (kBuckets - 1)];
    }
  }
  std::vector<Keyed> other(keyed.size());
  for (int pass = 0; pass < kPasses; ++pass) {
    auto& count = counts[static_cast<size_t>(pass)];
    uint32_t place = 0;
    for (uint32_t& c : count) place += std::exchange(c, place);
    for (const Keyed& k : keyed) {
      other[count[(k.key >> (pass * kBits)) & (kBuckets - 1)]++] = k;
    }
    keyed.swap(other);
  }
  std::vector<int32_t> order(keyed.size());
  for (size_t i = 0; i < keyed.size(); ++i) order[i] = keyed[i].row;
  return order;
}

TileBins bin_by_tile(const std::vector<SplatRecord>& records, const std::vector<int32_t>& order,
                     int width, int height, int threads) {
  TileBins bins;
  bins.columns = (width + kTileSide - 1) / kTileSide;
  bins.rows = (height + kTileSide - 1) / kTileSide;
  const auto tiles = static_cast<size_t>(bins.tiles());
  // A counting sort in parts: each part of the order counts, then writes where its counts begin.
  const auto total = static_cast<int64_t>(order.size());
  constexpr int64_t kLeastPart = 4096;
  const int64_t parts = std::clamp<int64_t>(total / kLeastPart, 1, std::max(1, threads));
  const int64_t part = std::max<int64_t>(1, (total + parts - 1) / parts);
  std::vector<std::vector<int64_t>> places(static_cast<size_t>(parts));
  in_pieces(total, part, threads, [&](int64_t first, int64_t last) {
    auto& count = places[static_cast<size_t>(first / part)];
    count.assign(tiles, 0);
    for (int64_t i = first; i < last; ++i) {
      const SplatRecord& r = records[static_cast<size_t>(order[static_cast<size_t>(i)])];
      for_spans(r, bins.columns, bins.rows, [&](int row, int from, int to) {
        for (int t = row * bins.columns + from; t < row * bins.columns + to; ++t) {
          ++count[static_cast<size_t>(t)];
        }
      });
    }
  });
  bins.starts.resize(tiles + 1);
  int64_t place = 0;
  for (size_t t = 0; t < tiles; ++t) {
    bins.starts[t] = place;
    for (auto& count : places) {
      if (!count.empty()) place += std::exchange(count[t], place);
    }
  }
  bins.starts[tiles] = place;
  if (place > INT32_MAX) {
    throw Error(ErrorCode::resource, "the Gaussians of this view cover too many tiles of 16 pixels")
        .with_hint("render a smaller picture");
  }
  bins.entries.resize(static_cast<size_t>(place));
  in_pieces(total, part, threads, [&](int64_t first, int64_t last) {
    auto& next = places[static_cast<size_t>(first / part)];
    for (int64_t i = first; i < last; ++i) {
      const int32_t id = order[static_cast<size_t>(i)];
      for_spans(records[static_cast<size_t>(id)], bins.columns, bins.rows,
                [&](int row, int from, int to) {
                  for (int t = row * bins.columns + from; t < row * bins.columns + to; ++t) {
                    bins.entries[static_cast<size_t>(next[static_cast<size_t>(t)]++)] = id;
                  }
                });
    }
  });
  bins.by_size.resize(tiles);
  std::iota(bins.by_size.begin(), bins.by_size.end(), 0);
  std::stable_sort(bins.by_size.begin(), bins.by_size.end(),
                   [&](int32_t a, int32_t b) { return bins.count(a) > bins.count(b); });
  return bins;
}

}  // namespace vane::splats
