// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the window holds open: a document with its history and journal, the one thing that is
// computed for it, and what there is to say. Photographs and scenes share it. No widgets.

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
#include "editing/services/service_door.h"
#include "gui/session/window_job.h"
#include "gui/session/worker.h"

namespace vane {

/// A line for the person; the newest is shown, all are in the log.
struct Notice {
  enum class Kind { info, good, warning, error } kind = Kind::info;
  std::string text;
};

/// One interface thread calls everything; workers compute. Nothing throws: what goes wrong becomes
/// a notice.
class DocumentSession {
 public:
  /// `wake` is called from the workers when poll() has something new.
  DocumentSession(ServiceDoor& door, std::function<void()> wake);
  virtual ~DocumentSession() = default;
  DocumentSession(const DocumentSession&) = delete;
  DocumentSession& operator=(const DocumentSession&) = delete;

  /// Takes over what the workers finished. True when something changed.
  bool poll();
  /// Something is computed, or waits to be taken over.
  bool working() const;

  virtual bool is_open() const = 0;
  const DocumentPlaces& places() const { return places_; }
  std::string name() const { return places_.photo.filename().string(); }
  bool unsaved() const { return is_open() && current_hash_ != saved_hash_; }
  void save();
  /// A journal of a session that did not end well; answered by recover().
  bool can_recover() const { return recovered_.has_value(); }
  void recover(bool yes);

  // The stack.
  const History& history() const { return history_; }
  const EditStack& stack() const { return history_.current(); }
  /// Returns the number of the new edit; 0 when nothing is open.
  int64_t add(Edit edit);
  /// `merge_key` not empty: one of many changes of one drag (History::commit).
  void change(Edit edit, const std::string& label, const std::string& merge_key = {});
  void end_drag();
  void remove(int64_t id);
  void move(int64_t id, int by);
  void undo();
  void redo();
  void go_to(size_t position);

  // Work; one at a time.
  void stop() { job_.stop(); }
  JobView job() const { return job_.view(); }
  bool busy() const { return !worker_.idle(); }
  /// The picture is still behind the stack.
  virtual bool previewing() const = 0;
  /// Blocks until the workers have nothing to do, and takes over what they made.
  void settle();

  /// The commands that an export runs, for a shell; empty without any.
  virtual std::string command_text(const std::filesystem::path& output) const = 0;
  virtual std::filesystem::path suggested_output() const = 0;
  virtual bool export_to(const std::filesystem::path& output) = 0;

  std::vector<Notice>& notices() { return notices_; }
  void notify(Notice::Kind kind, std::string text);
  /// Changes whenever a notice comes.
  uint64_t notice_version() const { return notice_version_; }

 protected:
  /// The stack is another one.
  virtual void show_stack() = 0;
  virtual void wait_for_previews() = 0;
  /// Begins what follows from what was delivered; true when it did.
  virtual bool follow_up() { return false; }
  /// Takes what the file says as the document; `file` was loaded from `places`.
  void begin_document(const DocumentPlaces& places, DocumentFile file,
                      const std::optional<Document>& document);
  /// Closes the journal; results for the document are dropped from now on.
  void end_document();
  /// Throws Error{usage} while something is computed.
  void check_idle() const;
  /// Runs `work` on the worker; what it returns runs on the interface thread. False when something
  /// runs already.
  bool start(const std::string& title, std::function<std::function<void()>(Job&)> work);
  void deliver(std::function<void()> take);
  void guarded(const std::function<void()>& function);
  void end_jobs();

  ServiceDoor& door_;
  std::function<void()> wake_;
  WindowJob job_;
  DocumentPlaces places_;
  History history_;
  /// Grows with each document: results for an earlier one are dropped.
  uint64_t generation_ = 0;
  /// Of the stack now; looked at in every frame.
  uint64_t current_hash_ = 0;

 private:
  void after_change(bool merged);
  void note_stack();

  DocumentFile file_{{}};
  std::unique_ptr<Journal> journal_;
  std::optional<History> recovered_;
  std::string notes_;
  uint64_t saved_hash_ = 0;

  std::vector<Notice> notices_;
  uint64_t notice_version_ = 0;

  mutable std::mutex finished_mutex_;
  std::vector<std::function<void()>> finished_;

  Worker worker_;  // last: it ends first
};

/// What an exception says to a person.
std::string words_of(const std::exception_ptr& problem);

/// What is no longer wanted once a newer request waits ends at its next poll.
class PreviewJob final : public Job {
 public:
  explicit PreviewJob(const Worker& worker) : worker_(worker) {}
  bool stop_requested() const noexcept override {
    return gives_way ? worker_.has_newer() : worker_.ending();
  }
  void progress(int64_t, int64_t, std::string_view) override {}
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view message) override { warning = message; }
  void info(std::string_view) override {}

  std::string warning;
  /// False for what is to be seen even when it is old: a hand that does not rest would else see
  /// nothing at all.
  bool gives_way = true;

 private:
  const Worker& worker_;
};

}  // namespace vane
