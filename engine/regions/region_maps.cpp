// SPDX-License-Identifier: Apache-2.0
#include "engine/regions/region_maps.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/error.h"
#include "engine/weights/npy.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaps = 1 + kRegionLevels;  // LangSplat's flat map comes first
constexpr float kLargestLabel = 1 << 24;      // beyond it float32 skips whole numbers

fs::path with_ending(const fs::path& stem, const char* ending) {
  fs::path path = stem;
  path += ending;
  return path;
}

// One float32 array of a file, with what keeps its bytes alive.
struct Array {
  TensorTable table;
  std::span<const float> values;
  std::vector<int64_t> shape;
};

Array read_array(const fs::path& path, size_t rank, const Limits& limits) {
  Array array;
  array.table = open_weights(path, limits);
  const TensorRecord* record = array.table.find("array");
  if (!record || record->dtype != DType::f32 || record->shape.size() != rank ||
      !record->is_contiguous()) {
    throw Error(ErrorCode::input, "is not an array of float32 with " + std::to_string(rank) +
                                      " sides, as LangSplat writes")
        .in_file(path);
  }
  array.shape = record->shape;
  array.values = {reinterpret_cast<const float*>(record->bytes.data()),
                  static_cast<size_t>(record->numel())};
  return array;
}

TensorRecord record_of(std::vector<int64_t> shape, const std::vector<float>& values) {
  TensorRecord record;
  record.name = "array";
  record.dtype = DType::f32;
  record.strides.assign(shape.size(), 1);
  for (size_t i = shape.size() - 1; i > 0; --i) {
    record.strides[i - 1] = record.strides[i] * shape[i];
  }
  record.shape = std::move(shape);
  record.bytes = std::as_bytes(std::span(values));
  return record;
}

std::vector<int32_t> whole_numbers(std::span<const float> values, const fs::path& path) {
  std::vector<int32_t> labels;
  labels.reserve(values.size());
  for (const float value : values) {
    if (!(value >= -1 && value < kLargestLabel) || value != std::floor(value)) {
      throw Error(ErrorCode::input, "a label is neither -1 nor the number of a mask").in_file(path);
    }
    labels.push_back(static_cast<int32_t>(value));
  }
  return labels;
}

void read_features(const fs::path& path, const Limits& limits, RegionMaps& maps) {
  const Array array = read_array(path, 2, limits);
  if (array.shape[0] < maps.count || array.shape[1] < 1 || array.shape[0] > (1 << 24)) {
    throw Error(ErrorCode::input, "has " + std::to_string(array.shape[0]) +
                                      " features, the labels name " + std::to_string(maps.count))
        .in_file(path);
  }
  if (!std::all_of(array.values.begin(), array.values.end(),
                   [](float x) { return std::isfinite(x); })) {
    throw Error(ErrorCode::input, "a feature is not finite").in_file(path);
  }
  maps.count = static_cast<int32_t>(array.shape[0]);
  maps.dim = static_cast<int>(array.shape[1]);
  maps.features.assign(array.values.begin(), array.values.end());
}

}  // namespace

std::vector<int32_t> resized_labels(const std::vector<int32_t>& labels, int width, int height,
                                    int new_width, int new_height) {
  if (labels.empty() || (width == new_width && height == new_height)) return labels;
  std::vector<int32_t> result;
  result.reserve(static_cast<size_t>(new_width) * static_cast<size_t>(new_height));
  for (int y = 0; y < new_height; ++y) {
    const int64_t row = (2 * int64_t{y} + 1) * height / (2 * new_height);
    for (int x = 0; x < new_width; ++x) {
      const int64_t column = (2 * int64_t{x} + 1) * width / (2 * new_width);
      result.push_back(labels[static_cast<size_t>(row * width + column)]);
    }
  }
  return result;
}

std::string_view region_level_name(int level) { return level == 0 ? "s" : level == 1 ? "m" : "l"; }

RegionMaps region_maps(const std::vector<RegionMap>& levels) {
  if (levels.size() != kRegionLevels) {
    throw Error(ErrorCode::usage, "masks come at three levels");
  }
  RegionMaps maps;
  maps.width = levels[0].width;
  maps.height = levels[0].height;
  for (size_t level = 0; level < levels.size(); ++level) {
    if (levels[level].width != maps.width || levels[level].height != maps.height) {
      throw Error(ErrorCode::usage, "the levels are of different sizes");
    }
    maps.labels[level] = levels[level].labels;
    for (int32_t& label : maps.labels[level]) label += maps.count;
    maps.count += levels[level].count;
  }
  return maps;
}

RegionMaps region_maps_of_ids(const Image& ids) {
  if (ids.channels != 1) {
    throw Error(ErrorCode::input,
                "a picture of ids has one channel, this one has " + std::to_string(ids.channels));
  }
  RegionMaps maps;
  maps.width = ids.width;
  maps.height = ids.height;
  std::vector<int32_t> number(1 << 16, -1);
  std::vector<int32_t> labels(ids.sample_count());
  for (size_t i = 0; i < labels.size(); ++i) {
    const uint16_t id = ids.depth == 16 ? ids.u16[i] : ids.u8[i];
    if (id > 0 && number[id] < 0) number[id] = maps.count++;
    labels[i] = number[id];
  }
  maps.labels.fill(labels);
  return maps;
}

RegionMaps read_region_maps(const fs::path& stem, const Limits& limits) {
  const fs::path path = with_ending(stem, "_s.npy");
  const Array array = read_array(path, 3, limits);
  const int64_t height = array.shape[1], width = array.shape[2];
  const auto side = static_cast<int64_t>(limits.image_side);
  if (array.shape[0] != kMaps || height < 1 || width < 1 || height > side || width > side) {
    throw Error(ErrorCode::input, "is not [4, height, width]").in_file(path);
  }
  RegionMaps maps;
  maps.width = static_cast<int>(width);
  maps.height = static_cast<int>(height);
  const auto pixels = static_cast<size_t>(height * width);
  maps.flat = whole_numbers(array.values.first(pixels), path);
  for (size_t level = 0; level < kRegionLevels; ++level) {
    maps.labels[level] = whole_numbers(array.values.subspan((level + 1) * pixels, pixels), path);
    for (const int32_t label : maps.labels[level]) maps.count = std::max(maps.count, label + 1);
  }
  for (const int32_t label : maps.flat) maps.count = std::max(maps.count, label + 1);
  if (std::all_of(maps.flat.begin(), maps.flat.end(), [](int32_t x) { return x < 0; })) {
    maps.flat.clear();
  }
  const fs::path features = with_ending(stem, "_f.npy");
  if (fs::exists(features)) read_features(features, limits, maps);
  return maps;
}

void write_region_maps(const fs::path& stem, const RegionMaps& maps) {
  const auto pixels = static_cast<size_t>(maps.width) * static_cast<size_t>(maps.height);
  std::vector<float> values(pixels, -1.f);
  std::copy(maps.flat.begin(), maps.flat.end(), values.begin());
  for (const std::vector<int32_t>& labels : maps.labels) {
    values.insert(values.end(), labels.begin(), labels.end());
  }
  // The labels come last: where they are, the features are.
  if (!maps.features.empty()) {
    write_npy(with_ending(stem, "_f.npy"), record_of({maps.count, maps.dim}, maps.features));
  }
  write_npy(with_ending(stem, "_s.npy"), record_of({kMaps, maps.height, maps.width}, values));
}

}  // namespace vane
