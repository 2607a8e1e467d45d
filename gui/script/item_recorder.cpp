// SPDX-License-Identifier: Apache-2.0
#include "gui/script/item_recorder.h"

#include <imgui_internal.h>

#include <algorithm>

#include "engine/base/text.h"

namespace vane {
namespace {

ItemRecorder* listener = nullptr;

std::string visible_part(const std::string& label) {
  const size_t cut = label.find("##");
  return cut == std::string::npos || cut == 0 ? label : label.substr(0, cut);
}

}  // namespace

ItemRecorder::ItemRecorder() {
  listener = this;
  ImGui::GetCurrentContext()->TestEngineHookItems = true;
}

ItemRecorder::~ItemRecorder() {
  ImGui::GetCurrentContext()->TestEngineHookItems = false;
  listener = nullptr;
}

void ItemRecorder::begin_frame() {
  last_.swap(now_);
  now_.clear();
}

void ItemRecorder::add(ImGuiID id, ImVec2 from, ImVec2 to) { now_.push_back({id, {}, from, to}); }

void ItemRecorder::name(ImGuiID id, const char* label) {
  for (auto item = now_.rbegin(); item != now_.rend(); ++item) {
    if (item->id != id) continue;
    item->label = label;
    return;
  }
}

const RecordedItem* ItemRecorder::find(const std::string& label) const {
  std::string wanted = label;
  long long skip = 0;
  if (const size_t at = label.rfind('@'); at != std::string::npos && at > 0) {
    if (const auto number = parse_integer(std::string_view(label).substr(at + 1))) {
      skip = *number - 1;
      wanted = label.substr(0, at);
    }
  }
  for (const RecordedItem& item : last_) {
    if (item.label.empty() || (item.label != wanted && visible_part(item.label) != wanted))
      continue;
    if (item.to.x - item.from.x < 1 || item.to.y - item.from.y < 1) continue;
    if (skip-- == 0) return &item;
  }
  return nullptr;
}

std::string ItemRecorder::known() const {
  std::vector<std::string> labels;
  for (const RecordedItem& item : last_) {
    if (!item.label.empty()) labels.push_back(item.label);
  }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return join(labels, ", ");
}

}  // namespace vane

// What Dear ImGui calls when it is built with IMGUI_ENABLE_TEST_ENGINE.
void ImGuiTestEngineHook_ItemAdd(ImGuiContext*, ImGuiID id, const ImRect& box,
                                 const ImGuiLastItemData*) {
  if (vane::listener && id != 0) vane::listener->add(id, box.Min, box.Max);
}

void ImGuiTestEngineHook_ItemInfo(ImGuiContext*, ImGuiID id, const char* label,
                                  ImGuiItemStatusFlags) {
  if (vane::listener && label) vane::listener->name(id, label);
}

void ImGuiTestEngineHook_Log(ImGuiContext*, const char*, ...) {}

const char* ImGuiTestEngine_FindItemDebugLabel(ImGuiContext*, ImGuiID) { return nullptr; }
