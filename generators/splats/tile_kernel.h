// SPDX-License-Identifier: Apache-2.0
#pragma once
// What happens inside one tile of 16 x 16 pixels: blending front to back, its derivatives, its
// weights. Compiled once for any processor and once for AVX2 with FMA. Plain types only, so that
// no function of the standard library is compiled for a processor that others do not have.

#include <cstdint>

#include "generators/splats/splat_gradient_math.h"

namespace vane::splats {

inline constexpr int kTileSide = 16;
inline constexpr int kTilePixels = kTileSide * kTileSide;
inline constexpr int kLanes = 8;  // pixels of a row that are computed at once

/// Values of the pixels of a tile, row by row.
struct alignas(32) TilePlane {
  float at[kTilePixels];
};

/// The Gaussians of a tile, nearest first.
struct TileInput {
  const SplatRecord* records;  // of the cloud
  const int32_t* entries;      // rows of the cloud
  int count;
  int x, y;  // of the tile's first pixel
};

/// How far blending is. A pixel that is full has a transmittance of 0; what it ended with is in
/// `left`.
struct TileState {
  TilePlane transmittance, left;
  uint32_t live;  // a bit for each 8 pixels of a row that can still take something

  /// A tile whose first `columns` x `rows` pixels are of the picture.
  void start(int columns, int rows) {
    live = 0;
    for (int i = 0; i < kTilePixels; ++i) {
      const bool inside = i % kTileSide < columns && i / kTileSide < rows;
      transmittance.at[i] = inside ? 1.f : 0.f;
      left.at[i] = 0.f;
      if (inside) live |= 1u << (i / kLanes);
    }
  }
  /// Transmittance of a pixel behind everything.
  float behind(int pixel) const {
    return transmittance.at[pixel] > 0 ? transmittance.at[pixel] : left.at[pixel];
  }
};

/// The weights that one Gaussian has on 8 pixels of a row.
struct TileWeights {
  int32_t entry;  // of TileInput::entries
  int32_t first;  // pixel of the tile
  float weight[kLanes];
};

struct TileKernels {
  /// Adds weight times colour to `rgb`[3]; `colours` [N,3].
  void (*blend_rgb)(const TileInput&, const float* colours, TileState&, TilePlane* rgb);
  /// Adds weight times feature to `sums`[channels]; row i of the features begins at
  /// features[i * stride].
  void (*blend_channels)(const TileInput&, const float* features, int64_t stride, int channels,
                         TileState&, TilePlane* sums);
  /// PixelMoments of each entry as 9 floats, in `moments`[count][9]. `d_rgb`[3] is dL/drgb;
  /// `behind` holds dL/drgb times the final colour minus dL/dalpha times the final transmittance
  /// and is used up.
  void (*rgb_moments)(const TileInput&, const float* colours, bool gradient_through_cap,
                      const TilePlane* d_rgb, TilePlane& behind, TileState&, float* moments);
  /// Sums of weight times `d_sums`[channels] of each entry, in `gradients`[count][channels].
  void (*channel_gradients)(const TileInput&, int channels, const TilePlane* d_sums, TileState&,
                            float* gradients);
  /// Weights of the entries from `begin` to `end` that are not 0, in order; returns how many.
  /// `weights` has room for 32 an entry.
  int (*weights)(const TileInput&, int begin, int end, TileState&, TileWeights* weights);
};

/// For this processor.
const TileKernels& tile_kernels();

extern const TileKernels kPlainTileKernels;
#ifdef VANE_SPLATS_AVX2
extern const TileKernels kAvx2TileKernels;
#endif

}  // namespace vane::splats
