// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "engine/base/error.h"
#include "generators/language/scene_objects.h"

namespace vane {
namespace {

constexpr int kLeastPixels = 40;  // of a part

// Numbers (label, region) pairs in the order in which rows meet them; a pixel without a number
// stays without.
RegionMap numbered(const RegionMap& like, const std::vector<std::pair<int32_t, int32_t>>& names) {
  RegionMap map{like.width, like.height, 0, {}};
  std::map<std::pair<int32_t, int32_t>, int32_t> number;
  for (const auto& name : names) {
    const auto [at, is_new] = number.try_emplace(name, map.count);
    map.count += is_new;
    map.labels.push_back(at->second);
  }
  return map;
}

}  // namespace

RegionMaps object_maps(const std::vector<RegionMap>& colours, const SceneObjects& objects,
                       const std::vector<int32_t>& labels, int width, int height) {
  if (width < 1 || height < 1 ||
      labels.size() != static_cast<size_t>(width) * static_cast<size_t>(height)) {
    throw Error(ErrorCode::usage, "the labels are of another size");
  }
  // Checks the levels, too.
  const RegionMaps plain = region_maps(colours);
  std::vector<int32_t> whole;
  whole.reserve(plain.labels[0].size());
  for (int y = 0; y < plain.height; ++y) {
    const int64_t row = (2 * int64_t{y} + 1) * height / (2 * plain.height);
    for (int x = 0; x < plain.width; ++x) {
      const int64_t column = (2 * int64_t{x} + 1) * width / (2 * plain.width);
      whole.push_back(labels[static_cast<size_t>(row * width + column)]);
    }
  }
  const auto supports = static_cast<int32_t>(objects.supports.size());
  std::vector<RegionMap> levels;
  for (size_t level = 0; level < kRegionLevels; ++level) {
    const bool is_whole = level + 1 == kRegionLevels;
    std::vector<std::pair<int32_t, int32_t>> names;
    for (size_t i = 0; i < whole.size(); ++i) {
      const bool has_parts = whole[i] < 0 || (!is_whole && whole[i] >= supports);
      names.emplace_back(whole[i], has_parts ? colours[level].labels[i] : -1);
    }
    levels.push_back(numbered(colours[level], names));
  }
  RegionMaps maps = region_maps(levels);
  std::vector<int> pixels(static_cast<size_t>(maps.count), 0);
  for (const auto& level : maps.labels) {
    for (const int32_t label : level) ++pixels[static_cast<size_t>(label)];
  }
  for (auto& level : maps.labels) {
    for (int32_t& label : level) {
      if (pixels[static_cast<size_t>(label)] < kLeastPixels) label = -1;
    }
  }
  return maps;
}

}  // namespace vane
