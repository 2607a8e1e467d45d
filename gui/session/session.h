// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the window is about: a photograph, its edits and their history, and the work that goes on.
// No widgets.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "editing/document/document_file.h"
#include "editing/document/history.h"
#include "editing/document/journal.h"
#include "editing/document/render.h"
#include "editing/services/enhance.h"
#include "gui/session/preview.h"
#include "gui/session/window_job.h"
#include "gui/session/worker.h"

namespace vane {

/// A line for the person; the newest is shown, all are in the log.
struct Notice {
  enum class Kind { info, good, warning, error } kind = Kind::info;
  std::string text;
};

/// A folder for `vane enhance`.
struct BatchParameters {
  std::filesystem::path folder, output;
  double strength = 1;
  bool recursive = false, skip_existing = true;
};

/// `vane enhance FOLDER …` of it.
EnhanceRequest batch_request(const BatchParameters& parameters);

/// A bundled sample photograph, copied to where edits of it can be kept. Throws Error{resource}.
std::filesystem::path own_copy_of_sample(const std::filesystem::path& sample);

/// One interface thread calls everything; two workers compute. Nothing throws: what goes wrong
/// becomes a notice.
class Session {
 public:
  /// `wake` is called from the workers when poll() has something new.
  Session(ServiceDoor& door, std::function<void()> wake);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Takes over what the workers finished. True when something changed.
  bool poll();

  // The document.
  void open(const std::filesystem::path& photo);
  void close();
  bool is_open() const { return source_ != nullptr; }
  const DocumentPlaces& places() const { return places_; }
  std::string name() const { return places_.photo.filename().string(); }
  /// Pixels of the photograph itself, not of what is shown.
  int width() const { return width_; }
  int height() const { return height_; }
  bool unsaved() const { return is_open() && current_hash_ != saved_hash_; }
  void save();
  /// A journal of a session that did not end well; answered by recover().
  bool can_recover() const { return recovered_.has_value(); }
  void recover(bool yes);

  // The stack.
  const History& history() const { return history_; }
  const EditStack& stack() const { return history_.current(); }
  /// Returns the number of the new edit.
  int64_t add(Edit edit);
  /// `merge_key` not empty: one of many changes of one drag (History::commit).
  void change(Edit edit, const std::string& label, const std::string& merge_key = {});
  void end_drag();
  void remove(int64_t id);
  void move(int64_t id, int by);
  void undo();
  void redo();
  void go_to(size_t position);

  // Work; one at a time. False when something runs already.
  bool search(int64_t id);
  bool export_picture(const std::filesystem::path& output);
  bool enhance_folder(const BatchParameters& parameters);
  void stop() { job_.stop(); }
  JobView job() const { return job_.view(); }
  bool busy() const { return !worker_.idle(); }
  bool previewing() const { return !previewer_.idle(); }
  /// Blocks until both workers have nothing to do, and takes over what they made.
  void settle();
  /// Of the last batch.
  const std::optional<EnhanceResult>& batch() const { return batch_; }

  /// The commands that export() runs, for a shell.
  std::string command_text(const std::filesystem::path& output) const;
  /// Beside the photograph: NAME-vane.jpg, of the photograph's format where that can be written.
  std::filesystem::path suggested_output() const;

  // Pictures. The version grows with every change of what the functions before it give.
  const SharedImage& before() const { return source_; }
  const PreviewPicture& after() const { return after_; }
  /// Null without one; grey.
  SharedImage mask_picture(int64_t id);
  uint64_t picture_version() const { return picture_version_; }
  /// Whether after() is to tell the stops of light.
  void want_light_map(bool wanted);
  /// How long the newest preview took, and whether it is a draft.
  double preview_ms() const { return preview_ms_; }
  bool is_draft() const { return draft_; }

  std::vector<Notice>& notices() { return notices_; }
  void notify(Notice::Kind kind, std::string text);
  /// Changes whenever a notice comes.
  uint64_t notice_version() const { return notice_version_; }

 private:
  void after_change(bool merged);
  void request_preview();
  /// Runs `work` on the worker; what it returns runs on the interface thread.
  bool start(const std::string& title, std::function<std::function<void()>(Job&)> work);
  void deliver(std::function<void()> take);
  template <class Function>
  void guarded(const Function& function);

  ServiceDoor& door_;
  std::function<void()> wake_;
  WindowJob job_;

  DocumentPlaces places_;
  DocumentFile file_{{}};
  std::unique_ptr<Journal> journal_;
  std::optional<History> recovered_;
  History history_;
  std::string notes_;
  /// Of the stack now and as it was saved; looked at in every frame.
  uint64_t current_hash_ = 0, saved_hash_ = 0;
  int width_ = 0, height_ = 0;
  /// Grows with each photograph: results for an earlier one are dropped.
  uint64_t generation_ = 0;

  SharedImage source_, draft_source_;
  PreviewPicture after_;
  uint64_t picture_version_ = 0;
  double preview_ms_ = 0;
  bool draft_ = false, map_ = false;
  std::optional<EnhanceResult> batch_;

  std::vector<Notice> notices_;
  uint64_t notice_version_ = 0;

  std::mutex finished_mutex_;
  std::vector<std::function<void()>> finished_;

  DocumentRenderer renderer_;  // worker_'s
  PreviewRenderer previews_;   // previewer_'s
  Worker worker_, previewer_;  // last: they end first
};

}  // namespace vane
