// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/scene_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/scene/scene_layouts.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

std::vector<size_t> indices_where(const std::vector<SceneView>& views, bool held_out) {
  std::vector<size_t> out;
  for (size_t i = 0; i < views.size(); ++i) {
    if (views[i].held_out == held_out) out.push_back(i);
  }
  return out;
}

SceneData read_layout(const fs::path& dataset, const Limits& limits) {
  std::error_code fault;  // of a path that cannot be followed: opening it says so
  if (!fs::is_directory(dataset, fault)) {
    if (dataset.filename() != "transforms_train.json") return read_nerfstudio(dataset, limits);
    return read_blender(dataset.has_parent_path() ? dataset.parent_path() : fs::path("."), limits);
  }
  if (const auto model = colmap_model(dataset)) return read_colmap(dataset, *model, limits);
  if (fs::exists(dataset / "transforms.json", fault)) {
    return read_nerfstudio(dataset / "transforms.json", limits);
  }
  if (fs::exists(dataset / "transforms_train.json", fault)) return read_blender(dataset, limits);
  throw Error(ErrorCode::input, "is no data set of a scene")
      .in_file(dataset)
      .with_hint("it needs sparse/0 of COLMAP, transforms.json or transforms_train.json");
}

}  // namespace

std::vector<size_t> SceneData::training_views() const { return indices_where(views, false); }
std::vector<size_t> SceneData::held_out_views() const { return indices_where(views, true); }

double SceneData::extent() const {
  const std::vector<size_t> training = training_views();
  std::array<double, 3> mean{};
  for (const size_t view : training) {
    const auto centre = views[view].camera.centre();
    for (size_t i = 0; i < 3; ++i) mean[i] += centre[i] / static_cast<double>(training.size());
  }
  double farthest = 0;
  for (const size_t view : training) {
    const auto centre = views[view].camera.centre();
    farthest = std::max(farthest,
                        std::hypot(centre[0] - mean[0], centre[1] - mean[1], centre[2] - mean[2]));
  }
  return farthest > 0 ? 1.1 * farthest : 1;
}

void check_views(uint64_t count, const Limits& limits) {
  if (count == 0) throw Error(ErrorCode::input, "holds no views");
  if (count <= limits.scene_views) return;
  throw Error(ErrorCode::input,
              fmt::format("holds {} views, the limit is {}", count, limits.scene_views))
      .with_hint(fmt::format("if the data set is trusted, raise --limit scene.views={}", count));
}

void hold_out_by_rule(SceneData& data) {
  std::vector<SceneView*> order;
  for (SceneView& view : data.views) order.push_back(&view);
  std::sort(order.begin(), order.end(),
            [](const SceneView* a, const SceneView* b) { return a->name < b->name; });
  const size_t step = order.size() >= 16 ? 8 : 4;
  for (size_t i = 0; i < order.size(); ++i) order[i]->held_out = order.size() > 1 && i % step == 0;
}

SceneData read_scene_data(const fs::path& dataset, const Limits& limits) {
  SceneData data = read_layout(dataset, limits);
  std::sort(data.views.begin(), data.views.end(),
            [](const SceneView& a, const SceneView& b) { return a.name < b.name; });
  if (data.training_views().empty()) {
    throw Error(ErrorCode::input, "every view is held out: none is left to fit to")
        .in_file(dataset);
  }
  return data;
}

}  // namespace vane
