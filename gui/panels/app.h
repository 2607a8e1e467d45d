// SPDX-License-Identifier: Apache-2.0
#pragma once
// The window's contents: draws everything, and lists everything that can be done.

#include <imgui.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/panels/canvas.h"
#include "gui/panels/scene_canvas.h"
#include "gui/session/scene_session.h"
#include "gui/session/session.h"
#include "gui/widgets/textures.h"
#include "gui/widgets/theme.h"

namespace vane {

/// One thing that can be done. Menus, shortcuts and the command palette are made of these.
struct Action {
  /// Menu and name: "Edit/Undo".
  std::string name;
  ImGuiKeyChord shortcut = 0;
  std::function<bool()> possible;
  std::function<void()> run;
  /// Works also while text is typed.
  bool global = true;
};

enum class Workspace { photo, face, scene, batch };

/// One interface thread. Drawn between NewFrame and Render of the current Dear ImGui context.
class App {
 public:
  App(ServiceDoor& door, Textures& textures, std::function<void()> wake);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// One frame.
  void draw();
  /// A photograph, a scene or a folder: from the command line, dropped, or chosen.
  void open(const std::filesystem::path& path);
  /// From now on photographs and results lie below `folder` only.
  void confine(const std::filesystem::path& folder) { confined_ = folder; }
  /// Asks whether to keep what is not saved, and quits then.
  void ask_to_quit();
  bool wants_to_quit() const { return quit_; }
  /// Something moves by itself: the next frame is due soon.
  bool is_lively() const {
    return session_.busy() || scene_.busy() || (scene_.is_open() && scene_canvas_.is_moving());
  }
  /// Something is computed or drawn that was asked for.
  bool is_working() const { return session_.working() || scene_.working(); }

  Session& session() { return session_; }
  SceneSession& scene() { return scene_; }
  /// What the workspace is about.
  DocumentSession& document();
  Theme& theme() { return theme_; }
  /// apply_theme() is due before the next frame; true once.
  bool take_theme_change();
  void set_display_scale(float scale);
  void set_user_scale(float scale);
  void set_dark(bool dark);
  Workspace workspace() const { return workspace_; }
  /// Name of the window's title bar.
  std::string title() const;
  const std::vector<Action>& actions() const { return actions_; }

 private:
  void list_actions();
  void add_action(const std::string& name, ImGuiKeyChord shortcut, std::function<void()> run,
                  std::function<bool()> possible = {}, bool global = true);
  void run_shortcuts();
  void set_workspace(Workspace workspace);
  void change_scale(float factor);

  // Panels, each in the file of its name.
  void draw_menu_bar();
  void draw_status_bar();
  void draw_dock_space();
  void draw_edits();
  void draw_phrase_box();
  void draw_scene_controls();
  void draw_scene_box();
  void draw_lift_box();
  void draw_scene_list();
  void draw_scene_card(const Edit& edit);
  void draw_scene_actions(const Edit& edit, const SceneFinding* finding);
  void draw_scene_canvas();
  void draw_edit_list();
  void draw_edit_card(const Edit& edit, size_t position);
  void draw_mask_choice(const Edit& edit);
  void draw_properties();
  void draw_direction();
  void draw_direction_part(DirectionPart& part, size_t number);
  void draw_direction_words(const MadeDirection& made);
  void draw_path_input(const char* label, std::string& path, const std::string& purpose,
                       bool folders);
  void draw_history();
  void draw_activity();
  void draw_job_picture(const JobView& job);
  void draw_batch_controls();
  void draw_batch_report();
  void draw_canvas_window();
  void draw_empty_state();
  void draw_palette();
  void draw_file_dialog();
  void draw_questions();
  void draw_shortcut_list();

  void add_phrase_edit();
  void add_direction_edit(EditKind kind);
  void add_face_mix(const std::filesystem::path& portrait);
  void add_enhance();
  void add_mask(const std::string& phrase);
  void add_scene_query();
  void act_on_scene(const Edit& edit, const std::string& action);
  void export_selection();
  void search_selected();
  void copy_command();
  void choose_file(const std::string& purpose, std::filesystem::path start,
                   std::function<void(const std::filesystem::path&)> use, bool folders = false);
  const Edit* selected() const;
  void update_selection();
  /// False, with a notice, for what lies outside of confine().
  bool is_allowed(const std::filesystem::path& path);
  bool in_scene() const { return workspace_ == Workspace::scene; }
  void quit();

  Session session_;
  SceneSession scene_;
  Textures& textures_;
  Theme theme_;
  bool theme_changed_ = true;
  Canvas canvas_;
  SceneCanvas scene_canvas_;
  Workspace workspace_ = Workspace::photo;
  std::vector<Action> actions_;
  int64_t selected_ = 0, selected_thing_ = 0;
  std::filesystem::path confined_;
  bool panels_ = true, quit_ = false, reset_layout_ = false;

  std::string phrase_, face_phrase_, mask_phrase_, thing_, not_thing_, dataset_;
  bool focus_phrase_ = false;
  DirectionRecipe direction_;
  bool show_direction_ = false;
  BatchParameters batch_;
  std::string batch_folder_, batch_output_;

  // Dialogs.
  bool open_palette_ = false, open_files_ = false, open_keys_ = false, ask_quit_ = false;
  std::string palette_text_;
  int palette_choice_ = 0;
  struct FileDialog {
    std::string purpose, path;
    std::filesystem::path listed;
    std::vector<std::filesystem::path> folders, files;
    bool for_folder = false;
    std::function<void(const std::filesystem::path&)> use;
  } files_;

  std::vector<std::unique_ptr<Texture>> sample_pictures_;
  std::vector<std::filesystem::path> samples_;
  /// Of the running job.
  std::unique_ptr<Texture> job_picture_;
  std::shared_ptr<const Image> shown_job_picture_;
  uint64_t shown_pictures_ = ~uint64_t{0}, seen_notices_ = 0;
};

}  // namespace vane
