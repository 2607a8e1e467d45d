// SPDX-License-Identifier: Apache-2.0
// What lies over the window for a moment: the command palette, files, questions, shortcuts.

#include <fmt/format.h>
#include <imgui_internal.h>
#include <misc/cpp/imgui_stdlib.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "gui/panels/app.h"
#include "gui/widgets/controls.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Whether the letters of `typed` come in `name` in their order.
bool fits(const std::string& name, const std::string& typed) {
  const std::string all = lower(name);
  size_t at = 0;
  for (const char c : lower(typed)) {
    if (c == ' ') continue;
    at = all.find(c, at);
    if (at == std::string::npos) return false;
    ++at;
  }
  return true;
}

bool begin_dialog(const char* name, float width, float height) {
  const ImGuiViewport* const viewport = ImGui::GetMainViewport();
  const ImVec2 room = viewport->WorkSize;
  ImGui::SetNextWindowPos({viewport->WorkPos.x + room.x / 2, viewport->WorkPos.y + room.y / 2},
                          ImGuiCond_Always, {0.5f, 0.5f});
  ImGui::SetNextWindowSize({std::min(em(width), room.x * 0.96f),
                            height > 0 ? std::min(em(height), room.y * 0.96f) : 0.f});
  return ImGui::BeginPopupModal(
      name, nullptr,
      ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings);
}

bool is_scene_name(const fs::path& path) {
  const std::string ending = lower(path.extension().string());
  return ending == ".ply" || ending == ".splat" || ending == ".spz" || ending == ".sog" ||
         ending == ".lang";
}

void list_folder(const fs::path& folder, std::vector<fs::path>& folders,
                 std::vector<fs::path>& files) {
  folders.clear();
  files.clear();
  std::error_code fault;
  for (fs::directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault)) {
    const fs::path& path = at->path();
    if (path.filename().string().starts_with('.')) continue;
    std::error_code ignored;
    if (at->is_directory(ignored)) {
      folders.push_back(path);
    } else if (is_picture_name(path) || is_raw_name(path) || is_scene_name(path) ||
               path.extension() == ".safetensors") {
      files.push_back(path);
    }
  }
  std::sort(folders.begin(), folders.end());
  std::sort(files.begin(), files.end());
}

fs::path folder_of(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) ? path : path.parent_path();
}

}  // namespace

void App::draw_palette() {
  if (std::exchange(open_palette_, false)) {
    palette_text_.clear();
    palette_choice_ = 0;
    ImGui::OpenPopup("Commands");
  }
  if (!begin_dialog("Commands", 30, 22)) return;
  if (ImGui::IsWindowAppearing()) ImGui::SetKeyboardFocusHere();
  ImGui::SetNextItemWidth(-1);
  if (ImGui::InputTextWithHint("##command", "what to do", &palette_text_)) palette_choice_ = 0;
  // The arrows choose a command; they do not leave the text.
  for (const ImGuiKey key : {ImGuiKey_UpArrow, ImGuiKey_DownArrow}) {
    ImGui::SetKeyOwner(key, ImGui::GetItemID());
  }
  const bool entered = ImGui::IsKeyPressed(ImGuiKey_Enter, false);
  std::vector<const Action*> found;
  for (const Action& action : actions_) {
    if (fits(action.name, palette_text_)) found.push_back(&action);
  }
  const int count = static_cast<int>(found.size());
  if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) ++palette_choice_;
  if (ImGui::IsKeyPressed(ImGuiKey_UpArrow)) --palette_choice_;
  palette_choice_ = count > 0 ? std::clamp(palette_choice_, 0, count - 1) : 0;
  const Action* due = nullptr;
  if (ImGui::BeginChild("Found", {0, 0})) {
    for (int i = 0; i < count; ++i) {
      const Action& action = *found[static_cast<size_t>(i)];
      const bool possible = action.possible();
      ImGui::BeginDisabled(!possible);
      const size_t slash = action.name.find('/');
      const std::string label =
          action.name.substr(0, slash) + ":  " + action.name.substr(slash + 1);
      const ImVec2 from = ImGui::GetCursorScreenPos();
      if (ImGui::Selectable(label.c_str(), i == palette_choice_)) due = &action;
      if (action.shortcut) {
        const char* const keys = ImGui::GetKeyChordName(action.shortcut);
        const float x = from.x + ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(keys).x;
        ImGui::GetWindowDrawList()->AddText({x, from.y}, ImGui::GetColorU32(colours().dim), keys);
      }
      if (i == palette_choice_ && ImGui::IsKeyPressed(ImGuiKey_DownArrow)) ImGui::SetScrollHereY();
      if (i == palette_choice_ && ImGui::IsKeyPressed(ImGuiKey_UpArrow)) ImGui::SetScrollHereY();
      ImGui::EndDisabled();
      if (entered && i == palette_choice_ && possible) due = &action;
    }
    if (count == 0) dim_text("No command is called like that.");
  }
  ImGui::EndChild();
  if (due || ImGui::IsKeyPressed(ImGuiKey_Escape)) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
  if (due) due->run();
}

void App::choose_file(const std::string& purpose, fs::path start,
                      std::function<void(const fs::path&)> use, bool folders) {
  if (start.empty()) {
    const char* const home = std::getenv("HOME");
    start = home && *home ? home : "/";
  }
  files_ = {purpose, start.string(), {}, {}, {}, folders, std::move(use)};
  open_files_ = true;
}

