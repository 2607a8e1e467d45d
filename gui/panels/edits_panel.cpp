// SPDX-License-Identifier: Apache-2.0
// Left: what to do next, and the stack of edits.

#include <fmt/format.h>
#include <imgui_internal.h>
#include <misc/cpp/imgui_stdlib.h>

#include "engine/base/text.h"
#include "gui/panels/app.h"
#include "gui/widgets/controls.h"

namespace vane {
namespace {

const char* kind_doc(EditKind kind) {
  switch (kind) {
    case EditKind::enhance:
      return "Adds light where it is missing (vane enhance)";
    case EditKind::develop:
      return "Moves the settings of the photograph towards a phrase (vane edit)";
    case EditKind::face:
      return "Moves a face of the photograph towards a phrase (vane edit --generator faces)";
    case EditKind::mask:
      return "Where something is, for other edits to be limited to (vane segment)";
    case EditKind::scene:
      return "Where in the scene something is, and what becomes of it (vane query)";
  }
  return "";
}

std::string mask_name(const Edit& mask) {
  return fmt::format("{} (#{})", printable(mask.region.text, 30), mask.id);
}

}  // namespace

void App::draw_edits() {
  if (!ImGui::Begin("Edits")) {
    ImGui::End();
    return;
  }
  if (workspace_ == Workspace::batch) {
    draw_batch_controls();
  } else if (in_scene()) {
    draw_scene_controls();
  } else {
    draw_phrase_box();
    draw_edit_list();
  }
  ImGui::End();
}

void App::draw_phrase_box() {
  const bool face = workspace_ == Workspace::face;
  const bool open = session_.is_open();
  std::string& phrase = face ? face_phrase_ : phrase_;
  heading(face ? "Change a face" : "Change the photograph");
  ImGui::BeginDisabled(!open);
  if (std::exchange(focus_phrase_, false) && open) ImGui::SetKeyboardFocusHere();
  ImGui::SetNextItemWidth(-1);
  const bool entered = ImGui::InputTextWithHint(
      face ? "##face-phrase" : "##phrase", face ? "a smiling person" : "warm, soft evening light",
      &phrase, ImGuiInputTextFlags_EnterReturnsTrue);
  hint(face ? "What the person should become. Enter applies it.  (Ctrl+L)"
            : "What the picture should become. Enter applies it.  (Ctrl+L)");
  ImGui::EndDisabled();
  const bool ready = open && !phrase.empty() && !session_.busy();
  if ((primary_button("Apply phrase", ready, -1) || entered) && ready) add_phrase_edit();
  if (face) {
    dim_text(
        "The largest face is found, brought into the generator's latents and moved there. "
        "It needs the faces generator: ./setup.sh --get faces");
    if (plain_button("Mix with a portrait…", open && !session_.busy(), -1)) {
      choose_file("Portrait to mix with", session_.places().photo.parent_path(),
                  [this](const std::filesystem::path& portrait) { add_face_mix(portrait); });
    }
    hint(
        "Goes towards the largest face of another photograph; Properties says which levels of it "
        "are taken over");
  } else {
    const ButtonPair pair("Enhance light", "Add mask…");
    if (plain_button("Enhance light", open, pair.width)) add_enhance();
    hint(std::string(kind_doc(EditKind::enhance)) + "  (Ctrl+Shift+E)");
    pair.next();
    if (plain_button("Add mask…", open && !session_.busy(), pair.width)) {
      ImGui::OpenPopup("New mask");
    }
    hint(kind_doc(EditKind::mask));
  }
  if (ImGui::BeginPopup("New mask")) {
    if (ImGui::IsWindowAppearing()) ImGui::SetKeyboardFocusHere();
    ImGui::SetNextItemWidth(em(16));
    const bool done = ImGui::InputTextWithHint("##mask-phrase", "the sky", &mask_phrase_,
                                               ImGuiInputTextFlags_EnterReturnsTrue);
    ImGui::SameLine();
    if (primary_button("Find", !mask_phrase_.empty()) || (done && !mask_phrase_.empty())) {
      add_mask(mask_phrase_);
      mask_phrase_.clear();
      ImGui::CloseCurrentPopup();
    }
    ImGui::EndPopup();
  }
  ImGui::Dummy({0, em(0.2f)});
  ImGui::Separator();
}

void App::draw_edit_list() {
  heading("Edits");
  if (!session_.is_open()) {
    dim_text("Open a photograph first: Ctrl+O, drop one here, or take a sample.");
    return;
  }
  if (session_.stack().empty()) {
    dim_text("None yet. Type a phrase, or add light.");
    return;
  }
  // A change replaces the stack while it is walked along.
  const EditStack stack = session_.stack();
  if (ImGui::BeginChild("Stack", {0, 0})) {
    for (size_t i = 0; i < stack.size(); ++i) draw_edit_card(*stack.edits()[i], i);
  }
  ImGui::EndChild();
}

void App::draw_edit_card(const Edit& edit, size_t position) {
  ImGui::PushID(static_cast<int>(edit.id));
  const bool is_selected = edit.id == selected_;
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
      session_.change(changed, (on ? "Switch on " : "Switch off ") + edit_title(edit));
    }
    hint("On or off  (Ctrl+D)");
    ImGui::SameLine();
    const float buttons = 3 * ImGui::GetFrameHeight() + 2 * em(0.2f);
    const float width = ImGui::GetContentRegionAvail().x - buttons - em(0.3f);
    const ImVec2 from = ImGui::GetCursorScreenPos();
    if (ImGui::InvisibleButton("Select", {std::max(width, em(1)), ImGui::GetFrameHeight()})) {
      selected_ = edit.id;
      shown_pictures_ = ~uint64_t{0};
    }
    hint(edit_title(edit) + "\n" + kind_doc(edit.kind));
    const std::string title = edit_title(edit);
    if (!edit.enabled) ImGui::PushStyleColor(ImGuiCol_Text, colours().dim);
    ImGui::RenderTextEllipsis(ImGui::GetWindowDrawList(),
                              from + ImVec2(0, ImGui::GetStyle().FramePadding.y),
                              from + ImVec2(width, ImGui::GetFrameHeight()), from.x + width,
                              title.c_str(), nullptr, nullptr);
    if (!edit.enabled) ImGui::PopStyleColor();
    ImGui::SameLine(0, em(0.3f));
    ImGui::BeginDisabled(position == 0);
    if (ImGui::ArrowButton("Up", ImGuiDir_Up)) session_.move(edit.id, -1);
    hint("Earlier  (Ctrl+Up)");
    ImGui::EndDisabled();
    ImGui::SameLine(0, em(0.2f));
    ImGui::BeginDisabled(position + 1 >= session_.stack().size());
    if (ImGui::ArrowButton("Down", ImGuiDir_Down)) session_.move(edit.id, 1);
    hint("Later  (Ctrl+Down)");
    ImGui::EndDisabled();
    ImGui::SameLine(0, em(0.2f));
    if (ImGui::Button("x##remove", {ImGui::GetFrameHeight(), 0})) session_.remove(edit.id);
    hint("Remove  (Delete)");

