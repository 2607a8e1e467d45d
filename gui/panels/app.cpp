// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/app.h"

#include <imgui_internal.h>

#include <algorithm>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/srgb_view.h"
#include "engine/scene/splat_file.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr int kSampleSide = 320;
constexpr float kScaleStep = 1.1f;

std::vector<fs::path> bundled_samples() {
  std::vector<fs::path> samples;
  try {
    for (const auto& entry : fs::directory_iterator(assets_folder() / "samples")) {
      if (is_picture_name(entry.path())) samples.push_back(entry.path());
    }
  } catch (const Error&) {
    return {};
  } catch (const fs::filesystem_error&) {
    return {};
  }
  std::sort(samples.begin(), samples.end());
  return samples;
}

}  // namespace

App::App(ServiceDoor& door, Textures& textures, std::function<void()> wake)
    : session_(door, wake),
      scene_(door, std::move(wake)),
      textures_(textures),
      canvas_(textures),
      scene_canvas_(textures) {
  list_actions();
  samples_ = bundled_samples();
  for (const fs::path& sample : samples_) {
    auto picture = std::make_unique<Texture>(textures_);
    try {
      picture->set(srgb_thumbnail(read_image(sample), kSampleSide));
    } catch (const Error&) {
      continue;  // an empty frame with its name
    }
    sample_pictures_.push_back(std::move(picture));
  }
}

App::~App() = default;

std::string App::title() const {
  const DocumentSession& shown =
      in_scene() ? static_cast<const DocumentSession&>(scene_) : session_;
  if (!shown.is_open()) return "Vane";
  return shown.name() + (shown.unsaved() ? " *" : "") + " - Vane";
}

DocumentSession& App::document() {
  if (in_scene()) return scene_;
  return session_;
}

bool App::take_theme_change() { return std::exchange(theme_changed_, false); }

void App::set_display_scale(float scale) {
  if (scale == theme_.display_scale) return;
  theme_.display_scale = scale;
  theme_changed_ = true;
}

void App::set_user_scale(float scale) {
  theme_.user_scale = std::clamp(scale, kLeastScale, kMostScale);
  theme_changed_ = true;
}

void App::set_dark(bool dark) {
  theme_.dark = dark;
  theme_changed_ = true;
}

void App::change_scale(float factor) {
  set_user_scale(factor == 0 ? 1.f : theme_.user_scale * factor);
}

bool App::is_allowed(const fs::path& path) {
  if (confined_.empty()) return true;
  const fs::path inside = fs::weakly_canonical(path).lexically_relative(confined_);
  if (!inside.empty() && *inside.begin() != "..") return true;
  document().notify(Notice::Kind::warning,
                    "Only what is in " + confined_.string() + " is open here");
  return false;
}

void App::open(const fs::path& path) {
  if (!is_allowed(path)) return;
  if (path.extension() == ".lang" && scene_.is_open()) {
    scene_.use_field(path);
    return;
  }
  if (!splat_layout(path).empty()) {
    set_workspace(Workspace::scene);
    scene_.open(path);
    return;
  }
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    batch_folder_ = path.string();
    batch_output_ = (path / "enhanced").string();
    set_workspace(Workspace::batch);
    return;
  }
  session_.open(path);
  const bool elsewhere = workspace_ == Workspace::batch || in_scene();
  if (elsewhere) set_workspace(Workspace::photo);
  selected_ = 0;
  update_selection();
}

void App::ask_to_quit() {
  if (session_.unsaved() || scene_.unsaved()) {
    ask_quit_ = true;
  } else {
    quit();
  }
}

void App::quit() {
  session_.stop();
  scene_.stop();
  quit_ = true;
}

void App::set_workspace(Workspace workspace) {
  workspace_ = workspace;
  if (workspace != Workspace::batch) focus_phrase_ = true;
}

const Edit* App::selected() const {
  return in_scene() ? scene_.stack().find(selected_thing_) : session_.stack().find(selected_);
}

void App::update_selection() {
  const EditStack& stack = document().stack();
  if (selected() || stack.empty()) return;
  (in_scene() ? selected_thing_ : selected_) = stack.edits().back()->id;
}

