// SPDX-License-Identifier: Apache-2.0
// The menu bar with the workspaces, and the status bar.

#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>

#include "engine/base/text.h"
#include "gui/panels/app.h"
#include "gui/widgets/controls.h"

namespace vane {
namespace {

struct WorkspaceTab {
  Workspace workspace;
  const char *label, *doc;
};
constexpr WorkspaceTab kTabs[] = {
    {Workspace::photo, "Photo", "Enhance a photograph and develop it by phrases  (Ctrl+1)"},
    {Workspace::face, "Face", "Change a face of the photograph by phrases  (Ctrl+2)"},
    {Workspace::scene, "Scene",
     "Look around a scene of Gaussians and ask where a thing is  (Ctrl+3)"},
    {Workspace::batch, "Batch", "Enhance a folder of photographs  (Ctrl+4)"},
};

const ImVec4& notice_colour(Notice::Kind kind) {
  switch (kind) {
    case Notice::Kind::good:
      return colours().good;
    case Notice::Kind::warning:
      return colours().warning;
    case Notice::Kind::error:
      return colours().bad;
    case Notice::Kind::info:
      break;
  }
  return colours().dim;
}

}  // namespace

void App::draw_menu_bar() {
  if (!ImGui::BeginMainMenuBar()) return;
  std::string open_menu;
  bool is_open = false;
  for (const Action& action : actions_) {
    const size_t slash = action.name.find('/');
    const std::string menu = action.name.substr(0, slash);
    if (menu != open_menu) {
      if (is_open) ImGui::EndMenu();
      open_menu = menu;
      is_open = menu != "Workspace" && ImGui::BeginMenu(menu.c_str());
    }
    if (!is_open) continue;
    const std::string keys =
        action.shortcut ? ImGui::GetKeyChordName(action.shortcut) : std::string();
    if (ImGui::MenuItem(action.name.c_str() + slash + 1, keys.empty() ? nullptr : keys.c_str(),
                        false, action.possible())) {
      action.run();
    }
  }
  if (is_open) ImGui::EndMenu();
  ImGui::Dummy({em(1), 0});
  for (const WorkspaceTab& tab : kTabs) {
    const bool now = workspace_ == tab.workspace;
    ImGui::PushStyleColor(ImGuiCol_Text, now ? colours().accent : colours().dim);
    const ImVec2 size{ImGui::CalcTextSize(tab.label).x, 0};
    const bool pressed = ImGui::MenuItem(tab.label, nullptr, false, true);
    ImGui::PopStyleColor();
    if (now) {
      const ImVec2 low = ImGui::GetItemRectMin(), high = ImGui::GetItemRectMax();
      const float middle = (low.x + high.x) / 2;
      ImGui::GetWindowDrawList()->AddRectFilled({middle - size.x / 2, high.y - em(0.15f)},
                                                {middle + size.x / 2, high.y},
                                                ImGui::GetColorU32(colours().accent));
    }
    hint(tab.doc);
    if (pressed) set_workspace(tab.workspace);
  }
  ImGui::EndMainMenuBar();
}

void App::draw_status_bar() {
  const float height = ImGui::GetFrameHeight();
  if (!ImGui::BeginViewportSideBar("##Status", nullptr, ImGuiDir_Down, height,
                                   ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_MenuBar |
                                       ImGuiWindowFlags_NoSavedSettings)) {
    ImGui::End();
    return;
  }
  if (ImGui::BeginMenuBar()) {
    std::string right;
    if (in_scene() && scene_.is_open()) {
      const int64_t left = scene_.stage().cloud->size();
      right = fmt::format("{} Gaussians   {:.0f} ms{}", left, scene_.picture_ms(),
                          scene_.is_draft() ? " (draft)" : "");
      if (left != scene_.gaussians()) {
        right = fmt::format("{} of {}", left,
                            right.replace(0, right.find(' '), std::to_string(scene_.gaussians())));
      }
    } else if (session_.is_open() &&
               (workspace_ == Workspace::photo || workspace_ == Workspace::face)) {
      right = fmt::format("{} x {}   {}", session_.width(), session_.height(), canvas_.read_out());
      if (session_.previewing()) right = "updating…   " + right;
    }
    const float right_width = ImGui::CalcTextSize(right.c_str()).x + em(0.5f);
    const float left_width = ImGui::GetContentRegionAvail().x - right_width - em(1);
    if (!document().notices().empty() && left_width > em(4)) {
      const Notice& last = document().notices().back();
      const std::string prefix = last.kind == Notice::Kind::error     ? "Error: "
                                 : last.kind == Notice::Kind::warning ? "Note: "
                                                                      : "";
      const std::string line = prefix + last.text;
      const ImVec2 from = ImGui::GetCursorScreenPos();
      ImGui::PushStyleColor(ImGuiCol_Text, notice_colour(last.kind));
      ImGui::RenderTextEllipsis(
          ImGui::GetWindowDrawList(), from + ImVec2(0, ImGui::GetStyle().FramePadding.y),
          from + ImVec2(left_width, height), from.x + left_width, line.c_str(), nullptr, nullptr);
      ImGui::PopStyleColor();
      ImGui::Dummy({left_width, ImGui::GetTextLineHeight()});
      hint(line);
    } else {
      ImGui::Dummy({std::max(left_width, 1.f), 1});
    }
    ImGui::PushStyleColor(ImGuiCol_Text, colours().dim);
    ImGui::TextUnformatted(right.c_str());
    ImGui::PopStyleColor();
    ImGui::EndMenuBar();
  }
  ImGui::End();
}

}  // namespace vane
