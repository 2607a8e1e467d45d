// SPDX-License-Identifier: Apache-2.0
#include "editing/gaussians/scene_change.h"

#include <cmath>

#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/scene/ply.h"
#include "engine/scene/ply_patch.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

constexpr const char* kFormat = "vane scene change 1";

Error fault(std::string message) { return Error(ErrorCode::checkpoint, std::move(message)); }

/// Values of an INRIA .ply, and where they lie in a cloud.
struct Column {
  std::string property;
  const std::vector<float> SplatCloud::*values;
  size_t width, offset;  // of a row
};

std::vector<Column> columns_of(const SplatCloud& cloud, const GaussianGroups& groups) {
  std::vector<Column> columns;
  const auto add = [&](const std::string& name, const std::vector<float> SplatCloud::*values,
                       size_t width, size_t offset) {
    columns.push_back({name, values, width, offset});
  };
  if (groups.tone || groups.colour) {
    for (size_t c = 0; c < 3; ++c) {
      add("f_dc_" + std::to_string(c), &SplatCloud::sh0, 3, c);
    }
    // The file has all coefficients of red first, a cloud the three colours of each coefficient.
    const auto bands = static_cast<size_t>(groups.tone ? cloud.rest_coefficients() : 0);
    for (size_t c = 0; c < 3; ++c) {
      for (size_t k = 0; k < bands; ++k) {
        add("f_rest_" + std::to_string(c * bands + k), &SplatCloud::sh_rest, 3 * bands, 3 * k + c);
      }
    }
  }
  if (groups.opacity) add("opacity", &SplatCloud::opacity_logit, 1, 0);
  for (size_t axis = 0; axis < 3; ++axis) {
    if (groups.shape) add("scale_" + std::to_string(axis), &SplatCloud::log_scale, 3, axis);
    if (groups.position) add(std::string(1, "xyz"[axis]), &SplatCloud::position, 3, axis);
  }
  return columns;
}

Tensor matrix_of(const std::vector<float>& values, size_t rows) {
  const auto height = static_cast<int64_t>(rows);
  const auto width = rows > 0 ? static_cast<int64_t>(values.size()) / height : 0;
  Tensor out = at::empty({height, width}, at::kFloat);
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<float>());
  return out;
}

std::vector<float> values_of(const TensorTable& table, const char* name, int64_t rows,
                             int64_t width) {
  const TensorRecord* record = table.find(name);
  if (!record || record->dtype != DType::f32 ||
      record->shape != std::vector<int64_t>{rows, width}) {
    throw fault("is missing, or has another shape or type").at_key(name);
  }
  const Tensor tensor = tensor_from_record(table, *record).contiguous();
  if (!tensor.isfinite().all().item<bool>()) {
    throw fault("holds values that are not finite").at_key(name);
  }
  const float* data = tensor.const_data_ptr<float>();
  return {data, data + tensor.numel()};
}

}  // namespace

SceneChange scene_change(const std::filesystem::path& source, const SplatFile& scene,
                         const std::vector<int64_t>& indices, const SplatCloud& moved,
                         const GaussianGroups& groups, const Limits& limits) {
  const auto file =
      MappedFile::open(source, limits.scene_file_bytes, static_cast<int>(ErrorCode::input));
  try {
    const PlyHeader header = parse_ply_header(file->view());
    const PlyTable table(file->view(), header, "vertex", limits.scene_gaussians, "scene.gaussians");
    SceneChange change;
    change.gaussians = static_cast<int64_t>(table.count());
    const std::vector<Column> columns = columns_of(scene.cloud, groups);
    std::vector<PlyColumn> stored;
    for (const Column& column : columns) {
      change.properties.push_back(column.property);
      stored.push_back(table.column(column.property));
    }
    for (size_t k = 0; k < indices.size(); ++k) {
      const int64_t row = scene.source_row(indices[k]);
      change.rows.push_back(row);
      const std::byte* bytes = table.row(static_cast<uint64_t>(row));
      for (size_t i = 0; i < columns.size(); ++i) {
        const Column& column = columns[i];
        change.before.push_back(static_cast<float>(stored[i].load(bytes)));
        change.after.push_back((moved.*column.values)[k * column.width + column.offset]);
      }
    }
    return change;
  } catch (Error& error) {
    error.set_file_if_empty(source);
    throw;
  }
}

void apply_scene_change(const std::filesystem::path& source, const SceneChange& change,
                        float strength, const std::filesystem::path& target, const Limits& limits) {
  const auto file =
      MappedFile::open(source, limits.scene_file_bytes, static_cast<int>(ErrorCode::input));
  const PlyElement* vertex = nullptr;
  PlyHeader header;
  if (is_ply(file->view())) {
    header = parse_ply_header(file->view());
    vertex = header.find("vertex");
  }
  if (!vertex || vertex->count != static_cast<uint64_t>(change.gaussians)) {
    throw Error(ErrorCode::input, "is not the scene of this change, which has " +
                                      std::to_string(change.gaussians) + " Gaussians")
        .in_file(source);
  }
  std::vector<float> values = strength == 0.f ? change.before : change.after;
  if (strength != 0.f && strength != 1.f) {
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = change.before[i] + strength * (change.after[i] - change.before[i]);
    }
  }
  patch_ply_rows(source, change.rows, change.properties, values, target, limits);
}

void save_scene_change(const std::filesystem::path& file, const SceneChange& change) {
  const Tensor rows = at::tensor(change.rows, at::kLong);
  save_tensors(file,
               {{"rows", rows},
                {"before", matrix_of(change.before, change.rows.size())},
                {"after", matrix_of(change.after, change.rows.size())}},
               {{"format", kFormat},
                {"gaussians", std::to_string(change.gaussians)},
                {"properties", join(change.properties, ",")}});
}

SceneChange load_scene_change(const std::filesystem::path& file, const Limits& limits) {
  try {
    const TensorTable table = open_weights(file, limits);
    const auto text = [&](const char* key) {
      const auto found = table.metadata.find(key);
      return found == table.metadata.end() ? std::string() : found->second;
    };
    if (text("format") != kFormat) {
      throw fault("is no change of a scene")
          .with_hint("`vane edit SCENE` writes one beside its output");
    }
    SceneChange change;
    change.gaussians = parse_integer(text("gaussians")).value_or(-1);
    change.properties = split(text("properties"), ',');
    const TensorRecord* rows = table.find("rows");
    if (!rows || rows->dtype != DType::i64 || rows->shape.size() != 1) {
      throw fault("is missing, or has another shape or type").at_key("rows");
    }
    const Tensor tensor = tensor_from_record(table, *rows).contiguous();
    const int64_t* data = tensor.const_data_ptr<int64_t>();
    change.rows.assign(data, data + tensor.numel());
    for (size_t i = 0; i < change.rows.size(); ++i) {
      const int64_t least = i == 0 ? 0 : change.rows[i - 1] + 1;
      if (change.rows[i] < least || change.rows[i] >= change.gaussians) {
        throw fault("names Gaussian " + std::to_string(change.rows[i]) + " of " +
                    std::to_string(change.gaussians) + ", or is not ascending")
            .at_key("rows");
      }
    }
    const auto count = static_cast<int64_t>(change.rows.size());
    const auto width = static_cast<int64_t>(change.properties.size());
    change.before = values_of(table, "before", count, width);
    change.after = values_of(table, "after", count, width);
    return change;
  } catch (Error& error) {
    error.set_file_if_empty(file);
    throw;
  }
}

}  // namespace vane