void App::draw() {
  session_.poll();
  scene_.poll();
  update_selection();
  session_.want_light_map(canvas_.overlay == CanvasOverlay::light);
  session_.want_detail(canvas_.is_close(session_.width()));
  if (session_.picture_version() != shown_pictures_) {
    shown_pictures_ = session_.picture_version();
    canvas_.set_pictures(session_.before(), session_.after());
    canvas_.set_detail(session_.detail().before, session_.detail().after);
    const Edit* edit = session_.stack().find(selected_);
    const bool is_mask = edit && edit->kind == EditKind::mask;
    canvas_.set_mask(is_mask ? session_.mask_picture(selected_) : nullptr);
  }
  run_shortcuts();
  draw_menu_bar();
  draw_status_bar();
  draw_dock_space();
  draw_canvas_window();
  if (panels_) {
    draw_edits();
    draw_properties();
    draw_direction();
    draw_history();
    draw_activity();
  }
  draw_palette();
  draw_file_dialog();
  draw_questions();
  draw_shortcut_list();
}

void App::draw_dock_space() {
  const ImGuiViewport* const viewport = ImGui::GetMainViewport();
  const ImGuiID id = ImGui::GetID("Layout");
  const bool fresh = !ImGui::DockBuilderGetNode(id) || reset_layout_;
  ImGui::DockSpaceOverViewport(id, viewport, ImGuiDockNodeFlags_NoUndocking);
  if (!fresh) return;
  reset_layout_ = false;
  ImGui::DockBuilderRemoveNode(id);
  ImGui::DockBuilderAddNode(
      id, static_cast<int>(ImGuiDockNodeFlags_DockSpace) | ImGuiDockNodeFlags_NoUndocking);
  ImGui::DockBuilderSetNodePos(id, viewport->WorkPos);
  ImGui::DockBuilderSetNodeSize(id, viewport->WorkSize);
  ImGuiID centre = id;
  const ImGuiID left = ImGui::DockBuilderSplitNode(centre, ImGuiDir_Left, 0.235f, nullptr, &centre);
  ImGuiID right = ImGui::DockBuilderSplitNode(centre, ImGuiDir_Right, 0.27f, nullptr, &centre);
  const ImGuiID bottom = ImGui::DockBuilderSplitNode(centre, ImGuiDir_Down, 0.2f, nullptr, &centre);
  const ImGuiID history = ImGui::DockBuilderSplitNode(right, ImGuiDir_Down, 0.42f, nullptr, &right);
  ImGui::DockBuilderDockWindow("Edits", left);
  ImGui::DockBuilderDockWindow("Properties", right);
  ImGui::DockBuilderDockWindow("Direction", right);
  ImGui::DockBuilderDockWindow("History", history);
  ImGui::DockBuilderDockWindow("Activity", bottom);
  ImGui::DockBuilderDockWindow("Picture", centre);
  if (ImGuiDockNode* const node = ImGui::DockBuilderGetNode(centre)) {
    node->SetLocalFlags(node->LocalFlags | ImGuiDockNodeFlags_NoTabBar);
  }
  ImGui::DockBuilderFinish(id);
}

void App::add_phrase_edit() {
  if (in_scene()) {
    add_scene_query();
    return;
  }
  std::string& phrase = workspace_ == Workspace::face ? face_phrase_ : phrase_;
  if (phrase.empty() || !session_.is_open()) return;
  if (session_.busy()) {
    session_.notify(Notice::Kind::warning, "Wait for what is being computed, or stop it");
    return;
  }
  Edit edit;
  edit.kind = workspace_ == Workspace::face ? EditKind::face : EditKind::develop;
  edit.develop.to = edit.face.to = phrase;
  selected_ = session_.add(edit);
  session_.search(selected_);
  phrase.clear();
}

void App::add_face_mix(const fs::path& portrait) {
  if (!session_.is_open() || session_.busy()) return;
  Edit edit;
  edit.kind = EditKind::face;
  edit.face.toward = portrait;
  selected_ = session_.add(edit);
  session_.search(selected_);
}

void App::add_enhance() {
  if (!session_.is_open()) return;
  Edit edit;
  edit.kind = EditKind::enhance;
  selected_ = session_.add(edit);
}

void App::add_mask(const std::string& phrase) {
  if (phrase.empty() || !session_.is_open() || session_.busy()) return;
  Edit edit;
  edit.kind = EditKind::mask;
  edit.region.text = phrase;
  selected_ = session_.add(edit);
  canvas_.overlay = CanvasOverlay::mask;
  session_.search(selected_);
}

void App::search_selected() {
  if (in_scene()) {
    scene_.ask_again();
    return;
  }
  const Edit* edit = selected();
  if (edit && needs_search(edit->kind)) session_.search(edit->id);
}