void App::draw_file_dialog() {
  if (std::exchange(open_files_, false)) ImGui::OpenPopup("Files");
  if (!begin_dialog("Files", 38, 28)) return;
  FileDialog& dialog = files_;
  heading(dialog.purpose.c_str());
  if (ImGui::IsWindowAppearing()) ImGui::SetKeyboardFocusHere();
  ImGui::SetNextItemWidth(-1);
  const bool entered = ImGui::InputTextWithHint("##path", "path", &dialog.path,
                                                ImGuiInputTextFlags_EnterReturnsTrue);
  const fs::path path = dialog.path;
  const fs::path folder = folder_of(path);
  if (folder != dialog.listed) {
    dialog.listed = folder;
    list_folder(folder, dialog.folders, dialog.files);
  }
  const float buttons = ImGui::GetFrameHeightWithSpacing() + em(0.3f);
  bool chosen = false;
  if (ImGui::BeginChild("Listing", {0, -buttons}, ImGuiChildFlags_Borders)) {
    if (folder.has_relative_path() && ImGui::Selectable("..")) {
      dialog.path = folder.parent_path().string();
    }
    for (const fs::path& entry : dialog.folders) {
      const std::string name = printable(entry.filename().string()) + "/";
      if (ImGui::Selectable(name.c_str())) dialog.path = entry.string();
    }
    for (const fs::path& entry : dialog.files) {
      if (dialog.for_folder) break;
      const std::string name = printable(entry.filename().string());
      if (ImGui::Selectable(name.c_str(), entry == path, ImGuiSelectableFlags_AllowDoubleClick)) {
        dialog.path = entry.string();
        chosen = ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left);
      }
    }
  }
  ImGui::EndChild();
  std::error_code ignored;
  const bool is_folder = fs::is_directory(path, ignored);
  const bool ready = !dialog.path.empty() && (dialog.for_folder == is_folder);
  const float width = em(7);
  ImGui::SetCursorPosX(ImGui::GetWindowWidth() - 2 * width - ImGui::GetStyle().WindowPadding.x -
                       ImGui::GetStyle().ItemSpacing.x);
  if (plain_button("Cancel", true, width) || ImGui::IsKeyPressed(ImGuiKey_Escape)) {
    ImGui::CloseCurrentPopup();
  }
  ImGui::SameLine();
  if ((primary_button("Choose", ready, width) || entered || chosen) && ready) {
    ImGui::CloseCurrentPopup();
    ImGui::EndPopup();
    const auto use = std::move(dialog.use);
    if (use && is_allowed(path)) use(path);
    return;
  }
  ImGui::EndPopup();
}

void App::draw_questions() {
  DocumentSession& torn = scene_.can_recover() ? static_cast<DocumentSession&>(scene_) : session_;
  if (torn.can_recover() && !ImGui::IsPopupOpen("Recover")) ImGui::OpenPopup("Recover");
  if (begin_dialog("Recover", 26, 0)) {
    heading("Edits that were not saved");
    dim_text("The last session with " + torn.name() +
             " ended without saving. Its steps were kept.");
    ImGui::Dummy({0, em(0.3f)});
    if (primary_button("Recover them", true, em(9))) {
      torn.recover(true);
      update_selection();
      ImGui::CloseCurrentPopup();
    }
    ImGui::SameLine();
    if (plain_button("Forget them", true, em(9))) {
      torn.recover(false);
      ImGui::CloseCurrentPopup();
    }
    ImGui::EndPopup();
  }
  if (std::exchange(ask_quit_, false)) ImGui::OpenPopup("Quit");
  if (begin_dialog("Quit", 26, 0)) {
    heading("Save the edits?");
    const auto named = [](const DocumentSession& one) { return one.unsaved() ? one.name() : ""; };
    const std::string both = session_.unsaved() && scene_.unsaved() ? " and " : "";
    dim_text(named(session_) + both + named(scene_) + (both.empty() ? " has" : " have") +
             " edits that are not saved.");
    ImGui::Dummy({0, em(0.3f)});
    const float width = em(7);
    if (primary_button("Save", true, width)) {
      if (session_.unsaved()) session_.save();
      if (scene_.unsaved()) scene_.save();
      if (!session_.unsaved() && !scene_.unsaved()) quit();
      ImGui::CloseCurrentPopup();
    }
    ImGui::SameLine();
    if (plain_button("Do not save", true, width)) {
      quit();
      ImGui::CloseCurrentPopup();
    }
    ImGui::SameLine();
    if (plain_button("Stay", true, width) || ImGui::IsKeyPressed(ImGuiKey_Escape)) {
      ImGui::CloseCurrentPopup();
    }
    ImGui::EndPopup();
  }
}

void App::draw_shortcut_list() {
  if (std::exchange(open_keys_, false)) ImGui::OpenPopup("Shortcuts");
  if (!begin_dialog("Shortcuts", 30, 30)) return;
  const float button = ImGui::GetFrameHeightWithSpacing();
  if (ImGui::BeginChild("Keys", {0, -button})) {
    if (ImGui::BeginTable("Table", 2, ImGuiTableFlags_RowBg)) {
      for (const Action& action : actions_) {
        if (!action.shortcut) continue;
        ImGui::TableNextRow();
        ImGui::TableNextColumn();
        ImGui::TextUnformatted(action.name.c_str() + action.name.find('/') + 1);
        ImGui::TableNextColumn();
        ImGui::PushStyleColor(ImGuiCol_Text, colours().dim);
        ImGui::TextUnformatted(ImGui::GetKeyChordName(action.shortcut));
        ImGui::PopStyleColor();
      }
      ImGui::TableNextRow();
      ImGui::TableNextColumn();
      ImGui::TextUnformatted("See what was before");
      ImGui::TableNextColumn();
      ImGui::TextUnformatted("hold Space");
      ImGui::EndTable();
    }
  }
  ImGui::EndChild();
  if (primary_button("Close", true, em(7)) || ImGui::IsKeyPressed(ImGuiKey_Escape)) {
    ImGui::CloseCurrentPopup();
  }
  ImGui::EndPopup();
}

}  // namespace vane
