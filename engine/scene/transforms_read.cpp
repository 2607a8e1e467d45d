// SPDX-License-Identifier: Apache-2.0
// Data sets whose cameras stand in transforms.json.
#include <algorithm>

#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/scene/scene_layouts.h"
#include "engine/scene/transforms.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

Transforms read_transforms(const fs::path& file, const Limits& limits) {
  try {
    const auto source =
        MappedFile::open(file, limits.json_bytes, static_cast<int>(ErrorCode::input));
    return parse_transforms(source->view(), limits);
  } catch (Error& error) {
    error.set_file_if_empty(file);
    throw;
  }
}

/// Blender scenes name their pictures without the ending.
std::string with_ending(const fs::path& dataset, const std::string& name) {
  std::error_code fault;
  if (fs::exists(dataset / name, fault)) return name;
  for (const char* ending : {".png", ".jpg", ".jpeg", ".webp"}) {
    if (fs::exists(dataset / (name + ending), fault)) return name + ending;
  }
  return name;
}

SceneView view_of(const TransformsFrame& frame, const fs::path& dataset, const fs::path& file,
                  const Limits& limits) {
  try {
    SceneView view;
    view.name = with_ending(dataset, frame.file_path);
    view.image = inner_file(dataset, view.name);
    const PictureSize size = picture_size(view.image, limits);
    view.camera = frame.camera(size.width, size.height);
    return view;
  } catch (Error& error) {
    error.set_file_if_empty(file);
    error.add_context("while reading view " + frame.file_path);
    throw;
  }
}

bool is_held_out(const Transforms& transforms, const std::string& name) {
  return transforms.has_training_list
             ? !transforms.training.contains(name)
             : transforms.test.contains(name) || transforms.validation.contains(name);
}

std::vector<ScenePoint> points_of(const Transforms& transforms, const fs::path& dataset,
                                  const fs::path& file, const Limits& limits) {
  if (transforms.ply_file_path.empty()) return {};
  fs::path path = file;
  try {
    path = inner_file(dataset, transforms.ply_file_path);
    const auto source =
        MappedFile::open(path, limits.scene_file_bytes, static_cast<int>(ErrorCode::input));
    return parse_points_ply(source->view(), limits);
  } catch (Error& error) {
    error.set_file_if_empty(path);
    throw;
  }
}

}  // namespace

SceneData read_nerfstudio(const fs::path& file, const Limits& limits) {
  const fs::path dataset = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const Transforms transforms = read_transforms(file, limits);
  SceneData data;
  data.layout = "nerfstudio";
  for (const TransformsFrame& frame : transforms.frames) {
    data.views.push_back(view_of(frame, dataset, file, limits));
    data.views.back().held_out = is_held_out(transforms, frame.file_path);
  }
  data.points = points_of(transforms, dataset, file, limits);
  const bool has_lists =
      transforms.has_training_list || !transforms.test.empty() || !transforms.validation.empty();
  if (!has_lists) hold_out_by_rule(data);
  return data;
}

SceneData read_blender(const fs::path& dataset, const Limits& limits) {
  SceneData data;
  data.layout = "blender";
  data.white_background = true;
  const auto add = [&](const char* name, bool held_out) {
    const fs::path file = dataset / name;
    for (const TransformsFrame& frame : read_transforms(file, limits).frames) {
      data.views.push_back(view_of(frame, dataset, file, limits));
      data.views.back().held_out = held_out;
      data.views.back().camera.background = {1, 1, 1};
    }
    check_views(data.views.size(), limits);
  };
  add("transforms_train.json", false);
  std::error_code fault;
  // val is for choosing settings, which nothing here does.
  for (const char* name : {"transforms_test.json", "transforms_val.json"}) {
    if (!fs::exists(dataset / name, fault)) continue;
    add(name, true);
    return data;
  }
  hold_out_by_rule(data);
  return data;
}

}  // namespace vane
