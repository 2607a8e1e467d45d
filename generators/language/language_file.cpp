// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/weights/safetensors.h"
#include "generators/language/language_field.h"

namespace vane {
namespace {

constexpr const char* kFormat = "vane language field 1";
constexpr int64_t kMostDimensions = 1 << 16;

Error fault(std::string message) { return Error(ErrorCode::checkpoint, std::move(message)); }

template <class T>
TensorRecord record_of(const std::string& name, DType dtype, std::vector<int64_t> shape,
                       const std::vector<T>& values) {
  TensorRecord record;
  record.name = name;
  record.dtype = dtype;
  record.strides.assign(shape.size(), 1);
  for (size_t i = shape.size() - 1; i > 0; --i) {
    record.strides[i - 1] = record.strides[i] * shape[i];
  }
  record.shape = std::move(shape);
  record.bytes = std::as_bytes(std::span(values));
  return record;
}

// Values of one tensor; a side of -1 takes any size and returns it.
template <class T>
std::vector<T> values_of(const TensorTable& table, const std::string& name, DType dtype,
                         std::vector<int64_t*> sides) {
  const TensorRecord* record = table.find(name);
  if (!record) throw fault("has no such tensor").at_key(name);
  bool fits = record->dtype == dtype && record->shape.size() == sides.size();
  for (size_t i = 0; fits && i < sides.size(); ++i) {
    if (*sides[i] < 0) *sides[i] = record->shape[i];
    fits = record->shape[i] == *sides[i];
  }
  if (!fits || !record->is_contiguous()) throw fault("has another shape or type").at_key(name);
  std::vector<T> values(static_cast<size_t>(record->numel()));
  std::copy_n(reinterpret_cast<const T*>(record->bytes.data()), values.size(), values.begin());
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::all_of(values.begin(), values.end(), [](T x) { return std::isfinite(x); })) {
      throw fault("holds values that are not finite").at_key(name);
    }
  }
  return values;
}

const std::string& text_of(const TensorTable& table, const std::string& key) {
  const auto found = table.metadata.find(key);
  if (found == table.metadata.end()) throw fault("metadata lack an entry").at_key(key);
  return found->second;
}

void read_views(const std::string& text, const Limits& limits, LanguageField& field) {
  const Json json = parse_json(text, JsonRules::from(limits, ErrorCode::checkpoint));
  for (const Json& view : json.items()) {
    Camera camera;
    const auto side = [&](const char* key) {
      const uint64_t value = view.at(key).as_count();
      if (value < 1 || value > limits.image_side) throw fault("a camera has no size").at_key(key);
      return static_cast<int>(value);
    };
    camera.width = side("width");
    camera.height = side("height");
    camera.fx = view.at("fl_x").as_number();
    camera.fy = view.at("fl_y").as_number();
    camera.cx = view.at("cx").as_number();
    camera.cy = view.at("cy").as_number();
    const Json::Array& rows = view.at("world_to_camera").items();
    if (rows.size() < 3) throw fault("a camera's matrix has too few rows");
    for (size_t row = 0; row < 3; ++row) {
      if (rows[row].items().size() != 4) throw fault("a camera's matrix has too few columns");
      for (size_t column = 0; column < 4; ++column) {
        camera.world_to_camera[4 * row + column] = rows[row].items()[column].as_number();
      }
    }
    const Json::Array& background = view.at("background").items();
    if (background.size() != 3) throw fault("a background is no colour");
    for (size_t c = 0; c < 3; ++c) {
      camera.background[c] = static_cast<float>(background[c].as_number());
    }
    if (!(camera.fx > 0 && camera.fy > 0)) throw fault("a camera has no focal length");
    field.cameras.push_back(camera);
    field.view_names.push_back(view.at("name").as_string());
  }
}

LanguageLevel read_level(const TensorTable& table, const std::string& name, int64_t& count,
                         int64_t& dim) {
  LanguageLevel level;
  level.name = name;
  int64_t slots = kFieldSlots, objects = -1;
  const std::string at = name + ".";
  level.object = values_of<int16_t>(table, at + "object", DType::i16, {&count, &slots});
  level.share = values_of<uint8_t>(table, at + "share", DType::u8, {&count, &slots});
  level.weight = values_of<float>(table, at + "weight", DType::f32, {&count});
  level.features = values_of<float>(table, at + "features", DType::f32, {&objects, &dim});
  level.mass = values_of<float>(table, at + "mass", DType::f32, {&objects});
  level.views = values_of<int32_t>(table, at + "views", DType::i32, {&objects});
  for (const int16_t object : level.object) {
    if (object < kNoObject || object >= objects) {
      throw fault("a Gaussian names object " + std::to_string(object) + " of " +
                  std::to_string(objects))
          .at_key(at + "object");
    }
  }
  return level;
}

}  // namespace

LanguageField read_language_field(const std::filesystem::path& file, const Limits& limits) {
  try {
    const TensorTable table = open_weights(file, limits);
    const auto format = table.metadata.find("format");
    if (format == table.metadata.end() || format->second != kFormat) {
      throw fault("is no language field").with_hint("`vane lift SCENE DATASET -o LANG` makes one");
    }
    LanguageField field;
    int64_t count = -1, dim = -1;
    for (const std::string& name : split(text_of(table, "levels"), ',')) {
      field.levels.push_back(read_level(table, name, count, dim));
    }
    if (dim < 1 || dim > kMostDimensions) throw fault("its features have no dimensions");
    field.gaussians = count;
    field.dim = static_cast<int>(dim);
    field.clip = text_of(table, "clip");
    field.clip_hash = text_of(table, "clip_hash");
    field.scene = text_of(table, "scene");
    field.scene_hash = text_of(table, "scene_hash");
    field.crops = text_of(table, "crops");
    read_views(text_of(table, "views"), limits, field);
    return field;
  } catch (Error& error) {
    error.set_file_if_empty(file);
    throw;
  }
}

void write_language_field(const std::filesystem::path& file, const LanguageField& field) {
  std::vector<TensorRecord> records;
  std::vector<std::string> names;
  for (const LanguageLevel& level : field.levels) {
    names.push_back(level.name);
    const std::string at = level.name + ".";
    const int64_t count = field.gaussians, objects = level.objects();
    records.push_back(record_of(at + "object", DType::i16, {count, kFieldSlots}, level.object));
    records.push_back(record_of(at + "share", DType::u8, {count, kFieldSlots}, level.share));
    records.push_back(record_of(at + "weight", DType::f32, {count}, level.weight));
    records.push_back(record_of(at + "features", DType::f32, {objects, field.dim}, level.features));
    records.push_back(record_of(at + "mass", DType::f32, {objects}, level.mass));
    records.push_back(record_of(at + "views", DType::i32, {objects}, level.views));
  }
  nlohmann::ordered_json views = nlohmann::ordered_json::array();
  for (size_t i = 0; i < field.cameras.size(); ++i) {
    nlohmann::ordered_json view = camera_json(field.cameras[i]);
    view["name"] = field.view_names[i];
    views.push_back(view);
  }
  write_safetensors(file, records,
                    {{"format", kFormat},
                     {"levels", join(names, ",")},
                     {"clip", field.clip},
                     {"clip_hash", field.clip_hash},
                     {"scene", field.scene},
                     {"scene_hash", field.scene_hash},
                     {"crops", field.crops},
                     {"views", views.dump()}});
}

}  // namespace vane
