// SPDX-License-Identifier: Apache-2.0
#pragma once
// What SplatRaster keeps of a view.

#include <vector>

#include "generators/splats/depth_order.h"
#include "generators/splats/splat_math.h"
#include "generators/splats/splat_raster.h"
#include "generators/splats/tile_kernel.h"

namespace vane {

/// 56 bytes a Gaussian, and 4 for each tile that one touches.
struct SplatRaster::State {
  const SplatCloud* cloud;
  Camera camera;
  RasterOptions options;
  int threads;
  splats::SplatView<double> view;
  std::vector<splats::SplatRecord> records;  // [N]
  std::vector<float> colours;                // [N,3]
  splats::TileBins bins;

  splats::TileInput tile(int index) const;
  /// Pixels of the picture in a tile.
  int columns_of(int index) const;
  int rows_of(int index) const;
  /// Calls work(tile) for every tile, fullest first, on several threads.
  void for_tiles(const std::function<void(int tile)>& work) const;
  /// Cuts a tile out of a picture [H,W,channels]; pixels outside are 0.
  void cut(const float* picture, int channels, int first, int count, int tile,
           splats::TilePlane* planes) const;
  /// Sums what each tile found out about each of its entries, `values` numbers, into `sums`
  /// [N,values]: in the order of the tiles, for any number of threads. `work(tile, found)` fills
  /// found [entries of the tile][values], which is zero.
  void sum_by_gaussian(int values, const std::function<void(int tile, float* found)>& work,
                       float* sums) const;
};

}  // namespace vane
