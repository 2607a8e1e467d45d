// SPDX-License-Identifier: Apache-2.0
#pragma once
// The open scene: its Gaussians, what its language field answers, the picture from where the camera
// is. No widgets.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "editing/document/render.h"
#include "editing/document/scene_stages.h"
#include "editing/document/scene_steps.h"
#include "editing/services/preview.h"
#include "gui/session/document_session.h"
#include "gui/session/orbit_camera.h"
#include "gui/session/scene_drawing.h"

namespace vane {

class SceneSession final : public DocumentSession {
 public:
  SceneSession(ServiceDoor& door, std::function<void()> wake);
  ~SceneSession() override;

  /// Reads it on the worker; what was open stays until then. The field SCENE.lang beside it is
  /// taken, and a data set in or around its folder noted.
  void open(const std::filesystem::path& scene);
  void close();
  bool is_open() const override { return scene_ != nullptr; }
  int64_t gaussians() const { return is_open() ? scene_->size() : 0; }
  /// After all edits.
  const SceneStage& stage() const { return stage_; }

  // What it means.
  bool has_field() const { return !asked_.field.empty(); }
  const std::filesystem::path& field() const { return asked_.field; }
  /// Another file that `vane lift` made of this scene.
  void use_field(const std::filesystem::path& field);
  /// A folder of photographs of it, or empty.
  const std::filesystem::path& dataset() const { return dataset_; }
  void set_dataset(const std::filesystem::path& dataset) { dataset_ = dataset; }
  /// `vane lift SCENE DATASET -o SCENE.lang`.
  bool lift();
  /// Asks again what failed or was stopped.
  void ask_again();
  /// Waits for an answer, or for the time to ask.
  bool is_asking() const { return has_field() && stage_.question.has_value(); }

  // Exports; false when something runs already.
  bool export_to(const std::filesystem::path& output) override;
  bool export_selection(int64_t edit, const std::filesystem::path& output);
  std::string command_text(const std::filesystem::path& output) const override;
  /// The command of export_selection().
  std::string selection_text(int64_t edit, const std::filesystem::path& output) const;
  std::filesystem::path suggested_output() const override;

  // The picture.
  OrbitCamera camera;
  SceneLook look = SceneLook::colours;
  SceneOverlay overlay = SceneOverlay::heat;
  double opacity = 0.6;
  /// Called in every frame: draws anew when something changed. `pointed` is the edit that is shown
  /// over it; `moving`: drafts are enough.
  void want_picture(int width, int height, int64_t pointed, bool moving);
  /// Null before the first. Grows with picture_version().
  const SharedImage& picture() const { return picture_; }
  uint64_t picture_version() const { return picture_version_; }
  double picture_ms() const { return picture_ms_; }
  bool is_draft() const { return draft_; }
  bool previewing() const override { return !stager_.idle() || !drawer_.idle(); }

 private:
  struct Wanted {
    int width = 0, height = 0;
    int64_t pointed = 0;
    OrbitCamera camera;
    SceneLook look = SceneLook::colours;
    SceneOverlay overlay = SceneOverlay::heat;
    double opacity = 0;
    uint64_t stage = 0;
    bool moving = false;
    bool operator==(const Wanted&) const = default;
  };
  struct Loaded;

  void show_stack() override;
  void wait_for_previews() override;
  bool follow_up() override;
  void take(const Loaded& loaded);
  void draw(const Wanted& wanted);
  std::vector<Step> export_steps(const std::filesystem::path& output) const;
  /// The edits that changed what `edit` looks at.
  std::vector<EditStack::Entry> before(int64_t edit) const;
  bool run_steps(const std::string& title, const std::filesystem::path& output,
                 const std::function<std::vector<Step>()>& make_steps);
  void check_output(const std::filesystem::path& output) const;

  std::shared_ptr<const SplatCloud> scene_;
  std::string layout_, scene_hash_;
  SceneField asked_;
  std::filesystem::path dataset_;
  std::shared_ptr<SceneStages> stages_;  // stager_'s
  SceneAnswers answers_;
  SceneStage stage_;
  uint64_t stage_version_ = 0;

  Wanted wanted_;
  SharedImage picture_;
  uint64_t picture_version_ = 0;
  double picture_ms_ = 0;
  bool draft_ = false;
  DraftSize draft_size_;

  DocumentRenderer renderer_;  // the worker's
  Worker stager_, drawer_;     // last: they end first
};

}  // namespace vane
