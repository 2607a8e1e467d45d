// SPDX-License-Identifier: Apache-2.0
#pragma once
// The open photograph: what it looks like with its edits, searches, exports; folders of them. No
// widgets.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "editing/document/direction_recipe.h"
#include "editing/document/render.h"
#include "editing/services/enhance.h"
#include "gui/session/document_session.h"
#include "gui/session/preview.h"

namespace vane {

/// A folder for `vane enhance`.
struct BatchParameters {
  std::filesystem::path folder, output;
  double strength = 1;
  bool recursive = false, skip_existing = true;
};

/// What was put together in the direction workbench.
struct MadeDirection {
  DirectionRecipe recipe;
  std::filesystem::path file;
  DirectionExplainResult words;
};

/// Both at the size of the photograph, 8-bit RGB; null while they are not made.
struct DetailPictures {
  SharedImage before, after;
};

/// `vane enhance FOLDER …` of it.
EnhanceRequest batch_request(const BatchParameters& parameters);

/// A bundled sample photograph, copied to where edits of it can be kept. Throws Error{resource}.
std::filesystem::path own_copy_of_sample(const std::filesystem::path& sample);

/// A photograph that is open in the window.
class Session final : public DocumentSession {
 public:
  Session(ServiceDoor& door, std::function<void()> wake);
  ~Session() override;

  void open(const std::filesystem::path& photo);
  void close();
  bool is_open() const override { return source_ != nullptr; }
  /// Pixels of the photograph itself, not of what is shown.
  int width() const { return width_; }
  int height() const { return height_; }

  // Work; one at a time. False when something runs already.
  bool search(int64_t id);
  bool export_to(const std::filesystem::path& output) override;
  bool enhance_folder(const BatchParameters& parameters);
  /// Makes the direction in the document's folder, under a name of its own, and looks what it says.
  bool make_direction(const DirectionRecipe& recipe);
  /// The newest; of this document.
  const std::optional<MadeDirection>& made_direction() const { return made_direction_; }
  bool previewing() const override { return !previewer_.idle(); }
  /// Of the last batch.
  const std::optional<EnhanceResult>& batch() const { return batch_; }

  std::string command_text(const std::filesystem::path& output) const override;
  /// Beside the photograph: NAME-vane.jpg, of the photograph's format where that can be written.
  std::filesystem::path suggested_output() const override;

  // Pictures. The version grows with every change of what the functions before it give.
  const SharedImage& before() const { return source_; }
  const PreviewPicture& after() const { return after_; }
  /// Null without one; grey.
  SharedImage mask_picture(int64_t id);
  uint64_t picture_version() const { return picture_version_; }
  /// Whether after() is to tell the stops of light.
  void want_light_map(bool wanted);
  /// Whether the picture is looked at more closely than after() can show: detail() comes then,
  /// after every change anew, and is let go of otherwise.
  void want_detail(bool wanted);
  const DetailPictures& detail() const { return detail_; }
  /// How long the newest preview took, and whether it is a draft.
  double preview_ms() const { return preview_ms_; }
  bool is_draft() const { return draft_; }
  /// Changes of the stack that a picture came for, and how long the newest of those waited for its
  /// first one: the draft where there is one.
  int64_t answers() const { return answers_; }
  double answer_ms() const { return answer_ms_; }

 private:
  void show_stack() override;
  void wait_for_previews() override { previewer_.wait(); }
  /// On the previewer's thread.
  DetailPictures render_detail(const std::string& name, const EditStack& stack,
                               const DocumentPlaces& places, Job& job);

  int width_ = 0, height_ = 0;
  SharedImage source_, draft_source_;
  PreviewPicture after_;
  uint64_t picture_version_ = 0;
  double preview_ms_ = 0, answer_ms_ = 0;
  int64_t answers_ = 0;
  bool draft_ = false, map_ = false, wants_detail_ = false;
  DetailPictures detail_;
  std::optional<EnhanceResult> batch_;
  std::optional<MadeDirection> made_direction_;

  DocumentRenderer renderer_;  // the worker's
  PreviewRenderer previews_;   // previewer_'s, as the next three
  PreviewRenderer details_;
  SharedImage full_source_;
  std::string full_name_;
  Worker previewer_;  // last: it ends first
};

}  // namespace vane
