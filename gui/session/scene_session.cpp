// SPDX-License-Identifier: Apache-2.0
#include "gui/session/scene_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "editing/scenes/camera_path.h"
#include "editing/services/lift.h"
#include "editing/services/query.h"
#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/stopwatch.h"
#include "engine/base/text.h"
#include "engine/scene/scene_data.h"
#include "engine/scene/splat_file.h"
#include "generators/language/language_field.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// Drafts aim at this, well below the 150 ms that they may take.
constexpr double kDraftMs = 60;
// So long after a draft the hand may move again before the whole picture is begun.
constexpr auto kPause = std::chrono::milliseconds(60), kPausePart = std::chrono::milliseconds(10);

constexpr double kLeastOrbit = 0.01;

double distance_of(const Orbit& orbit) {
  return std::hypot(orbit.start[0], orbit.start[1], orbit.start[2]);
}

fs::path bytes_of_scene(const fs::path& scene) {
  return fs::is_directory(scene) ? scene / "meta.json" : scene;
}

std::string hash_of_scene(const fs::path& scene) {
  const auto bytes =
      MappedFile::open(bytes_of_scene(scene), UINT64_MAX, static_cast<int>(ErrorCode::input));
  return hex64(xxh64(bytes->view()));
}

fs::path own_field(const fs::path& scene) { return fs::path(scene).replace_extension(".lang"); }

bool is_dataset(const fs::path& folder) {
  std::error_code ignored;
  for (const char* sign : {"transforms.json", "transforms_train.json", "sparse"}) {
    if (fs::exists(folder / sign, ignored)) return true;
  }
  return false;
}

/// In the scene's folder or of its name: what `vane fit` reads and leaves its scene beside.
fs::path dataset_beside(const fs::path& scene) {
  const fs::path folder = scene.parent_path();
  for (const fs::path& place : {folder / scene.stem(), folder}) {
    if (is_dataset(place)) return place;
  }
  std::error_code fault;
  fs::path only;
  for (fs::directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault)) {
    std::error_code ignored;
    if (!at->is_directory(ignored) || !is_dataset(at->path())) continue;
    if (!only.empty()) return {};  // which of them is not known
    only = at->path();
  }
  return only;
}

struct FieldOfScene {
  SceneField asked;
  std::vector<Camera> cameras;
};

/// Throws Error{input} for the field of another scene.
FieldOfScene field_of_scene(const fs::path& field, const fs::path& scene, const std::string& hash) {
  const LanguageField read = read_language_field(field);
  if (read.scene_hash != hash) {
    throw Error(ErrorCode::input, "is not a field of " + scene.filename().string() +
                                      ", or the scene has changed since")
        .in_file(field)
        .with_hint("lift it again");
  }
  const fs::path named = fs::absolute(field).parent_path() / read.scene;
  std::error_code ignored;
  const bool names_it = fs::equivalent(named, scene, ignored);
  return {{field, names_it ? fs::path() : scene}, read.cameras};
}

}  // namespace

struct SceneSession::Loaded {
  DocumentPlaces places;
  DocumentFile file{{}};
  std::optional<Document> document;
  std::shared_ptr<const SplatCloud> cloud;
  std::string layout, hash, warning;
  SceneField asked;
  fs::path dataset;
  Orbit orbit;
  Camera lens = usual_camera();
};

SceneSession::SceneSession(ServiceDoor& door, std::function<void()> wake)
    : DocumentSession(door, std::move(wake)), renderer_(door) {}

SceneSession::~SceneSession() {
  end_jobs();
  close();
}

void SceneSession::open(const fs::path& scene) {
  start("Open " + scene.filename().string(), [this, scene](Job& job) -> std::function<void()> {
    auto loaded = std::make_shared<Loaded>();
    loaded->places = document_places(scene);
    const fs::path& path = loaded->places.photo;
    job.progress(0, 3, "reading Gaussians");
    SplatFile file = read_splats(path, Limits{});
    if (file.cloud.size() == 0) throw Error(ErrorCode::input, "has no Gaussians").in_file(path);
    if (file.dropped > 0) {
      loaded->warning = fmt::format("{} rows that cannot be drawn were left out", file.dropped);
    }
    loaded->layout = file.layout;
    loaded->cloud = std::make_shared<const SplatCloud>(std::move(file.cloud));
    job.check_cancelled();
    job.progress(1, 3, "reading its sidecar");
    loaded->file = DocumentFile(loaded->places.sidecar);
    loaded->document = loaded->file.load();
    loaded->hash = hash_of_scene(path);
    loaded->dataset = dataset_beside(path);
    job.check_cancelled();
    job.progress(2, 3, "reading its language field");
    std::vector<Camera> cameras;
    try {
      if (fs::exists(own_field(path))) {
        FieldOfScene field = field_of_scene(own_field(path), path, loaded->hash);
        loaded->asked = field.asked;
        cameras = std::move(field.cameras);
      }
      if (cameras.empty() && !loaded->dataset.empty()) {
        for (const SceneView& view : read_scene_data(loaded->dataset, Limits{}).views) {
          cameras.push_back(view.camera);
        }
      }
    } catch (const Error& problem) {
      loaded->warning = problem.what();
    }
    loaded->orbit = orbit_of(*loaded->cloud, loaded->lens);
    if (!cameras.empty()) {
      const Orbit around = orbit_of(cameras);
      // Cameras that all look the same way have no middle.
      if (distance_of(around) > kLeastOrbit * distance_of(loaded->orbit)) {
        loaded->orbit = around;
        loaded->lens = cameras.front();
      }
    }
    job.check_cancelled();
    return [this, loaded] { take(*loaded); };
  });
}

