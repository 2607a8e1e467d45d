// SPDX-License-Identifier: Apache-2.0
#pragma once
// The enhancement network on pictures of any size, tile by tile, with the result of the whole.

#include <functional>

#include "engine/base/job.h"
#include "generators/enhance/enhancement_network.h"

namespace vane {

/// A rectangle of pixels of a picture.
struct PixelWindow {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

/// Gives the window's pixels, float32 [1,3,height,width] in [0,1]; asked for in any order, and more
/// than once.
using WindowReader = std::function<Tensor(const PixelWindow&)>;
/// Takes the map of a window, float32 [1,1,height,width]; windows cover the picture once, row by
/// row.
using MapSink = std::function<void(const PixelWindow&, const Tensor& map)>;

struct TileOptions {
  /// What may be allocated beside the picture and its map.
  uint64_t memory_bytes = uint64_t{768} << 20;
  /// Largest side of a tile in pixels; 0: as `memory_bytes` allows. The map does not depend on it.
  int64_t side = 0;
};

/// Side of the largest tile that `memory_bytes` has room for, with its halo.
/// Throws Error{resource} when that is less than a tile of 32 px (43 MiB).
int64_t tile_side(uint64_t memory_bytes);

/// illumination_map() with reflected borders, in two passes: the first adds up every pooling cell
/// in float64, the second computes the map from tiles with a halo of 17 px. Borders of the picture
/// are padded as on the whole picture. Equals the whole to 2e-5 (float32 convolutions of other
/// sizes round differently). A picture of one tile takes one pass.
/// Memory:  bounded by the options, whatever the size of the picture. Not differentiable.
/// Throws:  Error{usage} for a side below 2 px or a faulty tile, Error{numeric} when the map is not
///          finite, Cancelled between tiles.
void tiled_illumination(const EnhancementNetwork& network, int64_t height, int64_t width,
                        const WindowReader& read, const MapSink& write, const TileOptions& options,
                        Job& job);

/// The same for a picture [1,3,H,W] in memory -> [1,1,H,W].
Tensor tiled_illumination(const EnhancementNetwork& network, const Tensor& image,
                          const TileOptions& options, Job& job);

}  // namespace vane
