// SPDX-License-Identifier: Apache-2.0
// The workspace for scenes: what to look for, what was found and what becomes of it, the view.

#include <fmt/format.h>
#include <imgui_internal.h>
#include <misc/cpp/imgui_stdlib.h>

#include "engine/base/text.h"
#include "generators/splats/splat_recolour.h"
#include "gui/panels/app.h"
#include "gui/widgets/controls.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// What became of a question, in words.
std::string finding_words(const Edit& edit, const SceneFinding* finding, bool has_field) {
  if (!has_field) return "The scene cannot be asked yet.";
  if (!finding) return "Waits for the edits before it.";
  if (!finding->problem.empty()) return finding->problem;
  if (!finding->known) return "Looking for it…";
  if (!finding->present) {
    return fmt::format(
        "It is not there: relevancy {:.2f}, {:.2f} would be needed. Another word may fit better.",
        finding->score, edit.scene.threshold);
  }
  const char* const level = finding->level == "s"   ? "a part"
                            : finding->level == "l" ? "a group"
                                                    : "a thing";
  return fmt::format("{} Gaussians, {}, relevancy {:.2f}", finding->selected->size(), level,
                     finding->score);
}

std::string hex_of(const float* rgb) {
  const auto byte = [](float part) { return static_cast<int>(255 * part + 0.5f); };
  return fmt::format("#{:02x}{:02x}{:02x}", byte(rgb[0]), byte(rgb[1]), byte(rgb[2]));
}

}  // namespace

void App::add_scene_query() {
  if (thing_.empty() || !scene_.is_open()) return;
  Edit edit;
  edit.kind = EditKind::scene;
  edit.scene.text = trimmed(thing_);
  for (const std::string& part : split(not_thing_, ';')) {
    if (!trimmed(part).empty()) edit.scene.negative.push_back(trimmed(part));
  }
  selected_thing_ = scene_.add(edit);
  thing_.clear();
}

void App::act_on_scene(const Edit& edit, const std::string& action) {
  Edit changed = edit;
  // Pressed again, it is taken back.
  changed.scene.action = edit.scene.action == action ? "show" : action;
  selected_thing_ = edit.id;
  scene_.change(changed, edit_title(changed));
}

void App::export_selection() {
  const int64_t edit = selected_thing_;
  const fs::path scene = scene_.places().photo;
  choose_file("Export selection", scene.parent_path() / (scene.stem().string() + "-selection.ply"),
              [this, edit](const fs::path& path) { scene_.export_selection(edit, path); });
}

void App::draw_scene_controls() {
  draw_scene_box();
  draw_scene_list();
}

void App::draw_scene_box() {
  heading("Find in the scene");
  if (!scene_.is_open()) {
    dim_text("Open a scene of Gaussian splats first: Ctrl+Shift+O, or drop one here.");
    return;
  }
  if (!scene_.has_field()) {
    draw_lift_box();
    ImGui::Dummy({0, em(0.2f)});
    ImGui::Separator();
    return;
  }
  if (std::exchange(focus_phrase_, false)) ImGui::SetKeyboardFocusHere();
  ImGui::SetNextItemWidth(-1);
  bool entered = ImGui::InputTextWithHint("##thing", "a red mug", &thing_,
                                          ImGuiInputTextFlags_EnterReturnsTrue);
  hint("What to look for. Enter looks for it.  (Ctrl+L)");
  ImGui::SetNextItemWidth(-1);
  entered |= ImGui::InputTextWithHint("##not", "not: a table; a plate", &not_thing_,
                                      ImGuiInputTextFlags_EnterReturnsTrue);
  hint("What it is not: it must beat these too. Parted by ;");
  const bool ready = !thing_.empty();
  if ((primary_button("Find", ready, -1) || entered) && ready) add_scene_query();
  ImGui::Dummy({0, em(0.2f)});
  ImGui::Separator();
}