void SceneSession::take(const Loaded& loaded) {
  close();
  scene_ = loaded.cloud;
  layout_ = loaded.layout;
  scene_hash_ = loaded.hash;
  asked_ = loaded.asked;
  dataset_ = loaded.dataset;
  camera.begin(loaded.orbit, loaded.lens);
  begin_document(loaded.places, loaded.file, loaded.document);
  stages_ = std::make_shared<SceneStages>(scene_, scene_hash_);
  stage_.cloud = scene_;
  ++stage_version_;
  notify(Notice::Kind::info, fmt::format("Opened {} ({} Gaussians)", name(), scene_->size()));
  if (!loaded.warning.empty()) notify(Notice::Kind::warning, loaded.warning);
  show_stack();
}

void SceneSession::close() {
  if (!is_open()) return;
  wait_for_previews();
  end_document();
  scene_ = nullptr;
  stages_ = nullptr;
  asked_ = {};
  answers_.clear();
  stage_ = {};
  ++stage_version_;
  wanted_ = {};
  picture_ = nullptr;
  draft_size_ = {};
  ++picture_version_;
}

void SceneSession::wait_for_previews() {
  stager_.wait();
  drawer_.wait();
}

void SceneSession::use_field(const fs::path& field) {
  if (!is_open()) return;
  guarded([&] {
    asked_ = field_of_scene(fs::absolute(field), places_.photo, scene_hash_).asked;
    answers_.clear();
    notify(Notice::Kind::good, "The scene can be asked: " + field.filename().string());
    show_stack();
  });
}

bool SceneSession::lift() {
  if (!is_open() || dataset_.empty()) return false;
  LiftRequest request;
  request.scene = places_.photo;
  request.dataset = dataset_;
  request.output = own_field(places_.photo);
  return start("Lift", [this, request](Job& job) -> std::function<void()> {
    door_.call<LiftResult>("lift", request, job);
    return [this, request] { use_field(request.output); };
  });
}

void SceneSession::ask_again() {
  std::erase_if(answers_, [](const auto& answer) { return !answer.second->problem.empty(); });
  if (is_open()) show_stack();
}

void SceneSession::show_stack() {
  stager_.post(
      [this, stages = stages_, stack = stack(), answers = answers_, generation = generation_] {
        PreviewJob job(stager_);
        try {
          SceneStage stage = stages->after(stack, answers, job);
          deliver([this, stage = std::move(stage), generation] {
            if (generation != generation_) return;
            stage_ = stage;
            ++stage_version_;
          });
        } catch (const Cancelled&) {
          return;
        } catch (...) {
          deliver([this, text = words_of(std::current_exception())] {
            notify(Notice::Kind::error, text);
          });
        }
      });
}

bool SceneSession::follow_up() {
  if (!is_open() || !is_asking() || busy() || !stager_.idle()) return false;
  const SceneStage::Question question = *stage_.question;
  if (answers_.contains(question.key)) return false;  // the stage that knows it is on its way
  const auto answered = [this, question, generation = generation_](SceneAnswer answer) {
    if (generation != generation_) return;
    if (answer.problem.empty()) {
      notify(Notice::Kind::good,
             fmt::format("{}: relevancy {:.2f}{}", question.edit->scene.text, answer.score,
                         answer.score < question.edit->scene.threshold ? ", it is not there" : ""));
    }
    answers_[question.key] = std::make_shared<const SceneAnswer>(std::move(answer));
    show_stack();
  };
  return start(
      edit_title(*question.edit),
      [this, question, answered, places = places_,
       asked = asked_](Job& job) -> std::function<void()> {
        SceneAnswer answer;
        try {
          const std::vector<Step> before = scene_steps(question.before, places, asked, {});
          renderer_.run(before, false, job);
          QueryRequest request = scene_query(*question.edit, field_after(before, asked));
          request.scores = true;
          auto result = door_.call<QueryResult>("query", request, job);
          QueryText& text = result.texts.at(0);
          answer = {text.level, text.score, std::move(text.relevancy), std::move(text.weight), {}};
        } catch (const Cancelled&) {
          answer.problem = "stopped before there was an answer";
        } catch (const Error& problem) {
          answer.problem = problem.what();
          return [this, answered, answer] {
            notify(Notice::Kind::error, answer.problem);
            answered(answer);
          };
        }
        return [answered, answer] { answered(answer); };
      });
}

std::vector<Step> SceneSession::export_steps(const fs::path& output) const {
  return scene_steps(stage_.changed_by, places_, asked_, fs::absolute(output));
}