void App::copy_command() {
  const std::string text = workspace_ == Workspace::batch
                               ? shell_line(command_words(batch_request(batch_))) + "\n"
                               : document().command_text(document().suggested_output());
  if (text.empty()) {
    document().notify(Notice::Kind::info, "Nothing is edited yet, so there is no command");
    return;
  }
  ImGui::SetClipboardText(text.c_str());
  document().notify(Notice::Kind::good, "The command is in the clipboard");
}

void App::add_action(const std::string& name, ImGuiKeyChord shortcut, std::function<void()> run,
                     std::function<bool()> possible, bool global) {
  if (!possible) possible = [] { return true; };
  actions_.push_back({name, shortcut, std::move(possible), std::move(run), global});
}

void App::list_actions() {
  const auto open = [this] { return document().is_open(); };
  // In a scene the same letters fly.
  const auto pictured = [this] { return session_.is_open() && !in_scene(); };
  const auto in_space = [this] { return scene_.is_open() && in_scene(); };
  const auto chosen = [this] { return selected() != nullptr; };
  const auto free = [this] { return document().is_open() && !document().busy(); };
  constexpr int kCtrl = ImGuiMod_Ctrl, kShift = ImGuiMod_Shift;

  add_action("File/Open photograph…", kCtrl | ImGuiKey_O, [this] {
    choose_file("Open photograph", session_.is_open() ? session_.places().photo.parent_path() : "",
                [this](const fs::path& path) { this->open(path); });
  });
  add_action("File/Open scene…", kCtrl | kShift | ImGuiKey_O, [this] {
    choose_file("Open scene", scene_.is_open() ? scene_.places().photo.parent_path() : "",
                [this](const fs::path& path) { this->open(path); });
  });
  add_action(
      "File/Save edits", kCtrl | ImGuiKey_S, [this] { document().save(); }, open);
  add_action(
      "File/Export…", kCtrl | ImGuiKey_E,
      [this] {
        choose_file(in_scene() ? "Export scene" : "Export picture", document().suggested_output(),
                    [this](const fs::path& path) { document().export_to(path); });
      },
      free);
  add_action(
      "File/Export selection…", kCtrl | kShift | ImGuiKey_X, [this] { export_selection(); },
      [in_space, free, chosen] { return in_space() && free() && chosen(); });
  add_action(
      "File/Copy as command", kCtrl | kShift | ImGuiKey_C, [this] { copy_command(); },
      [this] { return document().is_open() || workspace_ == Workspace::batch; });
  add_action("File/Quit", kCtrl | ImGuiKey_Q, [this] { ask_to_quit(); });

  add_action(
      "Edit/Undo", kCtrl | ImGuiKey_Z, [this] { document().undo(); },
      [this] { return document().history().can_undo(); }, false);
  add_action(
      "Edit/Redo", kCtrl | kShift | ImGuiKey_Z, [this] { document().redo(); },
      [this] { return document().history().can_redo(); }, false);
  add_action(
      "Edit/Phrase", kCtrl | ImGuiKey_L,
      [this] {
        if (workspace_ == Workspace::batch) set_workspace(Workspace::photo);
        focus_phrase_ = true;
      },
      open);
  add_action(
      "Edit/Enhance light", kCtrl | kShift | ImGuiKey_E, [this] { add_enhance(); }, pictured);
  add_action(
      "Edit/Search again", kCtrl | ImGuiKey_R, [this] { search_selected(); },
      [this, free] {
        return free() && selected() && (in_scene() || needs_search(selected()->kind));
      });
  add_action(
      "Edit/Switch edit on or off", kCtrl | ImGuiKey_D,
      [this] {
        Edit edit = *selected();
        edit.enabled = !edit.enabled;
        document().change(edit, (edit.enabled ? "Switch on " : "Switch off ") + edit_title(edit));
      },
      chosen);
  add_action(
      "Edit/Move edit up", kCtrl | ImGuiKey_UpArrow,
      [this] { document().move(selected()->id, -1); }, chosen);
  add_action(
      "Edit/Move edit down", kCtrl | ImGuiKey_DownArrow,
      [this] { document().move(selected()->id, 1); }, chosen);
  add_action(
      "Edit/Remove edit", ImGuiKey_Delete, [this] { document().remove(selected()->id); }, chosen,
      false);
  add_action(
      "Edit/Stop", ImGuiKey_Escape, [this] { document().stop(); },
      [this] { return document().busy(); }, false);

  add_action(
      "View/Fit", ImGuiKey_0, [this] { canvas_.fit(); }, pictured, false);
  add_action(
      "View/Actual size", ImGuiKey_1, [this] { canvas_.actual_size(session_.width()); }, pictured,
      false);
  add_action(
      "View/Zoom in", ImGuiKey_Equal, [this] { canvas_.zoom_by(1.25f); }, pictured, false);
  add_action(
      "View/Zoom out", ImGuiKey_Minus, [this] { canvas_.zoom_by(0.8f); }, pictured, false);
  const auto show = [this](CanvasView view) {
    canvas_.view = canvas_.view == view ? CanvasView::after : view;
  };
  add_action(
      "View/Split before and after", ImGuiKey_S, [show] { show(CanvasView::split); }, pictured,
      false);
  add_action(
      "View/Before and after side by side", ImGuiKey_B, [show] { show(CanvasView::side_by_side); },
      pictured, false);
  const auto lay = [this](CanvasOverlay overlay) {
    canvas_.overlay = canvas_.overlay == overlay ? CanvasOverlay::none : overlay;
  };
  add_action(
      "View/Map of added light", ImGuiKey_L, [lay] { lay(CanvasOverlay::light); }, pictured, false);
  add_action(
      "View/Mask", ImGuiKey_M, [lay] { lay(CanvasOverlay::mask); }, pictured, false);
  add_action(
      "View/Difference x10", ImGuiKey_D, [lay] { lay(CanvasOverlay::difference); }, pictured,
      false);
  add_action(
      "View/Reset view", ImGuiKey_Home, [this] { scene_.camera.reset(); }, in_space, false);
  add_action(
      "View/Look around", kCtrl | kShift | ImGuiKey_L, [this] { scene_canvas_.focus = true; },
      in_space);
  const auto dress = [this](SceneOverlay wanted) {
    scene_.overlay = scene_.overlay == wanted ? SceneOverlay::none : wanted;
  };
  add_action(
      "View/Heat of what was found", ImGuiKey_H, [dress] { dress(SceneOverlay::heat); }, in_space,
      false);
  add_action(
      "View/Selection", ImGuiKey_X, [dress] { dress(SceneOverlay::selection); }, in_space, false);
  add_action("View/Direction workbench", kCtrl | kShift | ImGuiKey_D, [this] {
    panels_ = true;
    if (workspace_ != Workspace::face) set_workspace(Workspace::photo);
    show_direction_ = true;
  });
  add_action("View/Panels", ImGuiKey_F9, [this] { panels_ = !panels_; });
  add_action("View/Reset layout", 0, [this] { reset_layout_ = true; });
  add_action("View/Dark or light", kCtrl | ImGuiKey_T, [this] { set_dark(!theme_.dark); });
  add_action("View/Larger", kCtrl | ImGuiKey_Equal, [this] { change_scale(kScaleStep); });
  add_action("View/Smaller", kCtrl | ImGuiKey_Minus, [this] { change_scale(1 / kScaleStep); });
  add_action("View/Normal size", kCtrl | ImGuiKey_0, [this] { change_scale(0); });

  add_action("Workspace/Photo", kCtrl | ImGuiKey_1, [this] { set_workspace(Workspace::photo); });
  add_action("Workspace/Face", kCtrl | ImGuiKey_2, [this] { set_workspace(Workspace::face); });
  add_action("Workspace/Scene", kCtrl | ImGuiKey_3, [this] { set_workspace(Workspace::scene); });
  add_action("Workspace/Batch", kCtrl | ImGuiKey_4, [this] { set_workspace(Workspace::batch); });

  add_action("Help/Commands…", kCtrl | ImGuiKey_K, [this] { open_palette_ = true; });
  add_action("Help/Shortcuts", ImGuiKey_F1, [this] { open_keys_ = true; });
}

void App::run_shortcuts() {
  const ImGuiIO& io = ImGui::GetIO();
  // A dialog has the keyboard to itself.
  if (ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel)) return;
  canvas_.peek = session_.is_open() && !in_scene() && !io.WantTextInput &&
                 ImGui::IsKeyDown(ImGuiKey_Space) && !ImGui::IsAnyItemFocused();
  const Action* due = nullptr;
  for (const Action& action : actions_) {
    if (action.shortcut == 0 || (!action.global && io.WantTextInput)) continue;
    if (ImGui::IsKeyChordPressed(action.shortcut) && action.possible()) due = &action;
  }
  if (due) due->run();
}

}  // namespace vane
