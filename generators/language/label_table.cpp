// SPDX-License-Identifier: Apache-2.0
#include "generators/language/label_table.h"

#include "engine/base/error.h"

namespace vane {

LabelLifter::LabelLifter(int64_t gaussians) {
  for (LabelTable& table : tables_) {
    table.rows.resize(static_cast<size_t>(gaussians));
    table.outside.resize(static_cast<size_t>(gaussians));
  }
}

void LabelLifter::add_view(const SplatRaster& raster, int width, int height,
                           const RegionMaps& maps) {
  if (maps.width < 1 || maps.height < 1 || width < 1 || height < 1) {
    throw Error(ErrorCode::usage, "a view without pixels cannot be lifted");
  }
  for (size_t level = 0; level < kRegionLevels; ++level) {
    LabelTable& table = tables_[level];
    // Numbers of this level only: the rows of other levels have no weight here.
    std::vector<int32_t> number(static_cast<size_t>(maps.count), -1);
    std::vector<int32_t> labels =
        resized_labels(maps.labels[level], maps.width, maps.height, width, height);
    for (int32_t& label : labels) {
      if (label < 0) continue;
      int32_t& mine = number[static_cast<size_t>(label)];
      if (mine < 0) {
        mine = table.masks();
        table.view_of.push_back(views_);
        rows_[level].push_back(features_ + label);
      }
      label = mine;
    }
    raster.accumulate_labels(labels.data(), table.rows);
    for (int32_t& label : labels) label = label < 0 ? 0 : -1;
    raster.accumulate_labels(labels.data(), table.outside);
  }
  ++views_;
  features_ += maps.count;
}

bool is_mostly_outside(const LabelTable& table, size_t gaussian) {
  if (table.outside.empty() || table.outside[gaussian].empty()) return false;
  float inside = 0;
  for (const SplatWeight& entry : table.rows[gaussian]) inside += entry.weight;
  return table.outside[gaussian].front().weight > inside;
}

}  // namespace vane
