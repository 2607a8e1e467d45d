// SPDX-License-Identifier: Apache-2.0
#include "gui/session/document_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/text.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostNotices = 500;

}  // namespace

std::string words_of(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const Error& error) {
    return error.what();
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& error) {
    return error.what();
  }
}

DocumentSession::DocumentSession(ServiceDoor& door, std::function<void()> wake)
    : door_(door), wake_(std::move(wake)), job_(wake_) {}

void DocumentSession::guarded(const std::function<void()>& function) {
  try {
    function();
  } catch (const Cancelled&) {
    notify(Notice::Kind::info, "Stopped");
  } catch (...) {
    notify(Notice::Kind::error, words_of(std::current_exception()));
  }
}

void DocumentSession::end_jobs() {
  job_.stop();
  worker_.wait();
}

bool DocumentSession::poll() {
  std::vector<std::function<void()>> finished;
  {
    const std::lock_guard lock(finished_mutex_);
    finished.swap(finished_);
  }
  for (const auto& take : finished) take();
  const std::vector<JobMessage> messages = job_.take_messages();
  for (const JobMessage& message : messages) {
    notify(message.warning ? Notice::Kind::warning : Notice::Kind::info, message.text);
  }
  const bool followed = follow_up();
  return followed || !finished.empty() || !messages.empty();
}

void DocumentSession::deliver(std::function<void()> take) {
  {
    const std::lock_guard lock(finished_mutex_);
    finished_.push_back(std::move(take));
  }
  wake_();
}

void DocumentSession::settle() {
  // A search that ends asks for a preview, which a poll hands on.
  do {
    worker_.wait();
    wait_for_previews();
  } while (poll());
}

void DocumentSession::check_idle() const {
  if (!busy()) return;
  throw Error(ErrorCode::usage, "something is being computed").with_hint("stop it first");
}

void DocumentSession::begin_document(const DocumentPlaces& places, DocumentFile file,
                                     const std::optional<Document>& document) {
  places_ = places;
  file_ = std::move(file);
  if (document) notes_ = document->notes;
  history_ = History(document ? document->stack : EditStack());
  current_hash_ = saved_hash_ = history_.current().hash();
  recovered_ = Journal::recover(places_.folder / "journal.jsonl");
  if (recovered_ && recovered_->current().hash() == saved_hash_) recovered_.reset();
}

void DocumentSession::end_document() {
  if (journal_) {
    if (!unsaved()) journal_->remove();
    journal_.reset();
  }
  ++generation_;
  history_ = History();
  recovered_.reset();
  notes_.clear();
}

void DocumentSession::save() {
  guarded([&] {
    Document document{name(), {}, notes_, stack()};
    std::error_code ignored;
    if (!fs::is_directory(places_.photo, ignored)) {
      const auto bytes =
          MappedFile::open(places_.photo, UINT64_MAX, static_cast<int>(ErrorCode::input));
      document.photo_hash = hex64(xxh64(bytes->view()));
    }
    const fs::path asked = file_.path(), written = file_.save(document);
    saved_hash_ = current_hash_;
    if (journal_) journal_->begin(History(stack(), "Saved"));
    if (written != asked) {
      notify(Notice::Kind::warning,
             asked.filename().string() +
                 " was changed by another program; both are kept, yours is " +
                 written.filename().string());
    } else {
      notify(Notice::Kind::good, "Saved " + written.filename().string());
    }
  });
}

void DocumentSession::recover(bool yes) {
  if (!recovered_) return;
  History history = std::move(*recovered_);
  recovered_.reset();
  if (yes) {
    history_ = std::move(history);
    guarded([&] {
      journal_ = std::make_unique<Journal>(places_.folder / "journal.jsonl");
      journal_->begin(history_);
    });
    notify(Notice::Kind::good, "Recovered what was not saved");
    note_stack();
  } else {
    std::error_code ignored;
    fs::remove(places_.folder / "journal.jsonl", ignored);
  }
}

void DocumentSession::note_stack() {
  if (!is_open()) return;
  current_hash_ = stack().hash();
  show_stack();
}

void DocumentSession::after_change(bool merged) {
  guarded([&] {
    if (journal_) {
      journal_->note_commit(history_, merged);
    } else {
      journal_ = std::make_unique<Journal>(places_.folder / "journal.jsonl");
      journal_->begin(history_);
    }
  });
  note_stack();
}

int64_t DocumentSession::add(Edit edit) {
  if (!is_open()) return 0;
  const int64_t id = stack().next_id();
  const std::string label = "Add " + edit_title(edit);
  if (history_.commit(label, stack().with_added(std::move(edit)))) after_change(false);
  return id;
}

void DocumentSession::change(Edit edit, const std::string& label, const std::string& merge_key) {
  if (!stack().find(edit.id)) return;
  const size_t states = history_.states().size(), position = history_.position();
  const std::string key = merge_key.empty() ? "" : fmt::format("{} {}", merge_key, edit.id);
  if (!history_.commit(label, stack().with_changed(std::move(edit)), key)) return;
  // A state of its own is one further than the one before.
  after_change(history_.position() <= position && history_.states().size() <= states);
}

void DocumentSession::end_drag() { history_.end_merge(); }

void DocumentSession::remove(int64_t id) {
  const Edit* edit = stack().find(id);
  if (!edit) return;
  if (history_.commit("Remove " + edit_title(*edit), stack().without(id))) after_change(false);
}

void DocumentSession::move(int64_t id, int by) {
  const auto& edits = stack().edits();
  const auto at = std::find_if(edits.begin(), edits.end(),
                               [id](const EditStack::Entry& edit) { return edit->id == id; });
  if (at == edits.end()) return;
  const auto to = (at - edits.begin()) + by;
  if (to < 0 || to >= std::ssize(edits)) return;
  const std::string label = "Move " + edit_title(**at);
  if (history_.commit(label, stack().moved(id, static_cast<size_t>(to)))) after_change(false);
}

void DocumentSession::undo() {
  if (history_.can_undo()) go_to(history_.position() - 1);
}

void DocumentSession::redo() {
  if (history_.can_redo()) go_to(history_.position() + 1);
}

void DocumentSession::go_to(size_t position) {
  if (position >= history_.states().size() || position == history_.position()) return;
  history_.go_to(position);
  guarded([&] {
    if (journal_) journal_->note_position(history_);
  });
  note_stack();
}

bool DocumentSession::start(const std::string& title,
                            std::function<std::function<void()>(Job&)> work) {
  if (busy()) {
    notify(Notice::Kind::warning, "One thing at a time: " + job_.view().title + " is not finished");
    return false;
  }
  job_.begin(title);
  worker_.post([this, title, work = std::move(work)] {
    std::function<void()> take;
    try {
      take = work(job_);
    } catch (const Cancelled&) {
      take = [this, title] { notify(Notice::Kind::info, title + ": stopped, nothing changed"); };
    } catch (...) {
      take = [this, title, text = words_of(std::current_exception())] {
        notify(Notice::Kind::error, title + ": " + text);
      };
    }
    job_.end();
    deliver(std::move(take));
  });
  return true;
}

void DocumentSession::notify(Notice::Kind kind, std::string text) {
  if (notices_.size() >= kMostNotices) notices_.erase(notices_.begin());
  notices_.push_back({kind, printable(text, 1000)});
  ++notice_version_;
}

}  // namespace vane