void App::draw_lift_box() {
  dim_text(
      "Nobody told this scene what its parts are. A language field is made once from the "
      "photographs that it was made of, with their cameras (vane lift).");
  if (dataset_.empty()) dataset_ = scene_.dataset().string();
  const float browse = em(2.2f);
  ImGui::SetNextItemWidth(-browse - ImGui::GetStyle().ItemSpacing.x);
  if (ImGui::InputTextWithHint("##dataset", "folder of the photographs", &dataset_)) {
    scene_.set_dataset(dataset_);
  }
  hint("A COLMAP project, or a folder with transforms.json");
  ImGui::SameLine();
  if (ImGui::Button("…##choose-dataset", {browse, 0})) {
    choose_file(
        "Photographs of the scene", dataset_,
        [this](const fs::path& path) {
          dataset_ = path.string();
          scene_.set_dataset(path);
        },
        true);
  }
  hint("Choose a folder");
  std::error_code ignored;
  const bool ready = !scene_.busy() && fs::is_directory(scene_.dataset(), ignored);
  if (primary_button("Lift", ready, -1)) scene_.lift();
  hint("Minutes; it can be stopped. Leaves a file .lang beside the scene");
}

void App::draw_scene_list() {
  if (!scene_.is_open()) return;
  heading("Things");
  if (scene_.stack().empty()) {
    dim_text(scene_.has_field() ? "None yet. Type what to look for."
                                : "None yet. The scene has to be lifted first.");
    return;
  }
  // A change replaces the stack while it is walked along.
  const EditStack stack = scene_.stack();
  if (ImGui::BeginChild("Stack", {0, 0})) {
    for (const EditStack::Entry& edit : stack.edits()) {
      if (edit->kind == EditKind::scene) draw_scene_card(*edit);
    }
  }
  ImGui::EndChild();
}

void App::draw_scene_card(const Edit& edit) {
  ImGui::PushID(static_cast<int>(edit.id));
  const bool is_selected = edit.id == selected_thing_;
  ImGui::PushStyleColor(
      ImGuiCol_ChildBg,
      ImGui::GetStyleColorVec4(is_selected ? ImGuiCol_Header : ImGuiCol_TableRowBgAlt));
  const bool visible = ImGui::BeginChild(
      "Card", {0, 0}, ImGuiChildFlags_AutoResizeY | ImGuiChildFlags_AlwaysUseWindowPadding);
  if (visible) {
    bool on = edit.enabled;
    if (ImGui::Checkbox("##on", &on)) {
      Edit changed = edit;
      changed.enabled = on;
      scene_.change(changed, (on ? "Switch on " : "Switch off ") + edit_title(edit));
    }
    hint("On or off  (Ctrl+D)");
    ImGui::SameLine();
    const float width = ImGui::GetContentRegionAvail().x - ImGui::GetFrameHeight() - em(0.3f);
    const ImVec2 from = ImGui::GetCursorScreenPos();
    if (ImGui::InvisibleButton("Select", {std::max(width, em(1)), ImGui::GetFrameHeight()})) {
      selected_thing_ = edit.id;
    }
    const std::string title = edit_title(edit);
    hint(title + "\nPoint the view at it");
    ImGui::RenderTextEllipsis(ImGui::GetWindowDrawList(),
                              from + ImVec2(0, ImGui::GetStyle().FramePadding.y),
                              from + ImVec2(width, ImGui::GetFrameHeight()), from.x + width,
                              title.c_str(), nullptr, nullptr);
    ImGui::SameLine(0, em(0.3f));
    if (ImGui::Button("x##remove", {ImGui::GetFrameHeight(), 0})) scene_.remove(edit.id);
    hint("Forget it  (Delete)");
    const SceneFinding* finding = scene_.stage().finding(edit.id);
    dim_text(finding_words(edit, finding, scene_.has_field()));
    if (is_selected) draw_scene_actions(edit, finding);
  }
  ImGui::EndChild();
  ImGui::PopStyleColor();
  ImGui::PopID();
}

