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
#include "engine/base/file_words.h"
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

namespace {

/// A file name that tells people what the direction is: a-warm-photo.safetensors, not taken yet.
fs::path fresh_direction(const fs::path& folder, const std::string& title) {
  const std::string words = file_words(title);
  for (int n = 1;; ++n) {
    const fs::path file =
        folder / fmt::format("{}{}.safetensors", words.empty() ? "direction" : words,
                             n > 1 ? fmt::format("-{}", n) : "");
    if (!fs::exists(file)) return file;
  }
}

/// Calls the service of a step.
struct DirectionMaker {
  ServiceDoor& door;
  Job& job;

  void operator()(const DirectionTextRequest& r) const { call("direction text", r); }
  void operator()(const DirectionImageRequest& r) const { call("direction image", r); }
  void operator()(const DirectionResidualRequest& r) const { call("direction residual", r); }
  void operator()(const DirectionMixRequest& r) const { call("direction mix", r); }

  template <class Request>
  void call(const char* name, const Request& request) const {
    door.call<DirectionResult>(name, request, job);
  }
};

}  // namespace

Session::Session(ServiceDoor& door, std::function<void()> wake)
    : DocumentSession(door, std::move(wake)),
      renderer_(door),
      previews_(door),
      details_(door, {.kept = 1, .files = 2}) {}

Session::~Session() {
  end_jobs();
  close();
}

void Session::open(const fs::path& photo) {
  guarded([&] {
    check_idle();
    const DocumentPlaces places = document_places(photo);
    const Image image = read_image(places.photo);
    // Before the open photograph is let go of: a faulty sidecar leaves it where it is.
    DocumentFile file(places.sidecar);
    const auto document = file.load();
    close();
    begin_document(places, std::move(file), document);
    width_ = image.width;
    height_ = image.height;
    const int side = std::max(image.width, image.height);
    source_ = std::make_shared<const Image>(srgb_thumbnail(image, std::min(side, kPreviewSide)));
    draft_source_ = side > kDraftSide
                        ? std::make_shared<const Image>(thumbnail(*source_, kDraftSide))
                        : source_;
    after_ = {source_, {}, -1};
    ++picture_version_;
    notify(Notice::Kind::info, fmt::format("Opened {} ({} x {})", name(), width_, height_));
    show_stack();
  });
}

void Session::close() {
  if (!is_open()) return;
  previewer_.wait();
  end_document();
  source_ = draft_source_ = nullptr;
  made_direction_.reset();
  after_ = {};
  detail_ = {};
  wants_detail_ = false;
  full_source_ = nullptr;
  full_name_.clear();
  ++picture_version_;
}

void Session::show_stack() {
  if (detail_.after) {
    detail_ = {};
    ++picture_version_;
  }
  previewer_.post([this, stack = stack(), places = places_, full = source_, draft = draft_source_,
                   map = map_, detailed = wants_detail_, generation = generation_,
                   asked = Stopwatch()] {
    const std::string name = fmt::format("{}#{}", places.photo.string(), generation);
    PreviewJob job(previewer_);
    try {
      for (const bool is_draft : {true, false}) {
        if (is_draft && draft == full) continue;
        const bool is_first = is_draft || draft == full;
        job.gives_way = !is_first;
        const Stopwatch watch;
        PreviewPicture picture = previews_.render(
            is_draft ? draft : full, name + (is_draft ? "draft" : ""), stack, places, map, job);
        deliver([this, picture = std::move(picture), is_draft, is_first, asked, generation,
                 ms = watch.milliseconds(), warning = job.warning] {
          if (generation != generation_) return;
          after_ = picture;
          draft_ = is_draft;
          preview_ms_ = ms;
          if (is_first) {
            ++answers_;
            answer_ms_ = asked.milliseconds();
          }
          ++picture_version_;
          if (!warning.empty() && !is_draft) notify(Notice::Kind::warning, warning);
        });
      }
      if (!detailed) return;
      job.gives_way = true;
      deliver([this, made = render_detail(name, stack, places, job), generation] {
        if (generation != generation_ || !wants_detail_) return;
        detail_ = made;
        ++picture_version_;
      });
    } catch (const Cancelled&) {
      return;
    } catch (...) {
      deliver(
          [this, text = words_of(std::current_exception())] { notify(Notice::Kind::error, text); });
    }
  });
}

DetailPictures Session::render_detail(const std::string& name, const EditStack& stack,
                                      const DocumentPlaces& places, Job& job) {
  if (full_name_ != name) {
    const Image photo = read_image(places.photo);
    full_source_ =
        std::make_shared<const Image>(srgb_thumbnail(photo, std::max(photo.width, photo.height)));
    full_name_ = name;
  }
  job.check_cancelled();
  return {full_source_, details_.render(full_source_, name, stack, places, false, job).image};
}

void Session::want_detail(bool wanted) {
  if (wanted == wants_detail_ || !is_open()) return;
  wants_detail_ = wanted;
  if (wants_detail_) {
    show_stack();
  } else {
    detail_ = {};
    ++picture_version_;
  }
}

void Session::want_light_map(bool wanted) {
  if (std::exchange(map_, wanted) != wanted && wanted && is_open()) show_stack();
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

bool Session::export_to(const fs::path& output) {
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

bool Session::make_direction(const DirectionRecipe& recipe) {
  if (!is_open()) return false;
  DirectionSteps made;
  try {
    made = direction_steps(recipe, places_.photo,
                           fresh_direction(places_.folder, recipe_title(recipe)));
  } catch (const Error&) {
    notify(Notice::Kind::error, words_of(std::current_exception()));
    return false;
  }
  return start("Direction: " + printable(recipe_title(recipe), 60),
               [this, recipe, made, generation = generation_](Job& job) -> std::function<void()> {
                 fs::create_directories(made.output.parent_path());
                 for (const DirectionRequest& step : made.steps) {
                   std::visit(DirectionMaker{door_, job}, step);
                 }
                 auto words =
                     door_.call<DirectionExplainResult>("direction explain", made.explain, job);
                 std::error_code ignored;
                 for (const fs::path& file : made.between) fs::remove(file, ignored);
                 return [this, recipe, file = made.output, words = std::move(words), generation] {
                   if (generation != generation_) return;
                   made_direction_ = {recipe, file, words};
                   notify(Notice::Kind::good, "Made " + file.filename().string());
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

}  // namespace vane
