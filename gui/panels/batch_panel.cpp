// SPDX-License-Identifier: Apache-2.0
// The workspace for folders: what to enhance and how, and what came of it.

#include <fmt/format.h>
#include <imgui.h>
#include <misc/cpp/imgui_stdlib.h>

#include "engine/base/text.h"
#include "gui/panels/app.h"
#include "gui/widgets/controls.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

}  // namespace

void App::draw_batch_controls() {
  heading("Enhance a folder");
  small_label("Photographs from");
  const float browse = em(2.2f);
  ImGui::SetNextItemWidth(-browse - ImGui::GetStyle().ItemSpacing.x);
  ImGui::InputTextWithHint("##folder", "folder", &batch_folder_);
  hint("Every photograph in it is enhanced; the folder itself is never written to");
  ImGui::SameLine();
  if (ImGui::Button("…##choose-folder", {browse, 0})) {
    choose_file(
        "Folder of photographs", batch_folder_,
        [this](const fs::path& path) {
          batch_folder_ = path.string();
          batch_output_ = (path / "enhanced").string();
        },
        true);
  }
  hint("Choose a folder");
  small_label("Results to");
  ImGui::SetNextItemWidth(-1);
  ImGui::InputTextWithHint("##output", "folder", &batch_output_);
  small_label("Strength");
  number_slider("##batch-strength", batch_.strength, 0, 2, 1,
                "How much of the light that each photograph lacks");
  ImGui::Checkbox("Folders below, too", &batch_.recursive);
  ImGui::Checkbox("Leave what is there already", &batch_.skip_existing);
  hint("Off: results that are there are made again");
  batch_.folder = batch_folder_;
  batch_.output = batch_output_;
  std::error_code ignored;
  const bool ready =
      !session_.busy() && fs::is_directory(batch_.folder, ignored) && !batch_.output.empty();
  ImGui::Dummy({0, em(0.3f)});
  if (primary_button("Start batch", ready, -1) && is_allowed(batch_.output)) {
    session_.enhance_folder(batch_);
  }
  if (plain_button("Copy as command", ready, -1)) copy_command();
  if (!batch_folder_.empty() && !fs::is_directory(batch_.folder, ignored)) {
    dim_text("There is no such folder.");
  }
}

void App::draw_batch_report() {
  const std::optional<EnhanceResult>& result = session_.batch();
  if (!result) {
    ImGui::Dummy({0, ImGui::GetContentRegionAvail().y / 2 - em(2)});
    const char* const line = session_.busy() ? "Working; the report comes at the end"
                                             : "Choose a folder and start; the report comes here";
    const float room = ImGui::GetContentRegionAvail().x;
    ImGui::SetCursorPosX(ImGui::GetCursorPosX() +
                         std::max(0.f, (room - ImGui::CalcTextSize(line).x) / 2));
    ImGui::PushTextWrapPos(0);
    small_label(line);
    ImGui::PopTextWrapPos();
    return;
  }
  heading(fmt::format("{} enhanced   {} skipped   {} failed", result->ok, result->skipped,
                      result->failed)
              .c_str());
  constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_RowBg | ImGuiTableFlags_ScrollY |
                                     ImGuiTableFlags_BordersInnerH | ImGuiTableFlags_Resizable;
  if (!ImGui::BeginTable("Report", 5, kFlags)) return;
  ImGui::TableSetupScrollFreeze(0, 1);
  ImGui::TableSetupColumn("Photograph", ImGuiTableColumnFlags_WidthStretch, 3);
  ImGui::TableSetupColumn("Outcome", ImGuiTableColumnFlags_WidthStretch, 2);
  ImGui::TableSetupColumn("Strength", ImGuiTableColumnFlags_WidthStretch, 1);
  ImGui::TableSetupColumn("Luma before", ImGuiTableColumnFlags_WidthStretch, 1.2f);
  ImGui::TableSetupColumn("after", ImGuiTableColumnFlags_WidthStretch, 1);
  ImGui::TableHeadersRow();
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(result->files.size()));
  while (clipper.Step()) {
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const EnhancedFile& file = result->files[static_cast<size_t>(i)];
      ImGui::TableNextRow();
      ImGui::TableNextColumn();
      ImGui::TextUnformatted(printable(fs::path(file.input).filename().string()).c_str());
      hint(file.input + "\n-> " + file.output);
      ImGui::TableNextColumn();
      const bool failed = file.status == "failed";
      ImGui::PushStyleColor(ImGuiCol_Text, failed                ? colours().bad
                                           : file.status == "ok" ? colours().good
                                                                 : colours().dim);
      ImGui::TextUnformatted(file.status.c_str());
      ImGui::PopStyleColor();
      if (failed) hint(file.error);
      const auto number = [](double value, const char* unit) {
        ImGui::TableNextColumn();
        ImGui::TextUnformatted(fmt::format("{:.2f}{}", value, unit).c_str());
      };
      number(file.strength, "");
      number(file.luma_before, "");
      number(file.luma_after, "");
    }
  }
  ImGui::EndTable();
}

}  // namespace vane