void App::draw_scene_actions(const Edit& edit, const SceneFinding* finding) {
  if (finding && !finding->problem.empty()) {
    if (plain_button("Ask again", !scene_.busy(), -1)) scene_.ask_again();
    hint("(Ctrl+R)");
    return;
  }
  if (!finding || !finding->known) return;
  double threshold = edit.scene.threshold;
  const Change change =
      number_slider("##threshold", threshold, 0, 1, SceneParameters().threshold,
                    "Threshold: what has less relevancy is not there. Nothing is asked anew");
  if (change.changed) {
    Edit changed = edit;
    changed.scene.threshold = threshold;
    scene_.change(changed, "Threshold of " + edit.scene.text, "threshold");
  }
  if (change.finished) scene_.end_drag();
  const float gap = em(0.3f);
  const float half = (ImGui::GetContentRegionAvail().x - gap) / 2;
  ImGui::BeginDisabled(!finding->present);
  const auto action = [&](const char* label, const char* word, const char* doc) {
    const bool is_on = edit.scene.action == word;
    if (is_on) ImGui::PushStyleColor(ImGuiCol_Text, colours().accent);
    if (ImGui::Button(label, {half, 0})) act_on_scene(edit, word);
    if (is_on) ImGui::PopStyleColor();
    hint(doc);
  };
  action("Isolate", "isolate", "Leave nothing else. Once more takes it back");
  ImGui::SameLine(0, gap);
  action("Delete", "delete", "Leave everything else. Once more takes it back");
  action("Recolour", "recolour", "Another colour, shading kept. Once more takes it back");
  ImGui::EndDisabled();
  ImGui::SameLine(0, gap);
  ImGui::BeginDisabled(!finding->present || scene_.busy());
  if (ImGui::Button("Export…", {half, 0})) export_selection();
  hint("Writes only what was found (vane query --select)  (Ctrl+Shift+X)");
  ImGui::EndDisabled();
  if (edit.scene.action != "recolour") return;
  std::array<float, 3> colour{};
  try {
    colour = colour_named(edit.scene.colour);
  } catch (const std::exception&) {
    return;  // the card says so
  }
  ImGui::SetNextItemWidth(-1);
  if (ImGui::ColorEdit3("##colour", colour.data(),
                        ImGuiColorEditFlags_DisplayHex | ImGuiColorEditFlags_PickerHueWheel)) {
    Edit changed = edit;
    changed.scene.colour = hex_of(colour.data());
    scene_.change(changed, "Colour of " + edit.scene.text, "colour");
  }
  if (ImGui::IsItemDeactivatedAfterEdit()) scene_.end_drag();
}

void App::draw_scene_canvas() {
  if (!scene_.is_open()) {
    ImGui::Dummy({0, std::max(em(1), ImGui::GetContentRegionAvail().y / 2 - em(4))});
    const float room = ImGui::GetContentRegionAvail().x, button = em(11);
    const auto middle = [room](float width) {
      ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.f, (room - width) / 2));
    };
    const char* const line =
        scene_.busy() ? "Reading the scene" : "Drop a scene of Gaussian splats here";
    middle(ImGui::CalcTextSize(line).x);
    ImGui::TextUnformatted(line);
    const char* const formats = ".ply  .splat  .spz  .sog";
    middle(ImGui::CalcTextSize(formats).x);
    dim_text(formats);
    ImGui::Dummy({0, em(0.3f)});
    middle(button);
    if (primary_button("Open scene…", !scene_.busy(), button)) {
      choose_file("Open scene", {}, [this](const fs::path& path) { open(path); });
    }
    return;
  }
  const float gap = em(0.3f);
  const auto overlay = [this](const char* label, SceneOverlay value, const char* doc) {
    if (toggle_button(label, scene_.overlay == value, doc)) {
      scene_.overlay = scene_.overlay == value ? SceneOverlay::none : value;
    }
  };
  const auto look = [this](const char* label, SceneLook value, const char* doc) {
    if (toggle_button(label, scene_.look == value, doc)) {
      scene_.look = scene_.look == value ? SceneLook::colours : value;
    }
  };
  overlay("Heat", SceneOverlay::heat, "How relevant each place is: blue little, red most  (H)");
  ImGui::SameLine(0, gap);
  overlay("Selection", SceneOverlay::selection, "What was found, all else dimmed  (X)");
  ImGui::SameLine(0, gap);
  look("Depth", SceneLook::depth, "Near is bright");
  ImGui::SameLine(0, gap);
  look("Normals", SceneLook::normals, "Directions of surfaces");
  ImGui::SameLine(0, gap);
  if (toggle_button("Reset view", false, "Where the scene was first seen from  (Home)")) {
    scene_.camera.reset();
  }
  ImGui::SameLine(0, em(0.8f));
  if (ImGui::GetContentRegionAvail().x > em(6)) {
    ImGui::SetNextItemWidth(std::min(em(9), ImGui::GetContentRegionAvail().x));
    auto opacity = static_cast<float>(100 * scene_.opacity);
    if (ImGui::SliderFloat("##opacity", &opacity, 0, 100, "overlay %.0f %%",
                           ImGuiSliderFlags_AlwaysClamp)) {
      scene_.opacity = static_cast<double>(opacity) / 100;
    }
    hint("Opacity of what is laid over the scene");
  } else {
    ImGui::NewLine();
  }
  scene_canvas_.draw(scene_, selected_thing_);
}

}  // namespace vane
