// SPDX-License-Identifier: Apache-2.0
// Centre: the picture with its views, or what to do when there is none; the report of a batch.

#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "gui/panels/app.h"
#include "gui/widgets/controls.h"

namespace vane {
namespace {

void centred(const std::string& text) {
  const float width = ImGui::CalcTextSize(text.c_str()).x;
  const float room = ImGui::GetContentRegionAvail().x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.f, (room - width) / 2));
  ImGui::PushTextWrapPos(0);
  ImGui::TextUnformatted(text.c_str());
  ImGui::PopTextWrapPos();
}

/// The next control goes beside the last one when it fits.
void flow(const char* next) {
  const ImGuiStyle& style = ImGui::GetStyle();
  const float width = ImGui::CalcTextSize(next, nullptr, true).x + 2 * style.FramePadding.x;
  const float end = ImGui::GetItemRectMax().x + em(0.3f) + width;
  if (end < ImGui::GetWindowPos().x + ImGui::GetWindowWidth() - style.WindowPadding.x) {
    ImGui::SameLine(0, em(0.3f));
  }
}

}  // namespace

void App::draw_canvas_window() {
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(em(0.5f), em(0.5f)));
  const bool visible = ImGui::Begin(
      "Picture", nullptr, ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleVar();
  if (!visible) {
    ImGui::End();
    return;
  }
  if (workspace_ == Workspace::batch) {
    draw_batch_report();
  } else if (in_scene()) {
    draw_scene_canvas();
  } else if (!session_.is_open()) {
    draw_empty_state();
  } else {
    const auto view = [this](const char* label, CanvasView value, const char* doc) {
      if (toggle_button(label, canvas_.view == value, doc)) canvas_.view = value;
    };
    const auto overlay = [this](const char* label, CanvasOverlay value, const char* doc) {
      if (toggle_button(label, canvas_.overlay == value, doc)) {
        canvas_.overlay = canvas_.overlay == value ? CanvasOverlay::none : value;
      }
    };
    view("After", CanvasView::after, "The edited picture. Hold Space to see what was before.");
    flow("Split");
    view("Split", CanvasView::split, "Before and after, parted by a line to drag  (S)");
    flow("Side by side");
    view("Side by side", CanvasView::side_by_side, "Before and after beside each other  (B)");
    flow("Before");
    view("Before", CanvasView::before, "The photograph as it is");
    flow("Light map");
    overlay("Light map", CanvasOverlay::light,
            "Stops of light that Enhance adds: blue 0 to yellow 3  (L)");
    flow("Mask");
    overlay("Mask", CanvasOverlay::mask, "The selected mask in red  (M)");
    flow("Difference");
    overlay("Difference", CanvasOverlay::difference, "Ten times the change, around grey  (D)");
    flow("Fit");
    if (toggle_button("Fit", false, "Show all of it  (0)")) canvas_.fit();
    flow("1:1");
    if (toggle_button("1:1", false, "A pixel of the photograph on one of the display  (1)")) {
      canvas_.actual_size(session_.width());
    }
    const bool keyboard = ImGui::IsWindowFocused() && !ImGui::GetIO().WantTextInput &&
                          !ImGui::GetIO().KeyCtrl && !ImGui::GetIO().NavVisible;
    canvas_.draw(session_.width(), keyboard);
  }
  ImGui::End();
}

void App::draw_empty_state() {
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const float tile = std::clamp(room.x / 4.6f, em(6), em(14)), gap = em(0.8f);
  const int columns = std::max(1, std::min(static_cast<int>(samples_.size()),
                                           static_cast<int>((room.x + gap) / (tile + gap))));
  const int rows = (static_cast<int>(samples_.size()) + columns - 1) / std::max(columns, 1);
  const float height = em(7.5f) + static_cast<float>(rows) * (tile * 0.75f + em(2.2f));
  ImGui::Dummy({0, std::max(em(0.5f), (room.y - height) / 2)});
  {
    const BoldType bold;
    centred("Drop a photograph or a scene here");
  }
  ImGui::PushStyleColor(ImGuiCol_Text, colours().dim);
  centred("or open one, or begin with a sample");
  ImGui::PopStyleColor();
  ImGui::Dummy({0, em(0.3f)});
  const float button = em(11);
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.f, (room.x - button) / 2));
  if (primary_button("Open photograph…", true, button)) {
    choose_file("Open photograph", {}, [this](const std::filesystem::path& p) { open(p); });
  }
  ImGui::Dummy({0, em(0.8f)});
  const float row_width = static_cast<float>(columns) * (tile + gap) - gap;
  const float left = ImGui::GetCursorPosX() + std::max(0.f, (room.x - row_width) / 2);
  const float top = ImGui::GetCursorPosY();
  for (size_t i = 0; i < samples_.size(); ++i) {
    const auto column = static_cast<float>(static_cast<int>(i) % columns);
    const auto row = static_cast<float>(static_cast<int>(i) / columns);
    ImGui::SetCursorPos({left + column * (tile + gap), top + row * (tile * 0.75f + em(2.2f))});
    const std::string name = samples_[i].stem().string();
    const ImVec2 from = ImGui::GetCursorScreenPos();
    const ImVec2 size{tile, tile * 0.75f};
    const bool pressed =
        ImGui::InvisibleButton(("Sample " + name).c_str(), size, ImGuiButtonFlags_EnableNav);
    const bool hot = ImGui::IsItemHovered() || ImGui::IsItemFocused();
    ImDrawList* const list = ImGui::GetWindowDrawList();
    const ImVec2 to{from.x + size.x, from.y + size.y};
    if (i < sample_pictures_.size() && !sample_pictures_[i]->empty()) {
      const Texture& picture = *sample_pictures_[i];
      // The middle, cut to the frame's shape.
      const float shape =
          static_cast<float>(picture.width()) / static_cast<float>(picture.height());
      const float wanted = size.x / size.y;
      ImVec2 cut{0, 0};
      if (shape > wanted) cut.x = (1 - wanted / shape) / 2;
      if (shape < wanted) cut.y = (1 - shape / wanted) / 2;
      list->AddImageRounded(picture.ref(), from, to, cut, {1 - cut.x, 1 - cut.y}, IM_COL32_WHITE,
                            em(0.4f));
    }
    list->AddRect(from, to, ImGui::GetColorU32(hot ? colours().accent : colours().line), em(0.4f),
                  hot ? em(0.15f) : 1.f);
    const ImVec2 text = ImGui::CalcTextSize(name.c_str());
    list->AddText({from.x + (size.x - text.x) / 2, to.y + em(0.3f)},
                  ImGui::GetColorU32(colours().dim), name.c_str());
    if (pressed) {
      try {
        open(own_copy_of_sample(samples_[i]));
      } catch (const Error& problem) {
        session_.notify(Notice::Kind::error, problem.what());
      }
      return;
    }
  }
}

}  // namespace vane
