// SPDX-License-Identifier: Apache-2.0
#pragma once
// Regions of a picture without weights: graph-based segmentation (Felzenszwalb & Huttenlocher 2004,
// "Efficient graph-based image segmentation", sections 3 and 5), three levels that nest. No torch.

#include <cstdint>
#include <vector>

#include "engine/image/image.h"

namespace vane {

/// Regions of one picture: every pixel belongs to one, numbered 0 to count - 1 in the order in
/// which rows meet them.
struct RegionMap {
  int width = 0, height = 0;
  int32_t count = 0;
  std::vector<int32_t> labels;  // [H,W]
};

/// One level of detail. Boundaries are kept where the difference across exceeds the largest
/// difference inside plus `scale` / size; regions below `min_size` pixels join a neighbour.
struct GraphLevel {
  double scale = 300;
  int min_size = 150;
};

struct GraphSegmentationOptions {
  /// Standard deviation of the blur before (pixels), against the noise of the sensor.
  double sigma = 0.8;
  /// From fine to coarse: subpart, part, whole (splatting sheet, section 12 a).
  std::vector<GraphLevel> levels{{100, 50}, {300, 150}, {1000, 500}};
};

/// The levels of a picture, in the order of the options. Neighbours are the eight around a pixel,
/// the difference is the Euclidean distance of 8-bit RGB. Each level is the published algorithm;
/// then every region moves whole into the region of the next level that covers most of it, so that
/// levels nest (a region of a coarser level need not be connected then, and may be a little smaller
/// than its least size). Ties are broken by position: the same bytes on any machine.
/// Throws Error{usage} for an empty picture, no level, or a scale or size that is negative.
std::vector<RegionMap> graph_segmentation(const Image& image,
                                          const GraphSegmentationOptions& options = {});

}  // namespace vane