void SceneSession::check_output(const fs::path& output) const {
  if (fs::exists(output) && fs::equivalent(output, places_.photo)) {
    throw Error(ErrorCode::usage, "that is the scene itself; it is never changed")
        .in_file(output)
        .with_hint("choose another name");
  }
  if (stage_.question) {
    throw Error(ErrorCode::usage, "an edit has no answer yet")
        .with_hint(has_field() ? "wait for it" : "lift the scene, or switch the edit off");
  }
}

bool SceneSession::export_to(const fs::path& output) {
  return run_steps("Export scene", output, [this, &output] { return export_steps(output); });
}

bool SceneSession::export_selection(int64_t edit, const fs::path& output) {
  const Edit* chosen = stack().find(edit);
  if (!chosen) return false;
  return run_steps("Export selection", output, [&] {
    return selection_steps(before(edit), *chosen, places_, asked_, fs::absolute(output));
  });
}

bool SceneSession::run_steps(const std::string& title, const fs::path& output,
                             const std::function<std::vector<Step>()>& make_steps) {
  if (!is_open()) return false;
  bool started = false;
  guarded([&] {
    check_output(output);
    const std::vector<Step> steps = make_steps();
    started = start(title, [this, steps, output, scene = places_.photo](Job& job) {
      if (steps.empty()) {
        const auto bytes = MappedFile::open(scene, UINT64_MAX, static_cast<int>(ErrorCode::input));
        atomic_write(output, bytes->view());
      } else {
        renderer_.run(steps, true, job);
      }
      return [this, output] { notify(Notice::Kind::good, "Exported " + output.string()); };
    });
  });
  return started;
}

std::vector<EditStack::Entry> SceneSession::before(int64_t edit) const {
  std::vector<EditStack::Entry> entries;
  for (const EditStack::Entry& entry : stage_.changed_by) {
    if (entry->id == edit) break;
    const auto& edits = stack().edits();
    const auto place = [&edits](int64_t id) {
      return std::find_if(edits.begin(), edits.end(),
                          [id](const EditStack::Entry& one) { return one->id == id; });
    };
    if (place(entry->id) > place(edit)) break;
    entries.push_back(entry);
  }
  return entries;
}

std::string SceneSession::command_text(const fs::path& output) const {
  if (!is_open() || stage_.question) return {};
  return shell_script(export_steps(output));
}

std::string SceneSession::selection_text(int64_t edit, const fs::path& output) const {
  const Edit* found = stack().find(edit);
  if (!is_open() || !found || stage_.question) return {};
  return shell_script(selection_steps(before(edit), *found, places_, asked_, fs::absolute(output)));
}

fs::path SceneSession::suggested_output() const {
  return places_.photo.parent_path() / (places_.photo.stem().string() + "-vane.ply");
}

void SceneSession::want_picture(int width, int height, int64_t pointed, bool moving) {
  if (!is_open() || !stage_.cloud || width < 8 || height < 8) return;
  const Wanted wanted{width,   height,  pointed,        camera, look,
                      overlay, opacity, stage_version_, moving};
  if (wanted == wanted_) return;
  // The hand let go of what is drawn as a whole already.
  Wanted still = wanted;
  still.moving = wanted_.moving;
  if (still == wanted_ && !draft_ && drawer_.idle()) {
    wanted_ = wanted;
    return;
  }
  wanted_ = wanted;
  draw(wanted);
}

void SceneSession::draw(const Wanted& wanted) {
  SceneDrawing drawing{stage_.cloud,
                       stage_.rows,
                       nullptr,
                       nullptr,
                       wanted.camera.camera(wanted.width, wanted.height),
                       wanted.look,
                       wanted.overlay,
                       wanted.opacity};
  // What was done with a thing is better seen without.
  const Edit* edit = stack().find(wanted.pointed);
  const SceneFinding* finding = stage_.finding(wanted.pointed);
  if (edit && !changes_scene(*edit) && finding && finding->present) {
    drawing.relevancy = finding->relevancy;
    drawing.selected = finding->selected;
  }
  const double draft = draft_size_.share(kDraftMs);
  drawer_.post([this, drawing = std::move(drawing), draft, moving = wanted.moving,
                generation = generation_] {
    for (const double share : {draft, 1.0}) {
      if (share == 1 && draft < 1) {
        if (moving) return;
        for (auto waited = kPausePart; waited < kPause; waited += kPausePart) {
          if (drawer_.has_newer()) return;
          std::this_thread::sleep_for(kPausePart);
        }
      }
      if (drawer_.has_newer()) return;
      try {
        const Stopwatch watch;
        auto image = std::make_shared<const Image>(draw_scene(drawing, share));
        deliver([this, image, share, ms = watch.milliseconds(), generation] {
          if (generation != generation_) return;
          draft_size_.note(share, ms);
          picture_ = image;
          picture_ms_ = ms;
          draft_ = share < 1;
          ++picture_version_;
        });
      } catch (...) {
        deliver([this, text = words_of(std::current_exception())] {
          notify(Notice::Kind::error, text);
        });
        return;
      }
      if (share == 1) return;
    }
  });
}

}  // namespace vane
