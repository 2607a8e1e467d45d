// SPDX-License-Identifier: Apache-2.0
#include "gui/session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "editing/document/commands.h"
#include "engine/base/assets.h"
#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/stopwatch.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/image/srgb_view.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// Longer side of what is shown, and of the draft that comes before it while a slider moves.
constexpr int kPreviewSide = 1440, kDraftSide = 480;
constexpr size_t kMostNotices = 500;

/// A preview that is no longer wanted ends at its next poll.
class PreviewJob final : public Job {
 public:
  explicit PreviewJob(const Worker& worker) : worker_(worker) {}
  bool stop_requested() const noexcept override { return worker_.has_newer(); }
  void progress(int64_t, int64_t, std::string_view) override {}
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view message) override { warning = message; }
  void info(std::string_view) override {}

  std::string warning;

 private:
  const Worker& worker_;
};

/// What an exception says to a person.
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

std::string found_summary(const Edit& edit, const Found& found) {
  return edit_title(edit) + ": " + found.summary;
}

std::string batch_summary(const EnhanceResult& result) {
  return fmt::format("{} enhanced, {} skipped, {} failed in {}", result.ok, result.skipped,
                     result.failed, duration_text(result.seconds));
}

}  // namespace

EnhanceRequest batch_request(const BatchParameters& parameters) {
  EnhanceRequest request;
  request.inputs = {parameters.folder};
  request.output = parameters.output;
  request.strength = parameters.strength;
  request.recursive = parameters.recursive;
  request.skip_existing = parameters.skip_existing;
  request.overwrite = !parameters.skip_existing;
  return request;
}

fs::path own_copy_of_sample(const fs::path& sample) {
  const fs::path copy = data_folder() / "samples" / sample.filename();
  if (fs::exists(copy)) return copy;
  std::error_code fault;
  fs::create_directories(copy.parent_path(), fault);
  const auto bytes =
      MappedFile::open(sample, Limits{}.image_file_bytes, static_cast<int>(ErrorCode::input));
  atomic_write(copy, bytes->view());
  return copy;
}

template <class Function>
void Session::guarded(const Function& function) {
  try {
    function();
  } catch (const Cancelled&) {
    notify(Notice::Kind::info, "Stopped");
  } catch (...) {
    notify(Notice::Kind::error, words_of(std::current_exception()));
  }
}

Session::Session(ServiceDoor& door, std::function<void()> wake)
    : door_(door), wake_(std::move(wake)), job_(wake_), renderer_(door), previews_(door) {}

Session::~Session() {
  job_.stop();
  worker_.wait();
  close();
}

bool Session::poll() {
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
  return !finished.empty() || !messages.empty();
}

void Session::deliver(std::function<void()> take) {
  {
    const std::lock_guard lock(finished_mutex_);
    finished_.push_back(std::move(take));
  }
  wake_();
}

void Session::settle() {
  // A search that ends asks for a preview, which a poll hands on.
  do {
    worker_.wait();
    previewer_.wait();
  } while (poll());
}

void Session::open(const fs::path& photo) {
  guarded([&] {
    if (busy()) {
      throw Error(ErrorCode::usage, "something is being computed").with_hint("stop it first");
    }
    const DocumentPlaces places = document_places(photo);
    const Image image = read_image(places.photo);
    // Before the open photograph is let go of: a faulty sidecar leaves it where it is.
    DocumentFile file(places.sidecar);
    const auto document = file.load();
    close();
    places_ = places;
    file_ = std::move(file);
    width_ = image.width;
    height_ = image.height;
    const int side = std::max(image.width, image.height);
    source_ = std::make_shared<const Image>(srgb_thumbnail(image, std::min(side, kPreviewSide)));
    draft_source_ = side > kDraftSide
                        ? std::make_shared<const Image>(thumbnail(*source_, kDraftSide))
                        : source_;
    if (document) notes_ = document->notes;
    history_ = History(document ? document->stack : EditStack());
    saved_hash_ = history_.current().hash();
    recovered_ = Journal::recover(places_.folder / "journal.jsonl");
    if (recovered_ && recovered_->current().hash() == saved_hash_) recovered_.reset();
    after_ = {source_, {}, -1};
    ++picture_version_;
    notify(Notice::Kind::info, fmt::format("Opened {} ({} x {})", name(), width_, height_));
    request_preview();
  });
}

void Session::close() {
  if (!is_open()) return;
  previewer_.wait();
  if (journal_) {
    if (!unsaved()) journal_->remove();
    journal_.reset();
  }
  ++generation_;
  source_ = draft_source_ = nullptr;
  after_ = {};
  history_ = History();
  recovered_.reset();
  notes_.clear();
  ++picture_version_;
}

