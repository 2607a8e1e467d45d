// SPDX-License-Identifier: Apache-2.0
#pragma once
// Masks of a picture at three levels, with a feature each, in the layout of LangSplat's data sets
// (Qin et al. 2024; splatting sheet, section 7.2). No torch.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "engine/base/limits.h"
#include "engine/image/image.h"
#include "engine/regions/graph_segmentation.h"

namespace vane {

/// "s" subpart, "m" part, "l" whole.
constexpr int kRegionLevels = 3;
std::string_view region_level_name(int level);

/// The masks of one picture.
struct RegionMaps {
  int width = 0, height = 0;
  /// Which mask a pixel belongs to at each level, a row of `features`, or -1; [H,W].
  std::array<std::vector<int32_t>, kRegionLevels> labels;
  /// LangSplat's first map, of all masks flattened; empty when the levels are all there is.
  std::vector<int32_t> flat;
  int32_t count = 0;  // masks, of all levels together
  int dim = 0;
  std::vector<float> features;  // [count, dim], unit rows; empty until they are known
};

/// Labels [H,W] at another size, by the nearest neighbour; empty ones stay empty.
std::vector<int32_t> resized_labels(const std::vector<int32_t>& labels, int width, int height,
                                    int new_width, int new_height);

/// Maps of one picture, fine to coarse, as masks of their own. Throws Error{usage} unless there are
/// three of one size.
RegionMaps region_maps(const std::vector<RegionMap>& levels);

/// A picture of ids (grey, 8 or 16 bit; 0: nothing): every id a mask, the same at each level.
/// Throws Error{input} for another kind of picture.
RegionMaps region_maps_of_ids(const Image& ids);

/// Reads STEM_s.npy ([4,H,W]: flat, s, m, l) and, where it exists, STEM_f.npy ([count,dim]).
/// Throws Error{input} or Error{checkpoint} naming the file: another shape, labels that are no
/// whole numbers or point outside of the features, features that are not finite.
RegionMaps read_region_maps(const std::filesystem::path& stem, const Limits& limits = {});

/// Writes both files (float32), each whole or not at all; without features only STEM_s.npy.
void write_region_maps(const std::filesystem::path& stem, const RegionMaps& maps);

}  // namespace vane