    const bool lacks = needs_search(edit.kind) && edit.found.empty();
    if (lacks) {
      if (plain_button("Search", !session_.busy(), -1)) session_.search(edit.id);
      hint("Nothing was found for it yet  (Ctrl+R)");
    } else if (edit.kind != EditKind::mask) {
      const StrengthRange range = strength_range(edit.kind);
      double strength = edit.strength;
      const Change change = number_slider("##strength", strength, range.least, range.most, 1,
                                          "Strength: 0 changes nothing, 1 is what was asked for");
      if (change.changed) {
        selected_ = edit.id;
        Edit changed = edit;
        changed.strength = strength;
        session_.change(changed, "Strength of " + edit_title(edit), "strength");
      }
      if (change.finished) session_.end_drag();
    }
    if (edit.kind != EditKind::mask) draw_mask_choice(edit);
  }
  ImGui::EndChild();
  ImGui::PopStyleColor();
  ImGui::PopID();
}

void App::draw_mask_choice(const Edit& edit) {
  const EditStack& stack = session_.stack();
  const bool any = std::any_of(stack.edits().begin(), stack.edits().end(), [](const auto& other) {
    return other->kind == EditKind::mask && !other->found.empty();
  });
  if (!any && edit.mask.empty()) return;
  std::string shown = "Everywhere";
  for (const auto& other : stack.edits()) {
    if (edit.mask == fmt::format("#{}", other->id)) shown = "Only: " + mask_name(*other);
  }
  if (!edit.mask.empty() && !edit.mask.starts_with('#')) shown = "Only: " + edit.mask;
  ImGui::SetNextItemWidth(-1);
  const auto choose = [&](const std::string& mask) {
    Edit changed = edit;
    changed.mask = mask;
    session_.change(changed, "Mask of " + edit_title(edit));
  };
  if (ImGui::BeginCombo("##mask", shown.c_str())) {
    if (ImGui::Selectable("Everywhere", edit.mask.empty())) choose({});
    for (const auto& other : stack.edits()) {
      if (other->kind != EditKind::mask || other->found.empty()) continue;
      const std::string name = fmt::format("#{}", other->id);
      if (ImGui::Selectable(mask_name(*other).c_str(), edit.mask == name)) choose(name);
    }
    ImGui::EndCombo();
  }
  hint("Where the edit is done");
}

}  // namespace vane
