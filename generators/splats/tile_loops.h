// SPDX-License-Identifier: Apache-2.0
// The loops of tile_kernel.h, included once for each kind of processor; the including source
// defines VANE_TILE_KERNELS, the name of the table. All else has internal linkage.
#include "generators/splats/tile_kernel.h"

namespace vane::splats {
namespace {

typedef float Floats __attribute__((vector_size(4 * kLanes), may_alias));
typedef int32_t Ints __attribute__((vector_size(4 * kLanes), may_alias));

#define VANE_INLINE inline __attribute__((always_inline))

/// Least exponent of 2 that counts: log2 of 1/255.
constexpr float kLeastExponent = -7.99435343685885793770f;

VANE_INLINE Floats all(float x) { return Floats{x, x, x, x, x, x, x, x}; }

VANE_INLINE bool any(Ints mask) {
#ifdef __AVX2__
  return __builtin_ia32_movmskps256(reinterpret_cast<Floats>(mask)) != 0;
#else
  int32_t found = 0;
  for (int i = 0; i < kLanes; ++i) found |= mask[i];
  return found != 0;
#endif
}

VANE_INLINE float sum(Floats x) {
  return ((x[0] + x[4]) + (x[1] + x[5])) + ((x[2] + x[6]) + (x[3] + x[7]));
}

VANE_INLINE Floats masked(Ints mask, Floats x) {
  return reinterpret_cast<Floats>(mask & reinterpret_cast<Ints>(x));
}

/// 2^x for x in [-126, 126]; within 2e-7 of the value. The whole part goes into the exponent.
VANE_INLINE Floats exp2(Floats x) {
  constexpr float kRounder = 12582912.f;  // 1.5 * 2^23: adding it rounds to a whole number
  const Floats shifted = x + kRounder;
  const Floats f = x - (shifted - kRounder);
  // Coefficients of Cephes' exp2f (Moshier).
  Floats p = f * 1.535336188319500e-4f + 1.339887440266574e-3f;
  p = p * f + 9.618437357674640e-3f;
  p = p * f + 5.550332471162809e-2f;
  p = p * f + 2.402264791363012e-1f;
  p = p * f + 6.931472028550421e-1f;
  p = p * f + 1.f;
  const Ints whole = reinterpret_cast<Ints>(shifted) << 23;
  return reinterpret_cast<Floats>(reinterpret_cast<Ints>(p) + whole);
}

/// Eight pixels of a row under one Gaussian.
struct Pixels {
  int first;         // of the tile
  float dy;          // from the mean to the pixels' centres
  Floats dx;         //
  Floats raw_alpha;  // before the cap
  Floats alpha, transmittance, weight;
  Ints enters, capped;
};

VANE_INLINE Floats& eight(TilePlane& plane, int first) {
  return *reinterpret_cast<Floats*>(plane.at + first);
}
VANE_INLINE const Floats& eight(const TilePlane& plane, int first) {
  return *reinterpret_cast<const Floats*>(plane.at + first);
}

/// Whole numbers k in [0, most] with |start + k| <= reach: from `begin` to before `end`.
VANE_INLINE void reached(float start, float reach, int most, int& begin, int& end) {
  float low = -reach - start, high = reach - start;
  const float top = static_cast<float>(most);
  low = low > 0.f ? low : 0.f;
  high = high < top ? high : top;
  if (!(low <= high)) {
    begin = end = 0;
    return;
  }
  begin = static_cast<int>(low);
  begin += static_cast<float>(begin) < low;
  end = static_cast<int>(high) + 1;
}

/// Takes the entries from `begin` to `end` through the tile. Calls op.begin(entry, row of the
/// cloud), op.pixels(Pixels) where a pixel is reached, op.end(entry).
template <class Op>
VANE_INLINE void walk(const TileInput& in, int begin, int end, TileState& state, Op& op) {
  const Floats lane = {0, 1, 2, 3, 4, 5, 6, 7};
  const Floats one = all(1.f), zero = all(0.f), least = all(kLeastExponent),
               most = all(static_cast<float>(kMostAlpha)),
               full = all(static_cast<float>(kLeastTransmittance));
  for (int entry = begin; entry < end && state.live != 0; ++entry) {
    const int32_t id = in.entries[entry];
    const SplatRecord& r = in.records[id];
    const float x0 = (static_cast<float>(in.x) - r.u_whole) + (0.5f - r.u_part);
    const float y0 = (static_cast<float>(in.y) - r.v_whole) + (0.5f - r.v_part);
    int first_row, last_row, first_column, last_column;
    reached(y0, r.reach_y, kTileSide - 1, first_row, last_row);
    reached(x0, r.reach_x, kTileSide - 1, first_column, last_column);
    const int first_half = first_column / kLanes, last_half = (last_column + kLanes - 1) / kLanes;
    op.begin(entry, id);
    for (int row = first_row; row < last_row; ++row) {
      const float dy = y0 + static_cast<float>(row), q = r.qy * dy, row_p = r.py * dy;
      const float row_exponent = r.log2_opacity - q * q;
      for (int half = first_half; half < last_half; ++half) {
        const int group = row * (kTileSide / kLanes) + half;
        if ((state.live >> group & 1) == 0) continue;
        Pixels px;
        px.dx = lane + (x0 + static_cast<float>(half * kLanes));
        const Floats p = px.dx * r.px + row_p;
        const Floats exponent = row_exponent - p * p;
        const Ints counts = exponent >= least;
        if (!any(counts)) continue;
        px.first = group * kLanes;
        px.dy = dy;
        Floats& transmittance = eight(state.transmittance, px.first);
        px.transmittance = transmittance;
        px.raw_alpha = exp2(exponent > least ? exponent : least);
        px.capped = px.raw_alpha > most;
        px.alpha = px.capped ? most : px.raw_alpha;
        const Floats next = px.transmittance * (one - px.alpha);
        px.enters = counts & (next >= full);
        const Ints stops = counts & (next < full);
        px.weight = masked(px.enters, px.alpha * px.transmittance);
        op.pixels(px);
        transmittance = px.enters ? next : (stops ? zero : px.transmittance);
        if (any(stops)) {
          Floats& left = eight(state.left, px.first);
          const Floats ended = masked(stops, px.transmittance);
          left = ended > left ? ended : left;
          if (!any(transmittance > zero)) state.live &= ~(1u << group);
        }
      }
    }
    op.end(entry);
  }
}

struct BlendRgb {
  const float* colours;
  TilePlane* rgb;
  Floats r, g, b;
  VANE_INLINE void begin(int, int32_t id) {
    r = all(colours[3 * static_cast<int64_t>(id)]);
    g = all(colours[3 * static_cast<int64_t>(id) + 1]);
    b = all(colours[3 * static_cast<int64_t>(id) + 2]);
  }
  VANE_INLINE void pixels(const Pixels& px) {
    eight(rgb[0], px.first) += px.weight * r;
    eight(rgb[1], px.first) += px.weight * g;
    eight(rgb[2], px.first) += px.weight * b;
  }
  VANE_INLINE void end(int) {}
};

struct BlendChannels {
  const float* features;
  int64_t stride;
  int channels;
  TilePlane* sums;
  const float* row;
  VANE_INLINE void begin(int, int32_t id) { row = features + id * stride; }
  VANE_INLINE void pixels(const Pixels& px) {
    for (int c = 0; c < channels; ++c) eight(sums[c], px.first) += px.weight * row[c];
  }
  VANE_INLINE void end(int) {}
};

/// Front to back: the colour behind a Gaussian is the final one minus what came so far, so nothing
/// has to be divided out again.
struct RgbMoments {
  const float* colours;
  bool through_cap;
  const TilePlane* d_rgb;
  TilePlane* behind;
  float* moments;
  Floats r, g, b;
  Floats sums[kMomentValues];
  VANE_INLINE void begin(int, int32_t id) {
    r = all(colours[3 * static_cast<int64_t>(id)]);
    g = all(colours[3 * static_cast<int64_t>(id) + 1]);
    b = all(colours[3 * static_cast<int64_t>(id) + 2]);
    for (Floats& s : sums) s = all(0.f);
  }
  VANE_INLINE void pixels(const Pixels& px) {
    const Floats dr = eight(d_rgb[0], px.first), dg = eight(d_rgb[1], px.first),
                 db = eight(d_rgb[2], px.first);
    const Floats pull = dr * r + dg * g + db * b;
    Floats& back = eight(*behind, px.first);
    const Floats rest = back - px.weight * pull;
    back = rest;
    const Floats d_alpha = px.transmittance * pull - rest / (1.f - px.alpha);
    const Ints counts = through_cap ? px.enters : px.enters & ~px.capped;
    const Floats h = masked(counts, px.raw_alpha * d_alpha);
    const Floats hx = h * px.dx, hy = h * px.dy;
    sums[0] += h;
    sums[1] += hx;
    sums[2] += hy;
    sums[3] += hx * px.dx;
    sums[4] += hx * px.dy;
    sums[5] += hy * px.dy;
    sums[6] += px.weight * dr;
    sums[7] += px.weight * dg;
    sums[8] += px.weight * db;
  }
  VANE_INLINE void end(int entry) {
    float* out = moments + static_cast<int64_t>(entry) * kMomentValues;
    for (int k = 0; k < kMomentValues; ++k) out[k] = sum(sums[k]);
  }
};

/// Channels that are summed at once; more are taken in turns by the caller.
constexpr int kMostChannels = 32;

struct ChannelGradients {
  int channels;
  const TilePlane* d_sums;
  float* gradients;
  Floats sums[kMostChannels];
  VANE_INLINE void begin(int, int32_t) {
    for (int c = 0; c < channels; ++c) sums[c] = all(0.f);
  }
  VANE_INLINE void pixels(const Pixels& px) {
    for (int c = 0; c < channels; ++c) sums[c] += px.weight * eight(d_sums[c], px.first);
  }
  VANE_INLINE void end(int entry) {
    float* out = gradients + static_cast<int64_t>(entry) * channels;
    for (int c = 0; c < channels; ++c) out[c] = sum(sums[c]);
  }
};

struct KeepWeights {
  TileWeights* out;
  int count;
  int32_t entry;
  VANE_INLINE void begin(int number, int32_t) { entry = number; }
  VANE_INLINE void pixels(const Pixels& px) {
    if (!any(px.enters)) return;
    TileWeights& kept = out[count++];
    kept.entry = entry;
    kept.first = px.first;
    for (int i = 0; i < kLanes; ++i) kept.weight[i] = px.weight[i];
  }
  VANE_INLINE void end(int) {}
};

void blend_rgb(const TileInput& in, const float* colours, TileState& state, TilePlane* rgb) {
  BlendRgb op{colours, rgb, {}, {}, {}};
  walk(in, 0, in.count, state, op);
}

void blend_channels(const TileInput& in, const float* features, int64_t stride, int channels,
                    TileState& state, TilePlane* sums) {
  BlendChannels op{features, stride, channels, sums, nullptr};
  walk(in, 0, in.count, state, op);
}

void rgb_moments(const TileInput& in, const float* colours, bool through_cap,
                 const TilePlane* d_rgb, TilePlane& behind, TileState& state, float* moments) {
  RgbMoments op{colours, through_cap, d_rgb, &behind, moments, {}, {}, {}, {}};
  walk(in, 0, in.count, state, op);
}

void channel_gradients(const TileInput& in, int channels, const TilePlane* d_sums, TileState& state,
                       float* gradients) {
  ChannelGradients op{channels, d_sums, gradients, {}};
  walk(in, 0, in.count, state, op);
}

int tile_weights(const TileInput& in, int begin, int end, TileState& state, TileWeights* out) {
  KeepWeights op{out, 0, 0};
  walk(in, begin, end, state, op);
  return op.count;
}

}  // namespace

const TileKernels VANE_TILE_KERNELS = {blend_rgb, blend_channels, rgb_moments, channel_gradients,
                                       tile_weights};

}  // namespace vane::splats
