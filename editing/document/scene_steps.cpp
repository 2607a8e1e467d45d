// SPDX-License-Identifier: Apache-2.0
#include "editing/document/scene_steps.h"

#include <fmt/format.h>

namespace vane {
namespace {

namespace fs = std::filesystem;

}  // namespace

QueryRequest scene_query(const Edit& edit, const SceneField& asked) {
  QueryRequest request;
  request.field = asked.field;
  request.scene = asked.scene;
  request.texts = {edit.scene.text};
  request.negatives = edit.scene.negative;
  request.level = edit.scene.level;
  request.threshold = edit.scene.threshold;
  request.contrast = edit.scene.contrast;
  return request;
}

bool changes_scene(const Edit& edit) {
  return edit.enabled && edit.kind == EditKind::scene && edit.scene.action != "show";
}

std::vector<Step> scene_steps(const std::vector<EditStack::Entry>& edits,
                              const DocumentPlaces& places, const SceneField& asked,
                              const fs::path& output) {
  std::vector<Step> steps;
  SceneField now = asked;
  for (size_t i = 0; i < edits.size(); ++i) {
    const Edit& edit = *edits[i];
    const bool between = i + 1 < edits.size() || output.empty();
    const fs::path name = places.folder / fmt::format("step-{}", i + 1);
    QueryRequest request = scene_query(edit, now);
    const fs::path written = between ? fs::path(name.string() + ".ply") : output;
    if (between) request.written_field = name.string() + ".lang";
    if (edit.scene.action == "isolate") {
      request.select = written;
    } else if (edit.scene.action == "delete") {
      request.remove = written;
    } else {
      request.recolour = edit.scene.colour;
      request.recoloured = written;
    }
    now = {request.written_field, {}};
    steps.push_back({edit.id, request, written});
  }
  return steps;
}

SceneField field_after(const std::vector<Step>& steps, const SceneField& asked) {
  if (steps.empty()) return asked;
  return {std::get<QueryRequest>(steps.back().request).written_field, {}};
}

std::vector<Step> selection_steps(const std::vector<EditStack::Entry>& before, const Edit& edit,
                                  const DocumentPlaces& places, const SceneField& asked,
                                  const fs::path& output) {
  std::vector<Step> steps = scene_steps(before, places, asked, {});
  QueryRequest request = scene_query(edit, field_after(steps, asked));
  request.select = output;
  steps.push_back({edit.id, request, output});
  return steps;
}

}  // namespace vane
