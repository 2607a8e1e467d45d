// SPDX-License-Identifier: Apache-2.0
#pragma once
// The device twin of SplatRaster as plain structs: what one thread does, without any device header,
// so that a CPU test runs the same index arithmetic. All pointers are device memory.
//
// A view is drawn by: ProjectKernel; an inclusive sum over `tile_counts` to `tile_ends`;
// EmitKernel; a stable sort of the pairs by key; RangeKernel; BlendKernel. Its derivatives are
// BlendBackKernel (onto zeros) and GradientKernel.

#include <cstdint>

#include "generators/splats/pixel_math.h"

namespace vane::splats {

inline constexpr int kDeviceTile = 16;
inline constexpr int kDeviceThreads = 256;  // of a block, also the pixels of a tile
static_assert(kDeviceTile * kDeviceTile == kDeviceThreads);

/// Tiles from first to before last, across and down.
struct TileRectangle {
  int left, top, right, bottom;
  VANE_HD int count() const { return (right - left) * (bottom - top); }
};

/// Tiles whose pixels a Gaussian may reach; empty for one that is not drawn.
VANE_HD inline TileRectangle tiles_of(const SplatRecord& r, int columns, int rows) {
  if (!(r.reach_x > 0)) return {0, 0, 0, 0};
  const float u = r.u_whole + r.u_part, v = r.v_whole + r.v_part;
  // Held inside the picture before they become integers.
  const auto tile = [](float px, int tiles) {
    const float end = static_cast<float>(tiles * kDeviceTile);
    px = px > 0.f ? px : 0.f;
    px = px < end ? px : end;
    return static_cast<int>(px) / kDeviceTile;
  };
  const auto above = [&](float px, int tiles) {
    if (px < 0.f) return 0;
    const int t = tile(px, tiles) + 1;
    return t < tiles ? t : tiles;
  };
  TileRectangle t{tile(u - r.reach_x, columns), tile(v - r.reach_y, rows),
                  above(u + r.reach_x, columns), above(v + r.reach_y, rows)};
  if (t.right < t.left) t.right = t.left;
  if (t.bottom < t.top) t.bottom = t.top;
  return t;
}

/// Bits of a positive float: they order as it does.
VANE_HD inline uint32_t depth_bits(float z) {
  union {
    float value;
    uint32_t bits;
  } both;
  both.value = z;
  return both.bits;
}

/// One thread a Gaussian, with a stride.
struct ProjectKernel {
  SplatView<float> view;
  SplatArrays<float> cloud;
  int64_t count;
  int columns, rows;     // of tiles
  SplatRecord* records;  // [N]
  float* colours;        // [N,3]
  int64_t* tile_counts;  // [N]

  VANE_HD void operator()(int64_t block, int64_t thread, int64_t blocks, int64_t threads) const {
    for (int64_t i = block * threads + thread; i < count; i += blocks * threads) {
      Projection<float> p;
      SplatRecord record;
      record.reach_x = 0;
      if (project(view, cloud, i, p)) {
        record = record_of<float>(p);
        colour_of(view, cloud, i, colours + 3 * i);
      }
      records[i] = record;
      tile_counts[i] = tiles_of(record, columns, rows).count();
    }
  }
};

/// One thread a Gaussian: a key (tile, depth) and the Gaussian's row for each of its tiles.
struct EmitKernel {
  const SplatRecord* records;
  const int64_t* tile_ends;  // [N], inclusive sum
  int64_t count;
  int columns, rows;
  uint64_t* keys;  // [pairs]
  int32_t* ids;

  VANE_HD void operator()(int64_t block, int64_t thread, int64_t blocks, int64_t threads) const {
    for (int64_t i = block * threads + thread; i < count; i += blocks * threads) {
      const TileRectangle t = tiles_of(records[i], columns, rows);
      int64_t at = tile_ends[i] - t.count();
      for (int row = t.top; row < t.bottom; ++row) {
        for (int column = t.left; column < t.right; ++column, ++at) {
          const auto tile = static_cast<uint64_t>(row) * static_cast<uint64_t>(columns) +
                            static_cast<uint64_t>(column);
          keys[at] = tile << 32 | depth_bits(records[i].z);
          ids[at] = static_cast<int32_t>(i);
        }
      }
    }
  }
};

/// One thread a sorted pair: where the pairs of each tile begin and end. Tiles without any keep the
/// zeros that were there.
struct RangeKernel {
  const uint64_t* keys;
  int64_t pairs;
  int64_t* begins;  // [tiles]
  int64_t* ends;