void Session::save() {
  guarded([&] {
    Document document{name(), {}, notes_, stack()};
    const auto bytes = MappedFile::open(places_.photo, Limits{}.image_file_bytes,
                                        static_cast<int>(ErrorCode::input));
    document.photo_hash = hex64(xxh64(bytes->view()));
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

void Session::recover(bool yes) {
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
    request_preview();
  } else {
    std::error_code ignored;
    fs::remove(places_.folder / "journal.jsonl", ignored);
  }
}

void Session::after_change(bool merged) {
  guarded([&] {
    if (journal_) {
      journal_->note_commit(history_, merged);
    } else {
      journal_ = std::make_unique<Journal>(places_.folder / "journal.jsonl");
      journal_->begin(history_);
    }
  });
  request_preview();
}

int64_t Session::add(Edit edit) {
  if (!is_open()) return 0;
  const int64_t id = stack().next_id();
  const std::string label = "Add " + edit_title(edit);
  if (history_.commit(label, stack().with_added(std::move(edit)))) after_change(false);
  return id;
}

void Session::change(Edit edit, const std::string& label, const std::string& merge_key) {
  if (!stack().find(edit.id)) return;
  const size_t states = history_.states().size(), position = history_.position();
  const std::string key = merge_key.empty() ? "" : fmt::format("{} {}", merge_key, edit.id);
  if (!history_.commit(label, stack().with_changed(std::move(edit)), key)) return;
  // A state of its own is one further than the one before.
  after_change(history_.position() <= position && history_.states().size() <= states);
}

void Session::end_drag() { history_.end_merge(); }

void Session::remove(int64_t id) {
  const Edit* edit = stack().find(id);
  if (!edit) return;
  if (history_.commit("Remove " + edit_title(*edit), stack().without(id))) after_change(false);
}

void Session::move(int64_t id, int by) {
  const auto& edits = stack().edits();
  const auto at = std::find_if(edits.begin(), edits.end(),
                               [id](const EditStack::Entry& edit) { return edit->id == id; });
  if (at == edits.end()) return;
  const auto to = (at - edits.begin()) + by;
  if (to < 0 || to >= std::ssize(edits)) return;
  const std::string label = "Move " + edit_title(**at);
  if (history_.commit(label, stack().moved(id, static_cast<size_t>(to)))) after_change(false);
}

void Session::undo() {
  if (history_.can_undo()) go_to(history_.position() - 1);
}

void Session::redo() {
  if (history_.can_redo()) go_to(history_.position() + 1);
}

void Session::go_to(size_t position) {
  if (position >= history_.states().size() || position == history_.position()) return;
  history_.go_to(position);
  guarded([&] {
    if (journal_) journal_->note_position(history_);
  });
  request_preview();
}

void Session::request_preview() {
  if (!is_open()) return;
  current_hash_ = stack().hash();
  previewer_.post([this, stack = stack(), places = places_, full = source_, draft = draft_source_,
                   map = map_, generation = generation_] {
    const std::string name = fmt::format("{}#{}", places.photo.string(), generation);
    for (const bool is_draft : {true, false}) {
      if (is_draft && draft == full) continue;
      PreviewJob job(previewer_);
      const Stopwatch watch;
      try {
        PreviewPicture picture = previews_.render(
            is_draft ? draft : full, name + (is_draft ? "draft" : ""), stack, places, map, job);
        deliver([this, picture = std::move(picture), is_draft, generation,
                 ms = watch.milliseconds(), warning = job.warning] {
          if (generation != generation_) return;
          after_ = picture;
          draft_ = is_draft;
          preview_ms_ = ms;
          ++picture_version_;
          if (!warning.empty() && !is_draft) notify(Notice::Kind::warning, warning);
        });
      } catch (const Cancelled&) {
        return;
      } catch (...) {
        deliver([this, text = words_of(std::current_exception())] {
          notify(Notice::Kind::error, text);
        });
        return;
      }
    }
  });
}

void Session::want_light_map(bool wanted) {
  if (std::exchange(map_, wanted) != wanted && wanted) request_preview();
}

bool Session::start(const std::string& title, std::function<std::function<void()>(Job&)> work) {
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

bool Session::search(int64_t id) {
  const Edit* edit = stack().find(id);
  if (!edit || !needs_search(edit->kind)) return false;
  return start(edit_title(*edit),
               [this, id, stack = stack(), places = places_,
                generation = generation_](Job& job) -> std::function<void()> {
                 const Found found = renderer_.search(stack, places, id, job);
                 return [this, id, found, generation] {
                   const Edit* now = this->stack().find(id);
                   if (generation != generation_ || !now) return;
                   Edit changed = *now;
                   changed.found = found.file;
                   notify(Notice::Kind::good, found_summary(changed, found));
                   change(changed, "Apply " + edit_title(changed));
                 };
               });
}

bool Session::export_picture(const fs::path& output) {
  if (!is_open()) return false;
  return start(
      "Export",
      [this, output, stack = stack(), places = places_](Job& job) -> std::function<void()> {
        renderer_.export_picture(stack, places, fs::absolute(output), job);
        return [this, output] { notify(Notice::Kind::good, "Exported " + output.string()); };
      });
}

bool Session::enhance_folder(const BatchParameters& parameters) {
  const EnhanceRequest request = batch_request(parameters);
  return start("Enhance folder", [this, request](Job& job) -> std::function<void()> {
    auto result = door_.call<EnhanceResult>("enhance", request, job);
    return [this, result = std::move(result)] {
      batch_ = result;
      notify(result.failed > 0 ? Notice::Kind::warning : Notice::Kind::good, batch_summary(result));
    };
  });
}

std::string Session::command_text(const fs::path& output) const {
  if (!is_open()) return {};
  return shell_script(picture_steps(stack(), places_, fs::absolute(output)));
}

fs::path Session::suggested_output() const {
  std::string ending = places_.photo.extension().string();
  if (!is_picture_name(places_.photo)) ending = ".jpg";
  return places_.photo.parent_path() / (places_.photo.stem().string() + "-vane" + ending);
}

SharedImage Session::mask_picture(int64_t id) {
  const Edit* edit = stack().find(id);
  if (!edit || edit->kind != EditKind::mask || edit->found.empty()) return nullptr;
  try {
    return std::make_shared<const Image>(
        thumbnail(read_image(places_.folder / edit->found), kPreviewSide));
  } catch (const Error& error) {
    notify(Notice::Kind::error, error.what());
    return nullptr;
  }
}

void Session::notify(Notice::Kind kind, std::string text) {
  if (notices_.size() >= kMostNotices) notices_.erase(notices_.begin());
  notices_.push_back({kind, printable(text, 1000)});
  ++notice_version_;
}

}  // namespace vane
