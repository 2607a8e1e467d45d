// SPDX-License-Identifier: Apache-2.0
#pragma once
// Lifting without training: how much of every Gaussian each mask of each view saw (splatting sheet,
// section 9). Features are constant inside a mask, so one number a Gaussian and mask stands for the
// whole feature; sums of features follow at the end. No torch.

#include <cstdint>
#include <vector>

#include "engine/regions/region_maps.h"
#include "generators/splats/splat_raster.h"

namespace vane {

/// The weights a_im = sum over the pixels p of mask m of alpha_i T_i(p), of one level: a row of
/// (mask, weight) for each Gaussian i. SplatWeight::gaussian holds the number of the mask here.
struct LabelTable {
  std::vector<std::vector<SplatWeight>> rows;
  std::vector<int32_t> view_of;  // mask -> view
  /// The weight of each Gaussian at pixels of no mask, as an entry of label 0; may be empty.
  std::vector<std::vector<SplatWeight>> outside;

  int32_t masks() const { return static_cast<int32_t>(view_of.size()); }
};

/// The ground beside a thing shows a little inside its mask; what is seen mostly at pixels of no
/// mask belongs to none, and says nothing about which masks are of one thing.
bool is_mostly_outside(const LabelTable& table, size_t gaussian);

/// Gathers the tables of all three levels, view by view.
class LabelLifter {
 public:
  explicit LabelLifter(int64_t gaussians);

  /// Adds a view: `maps` are of the raster's picture, scaled by nearest neighbour when they have
  /// another size. Features come in the order of the maps' own rows: mask m of level l has row
  /// `row_of(l)[m]` of all the views' features put one below the other.
  void add_view(const SplatRaster& raster, int width, int height, const RegionMaps& maps);

  const LabelTable& table(int level) const { return tables_[static_cast<size_t>(level)]; }
  const std::vector<int32_t>& row_of(int level) const { return rows_[static_cast<size_t>(level)]; }

 private:
  int32_t views_ = 0, features_ = 0;
  std::array<LabelTable, kRegionLevels> tables_;
  std::array<std::vector<int32_t>, kRegionLevels> rows_;
};

/// Which masks of different views show one thing: an object for each mask, numbered from 0. Two
/// masks overlap by sum min(p,p') / sum max(p,p') over the Gaussians that both views see, p the
/// share of a Gaussian's weight in its view that lies in the mask, each Gaussian counted by its
/// total weight; groups join while their mean overlap exceeds `least_overlap` (average linkage,
/// strongest pairs first). Masks of one view join only through others. Above 1: none join.
struct MaskGroups {
  std::vector<int32_t> object_of;  // mask -> object
  int32_t objects = 0;
};
MaskGroups group_masks(const LabelTable& table, double least_overlap);

}  // namespace vane
