// SPDX-License-Identifier: Apache-2.0
#include "editing/document/edit.h"

#include <array>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr std::array<std::pair<EditKind, std::string_view>, 5> kNames{{
    {EditKind::enhance, "enhance"},
    {EditKind::develop, "develop"},
    {EditKind::face, "face"},
    {EditKind::mask, "mask"},
    {EditKind::scene, "scene"},
}};

constexpr size_t kLongestTitle = 48;

}  // namespace

std::string_view edit_kind_name(EditKind kind) {
  for (const auto& [value, name] : kNames) {
    if (value == kind) return name;
  }
  throw Error(ErrorCode::internal, "an edit of no kind");
}

EditKind edit_kind(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& [value, word] : kNames) {
    if (word == name) return value;
    known.emplace_back(word);
  }
  throw Error(ErrorCode::config, "there is no kind of edit \"" + printable(name, 40) + "\"")
      .with_hint("known: " + join(known, ", "));
}

StrengthRange strength_range(EditKind kind) {
  if (kind == EditKind::enhance) return {0, 2};
  if (kind == EditKind::mask || kind == EditKind::scene) return {1, 1};
  return {-2, 2};
}

bool needs_search(EditKind kind) {
  return kind == EditKind::develop || kind == EditKind::face || kind == EditKind::mask;
}

std::string edit_phrase(const Edit& edit) {
  switch (edit.kind) {
    case EditKind::enhance:
      return {};
    case EditKind::develop:
      if (!edit.develop.to.empty()) return edit.develop.to;
      if (!edit.develop.like.empty()) return "like " + edit.develop.like.filename().string();
      return edit.develop.direction.stem().string();
    case EditKind::face:
      if (!edit.face.to.empty()) return edit.face.to;
      if (!edit.face.toward.empty()) return "like " + edit.face.toward.filename().string();
      return edit.face.direction.stem().string();
    case EditKind::mask:
      return edit.region.text;
    case EditKind::scene:
      return edit.scene.text;
  }
  return {};
}

namespace {

std::string scene_title(const Edit& edit) {
  const std::string text = printable(edit.scene.text, kLongestTitle);
  if (edit.scene.action == "isolate") return "Only " + text;
  if (edit.scene.action == "delete") return "Delete " + text;
  if (edit.scene.action == "recolour") {
    return "Recolour " + text + ": " + printable(edit.scene.colour, kLongestTitle);
  }
  return "Find " + text;
}

}  // namespace

std::string edit_title(const Edit& edit) {
  switch (edit.kind) {
    case EditKind::enhance:
      return "Enhance light";
    case EditKind::develop:
      return "Develop: " + printable(edit_phrase(edit), kLongestTitle);
    case EditKind::face:
      return "Face: " + printable(edit_phrase(edit), kLongestTitle);
    case EditKind::mask:
      return "Mask: " + printable(edit_phrase(edit), kLongestTitle);
    case EditKind::scene:
      return scene_title(edit);
  }
  return {};
}

}  // namespace vane