  VANE_HD void operator()(int64_t block, int64_t thread, int64_t blocks, int64_t threads) const {
    for (int64_t i = block * threads + thread; i < pairs; i += blocks * threads) {
      const uint64_t tile = keys[i] >> 32;
      if (i == 0 || keys[i - 1] >> 32 != tile) begins[tile] = i;
      if (i + 1 == pairs || keys[i + 1] >> 32 != tile) ends[tile] = i + 1;
    }
  }
};

/// One block a tile, one thread a pixel.
struct BlendKernel {
  const SplatRecord* records;
  const float* colours;
  const int32_t* ids;  // sorted
  const int64_t* begins;
  const int64_t* ends;
  int width, height, columns;
  float background[3];
  float* rgb;    // [H,W,3]
  float* alpha;  // [H,W]

  VANE_HD void operator()(int64_t block, int64_t thread, int64_t, int64_t) const {
    const int x =
        static_cast<int>(block % columns) * kDeviceTile + static_cast<int>(thread) % kDeviceTile;
    const int y =
        static_cast<int>(block / columns) * kDeviceTile + static_cast<int>(thread) / kDeviceTile;
    if (x >= width || y >= height) return;
    float sum[3] = {0.f, 0.f, 0.f}, transmittance = 1.f;
    bool full = false;
    PixelStep<float> step;
    for (int64_t e = begins[block]; e < ends[block] && !full; ++e) {
      const int64_t id = ids[e];
      if (!take(records[id], x, y, transmittance, full, step)) continue;
      for (int c = 0; c < 3; ++c) sum[c] += step.weight * colours[3 * id + c];
    }
    const int64_t pixel = static_cast<int64_t>(y) * width + x;
    alpha[pixel] = 1.f - transmittance;
    for (int c = 0; c < 3; ++c) rgb[3 * pixel + c] = sum[c] + transmittance * background[c];
  }
};

/// Adds what the pixels of a warp found out about one Gaussian; all its threads must call. Sums of
/// floats by atomics: the last bits depend on the order of the blocks.
VANE_HD inline void add_to(float* to, const PixelMoments<float>& m, bool any) {
  const float values[kMomentValues] = {m.h,  m.x,      m.y,      m.xx,    m.xy,
                                       m.yy, m.rgb[0], m.rgb[1], m.rgb[2]};
#ifdef __CUDA_ARCH__
  constexpr unsigned kAll = 0xffffffffu;
  if (!__any_sync(kAll, any)) return;
  for (int k = 0; k < kMomentValues; ++k) {
    float sum = values[k];
    for (int away = 16; away > 0; away /= 2) sum += __shfl_down_sync(kAll, sum, away);
    if (threadIdx.x % 32 == 0) atomicAdd(to + k, sum);
  }
#else
  for (int k = 0; any && k < kMomentValues; ++k) to[k] += values[k];
#endif
}

/// One block a tile, one thread a pixel; adds to `moments` [N,9].
struct BlendBackKernel {
  BlendKernel forward;   // as it was run
  const float* d_rgb;    // [H,W,3]
  const float* d_alpha;  // [H,W], or null
  bool gradient_through_cap;
  float* moments;

  VANE_HD void operator()(int64_t block, int64_t thread, int64_t, int64_t) const {
    const BlendKernel& f = forward;
    const int x =
        static_cast<int>(block % f.columns) * kDeviceTile + static_cast<int>(thread) % kDeviceTile;
    const int y =
        static_cast<int>(block / f.columns) * kDeviceTile + static_cast<int>(thread) / kDeviceTile;
    // Pixels outside go through the same entries, since warps add together.
    bool full = x >= f.width || y >= f.height;
    float behind = 0.f, d[3] = {0.f, 0.f, 0.f}, transmittance = 1.f;
    if (!full) {
      const int64_t pixel = static_cast<int64_t>(y) * f.width + x;
      for (int c = 0; c < 3; ++c) {
        d[c] = d_rgb[3 * pixel + c];
        behind += d[c] * f.rgb[3 * pixel + c];
      }
      if (d_alpha) behind -= d_alpha[pixel] * (1.f - f.alpha[pixel]);
    }
    PixelStep<float> step;
    for (int64_t e = f.begins[block]; e < f.ends[block]; ++e) {
      const int64_t id = f.ids[e];
      PixelMoments<float> m;
      const bool taken = !full && take(f.records[id], x, y, transmittance, full, step);
      if (taken) add_moments(step, f.colours + 3 * id, d, gradient_through_cap, behind, m);
      add_to(moments + id * kMomentValues, m, taken);
    }
  }
};

/// One thread a Gaussian: derivatives from its sums, in the layout of the cloud.
struct GradientKernel {
  SplatView<float> view;
  SplatArrays<float> cloud;
  int64_t count;
  const SplatRecord* records;
  const float* moments;
  float *position, *sh0, *sh_rest, *opacity_logit, *log_scale, *rotation;

  VANE_HD void operator()(int64_t block, int64_t thread, int64_t blocks, int64_t threads) const {
    for (int64_t i = block * threads + thread; i < count; i += blocks * threads) {
      SplatGradient<float> g;
      Projection<float> p;
      if (records[i].reach_x > 0 && project(view, cloud, i, p)) {
        const float* m = moments + i * kMomentValues;
        const PixelMoments<float> sums{m[0], m[1], m[2], m[3], m[4], m[5], {m[6], m[7], m[8]}};
        gaussian_gradient(view, cloud, i, p, sums, g);
      }
      const int64_t rest = 3 * static_cast<int64_t>(view.sh_stride);
      for (int k = 0; k < 3; ++k) {
        position[3 * i + k] = g.position[k];
        sh0[3 * i + k] = g.sh0[k];
        log_scale[3 * i + k] = g.log_scale[k];
      }
      for (int k = 0; k < 4; ++k) rotation[4 * i + k] = g.rotation[k];
      for (int64_t k = 0; k < rest; ++k) sh_rest[rest * i + k] = g.sh_rest[k];
      opacity_logit[i] = g.opacity_logit;
    }
  }
};

/// Blocks of kDeviceThreads for `items`, one a thread until the grid is full, then a stride.
inline int64_t splat_blocks(int64_t items) {
  constexpr int64_t kMostBlocks = 65'535;
  const int64_t blocks = (items + kDeviceThreads - 1) / kDeviceThreads;
  return blocks < kMostBlocks ? blocks : kMostBlocks;
}

/// Start a kernel on a CUDA stream (a cudaStream_t; null is the default stream) and return the
/// cudaError_t of the launch, 0 for success. Only in builds with VANE_CUDA.
int launch_project(const ProjectKernel& kernel, void* stream);
int launch_emit(const EmitKernel& kernel, void* stream);
int launch_ranges(const RangeKernel& kernel, void* stream);
int launch_blend(const BlendKernel& kernel, int64_t tiles, void* stream);
int launch_blend_back(const BlendBackKernel& kernel, int64_t tiles, void* stream);
int launch_gradients(const GradientKernel& kernel, void* stream);

/// Inclusive sum. With `scratch` null it only says how many bytes that needs.
int sum_tile_counts(void* scratch, size_t& scratch_bytes, const int64_t* counts, int64_t* ends,
                    int64_t count, void* stream);
/// Stable sort of pairs by key, of `tiles` tiles. With `scratch` null it only says how many bytes
/// that needs.
int sort_pairs(void* scratch, size_t& scratch_bytes, const uint64_t* keys, uint64_t* sorted_keys,
               const int32_t* ids, int32_t* sorted_ids, int64_t pairs, int64_t tiles, void* stream);

}  // namespace vane::splats
