// SPDX-License-Identifier: Apache-2.0
#include "editing/services/enhance.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>
#include <new>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "editing/enhance_journal.h"
#include "editing/enhance_one.h"
#include "editing/enhance_pipeline.h"
#include "editing/enhance_preview.h"
#include "editing/enhance_video.h"
#include "editing/finishing_job.h"
#include "editing/folder_watch.h"
#include "editing/services/enhance_report.h"
#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/hash.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/image/srgb_view.h"
#include "engine/run/device.h"
#include "engine/run/threads.h"
#include "engine/video/video_file.h"
#include "enhance/enhance_method.h"
#include "enhance/relight_method.h"
#include "generators/enhance/tiled_illumination.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// More would hold more photographs than decoding and encoding beside a method can use.
constexpr size_t kMostAutomaticJobs = 4;

size_t jobs_of(const EnhanceRequest& request) {
  if (request.jobs > 0) return static_cast<size_t>(request.jobs);
  return std::min(kMostAutomaticJobs, static_cast<size_t>(logical_core_count()) + 1);
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

/// Everything that a photograph's result depends on, beside its bytes.
std::string settings_hash(const EnhanceRequest& request, const EnhanceMethod& method) {
  const nlohmann::ordered_json settings{{"version", VANE_VERSION},
                                        {"method", request.method},
                                        {"weights", method.content_hash()},
                                        {"strength", request.strength},
                                        {"automatic", request.auto_strength},
                                        {"refine", request.refine},
                                        {"quality", request.jpeg_quality},
                                        {"bits", request.bit_depth},
                                        {"times", request.keep_times},
                                        {"strip", request.strip},
                                        {"stamp", request.stamp},
                                        {"bake", request.bake_orientation}};
  return hex64(xxh64(settings.dump()));
}

PhotoSelection selection_of(const EnhanceRequest& request) {
  PhotoSelection selection{.inputs = request.inputs,
                           .output = request.output,
                           .recursive = request.recursive,
                           .exclude = request.exclude,
                           .suffix = request.suffix,
                           .extension = request.format == "keep" ? "" : request.format};
  for (const std::string& word : split(request.extensions, ',')) {
    std::string extension = trimmed(word);
    if (extension.starts_with('.')) extension.erase(0, 1);
    if (extension.empty()) continue;
    const fs::path name = "x." + extension;
    if (!is_picture_name(name) && !is_raw_name(name) && !is_video_name(name)) {
      throw Error(ErrorCode::usage, "\"" + extension + "\" is no format that can be read")
          .at_key("--ext")
          .with_hint("for example jpg,tif");
    }
    selection.extensions.push_back(extension);
  }
  if (request.suffix.find('/') != std::string::npos) {
    throw Error(ErrorCode::usage, "a suffix is part of a name, without /").at_key("--suffix");
  }
  return selection;
}

/// The request with its modes settled.
EnhanceRequest checked(EnhanceRequest request) {
  if (request.overwrite + request.skip_existing + request.resume > 1) {
    throw Error(ErrorCode::usage, "--overwrite, --skip-existing and --resume exclude each other");
  }
  if (!request.watch) return request;
  if (request.dry_run) throw Error(ErrorCode::usage, "--watch and --dry-run exclude each other");
  for (const fs::path& input : request.inputs) {
    std::error_code ignored;
    if (!fs::is_directory(input, ignored)) {
      throw Error(ErrorCode::usage, "is no folder; --watch takes folders").in_file(input);
    }
  }
  request.resume = !request.overwrite && !request.skip_existing;
  return request;
}

/// A photograph of a batch reports nothing but warnings; the batch counts photographs.
class PhotoJob final : public Job {
 public:
  explicit PhotoJob(Job& batch) : batch_(batch) {}
  bool stop_requested() const noexcept override { return batch_.stop_requested(); }
  int stop_code() const noexcept override { return batch_.stop_code(); }
  void progress(int64_t, int64_t, std::string_view) override {}
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view message) override { batch_.warn(message); }
  void info(std::string_view) override {}

 private:
  Job& batch_;
};

/// One call of the service: the batch, the method once it is needed, and what became of each.
class Enhancer {
 public:
  Enhancer(const EnhanceRequest& request, Job& job)
      : request_(request), stages_(request), job_(job), photo_job_(job), start_(Clock::now()) {
    result.method = request.method;
    result.model_name = request.model.filename().string();
    result.strength = request.strength;
    result.started = utc_now();
  }

  void run(PhotoBatch batch) {
    batch_ = std::move(batch);
    works_.clear();
    videos_.clear();
    retired_ = 0;
    first_ = result.files.size();
    for (const PhotoTask& task : batch_.tasks) {
      EnhancedFile& file = result.files.emplace_back();
      file.input = task.input.string();
      file.output = task.output.string();
    }
    if (!request_.dry_run) tidy();
    if (request_.resume) load_method();
    for (size_t i = 0; i < batch_.tasks.size(); ++i) plan(i);
    if (!request_.dry_run && !(works_.empty() && videos_.empty())) make();
  }

  /// Runs what lies in the folders and what comes into them, until the job is stopped.
  void watch(PhotoSelection selection) {
    selection.may_be_empty = true;
    FolderWatch watch(selection.inputs, selection.recursive);
    try {
      do {
        if (PhotoBatch batch = unknown(selection, watch); !batch.tasks.empty()) {
          run(std::move(batch));
          finish();
        }
        job_.progress(static_cast<int64_t>(result.files.size()), 0, "watching");
      } while (watch.wait(job_));
    } catch (const Cancelled&) {
      // Photographs that were not begun are found again by the next watch.
    }
  }

  /// Whether the batch cannot go on but has something to tell.
  bool many() const { return batch_.many; }

  /// Takes what has to be made through its stages.
  void make() {
    load_method();
    count_progress();
    run_pipeline(
        works_.size(), jobs_of(request_),
        {.load = [this](size_t i) { stages_.load(works_[i], batch_.into_folder); },
         .process = [this](size_t i) { process(works_[i]); },
         .store = [this](size_t i) { stages_.store(works_[i]); },
         .retire = [this](size_t i, const std::exception_ptr& error) { retire(i, error); }},
        job_);
    for (const size_t i : videos_) make_video(i);
  }

  void draw_contact_sheet() {
    std::vector<ContactPair> pairs;
    const std::vector<size_t> chosen = chosen_pairs();
    DecodeOptions decode;
    decode.limits = request_.limits;
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (!request_.watch) job_.check_cancelled();
      job_.progress(static_cast<int64_t>(i), static_cast<int64_t>(chosen.size()),
                    "drawing the contact sheet");
      const fs::path input = result.files[chosen[i]].input, output = result.files[chosen[i]].output;
      try {
        pairs.push_back({input.filename().string(),
                         srgb_thumbnail(read_image(input, decode), kContactSide),
                         srgb_thumbnail(read_image(output, decode), kContactSide)});
      } catch (const Error& error) {
        job_.warn(std::string("not on the contact sheet: ") + error.what());
      }
    }
    if (pairs.empty()) {
      job_.warn("no contact sheet: there is nothing to show");
      return;
    }
    write_image(request_.contact_sheet, contact_sheet(pairs));
  }

  void finish() {
    result.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    count_outcomes(result);
    result.report = enhance_report(result);
    if (!request_.report.empty()) {
      atomic_write(request_.report, std::string_view(result.report));
    }
  }

  /// finish() of a batch that ends with an error, which is what the caller is to be told.
  void leave() {
    try {
      finish();
    } catch (const Error& error) {
      job_.warn(std::string("no report: ") + error.what());
    }
  }

  uint64_t memory_bytes() const { return stages_.memory_bytes(); }

  EnhanceResult result;

 private:
  using Clock = std::chrono::steady_clock;

  /// What has come or changed since it was last taken, and is complete.
  PhotoBatch unknown(const PhotoSelection& selection, const FolderWatch& watch) {
    PhotoBatch batch;
    try {
      batch = photo_batch(selection);
    } catch (const Error& error) {
      job_.warn(error.what());  // a folder that went, or two photographs for one output
    }
    std::erase_if(batch.tasks, [&](const PhotoTask& task) {
      if (!watch.is_settled(task.input)) return true;
      const FileIdentity stamp = file_stamp(task.input);
      const std::pair<uint64_t, int64_t> now{stamp.size, stamp.mtime_ns};
      auto& known = known_.try_emplace(task.input, ~uint64_t{0}, 0).first->second;
      return std::exchange(known, now) == now;
    });
    return batch;
  }

  /// Takes away what killed runs left in the folders of the outputs.
  void tidy() const {
    std::set<fs::path> folders;
    for (const PhotoTask& task : batch_.tasks) folders.insert(task.output.parent_path());
    for (const fs::path& folder : folders) {
      remove_stale_temporaries(folder.empty() ? fs::path(".") : folder);
    }
  }

  /// What can be said of a photograph before it is opened.
  void plan(size_t i) {
    const PhotoTask& task = batch_.tasks[i];
    EnhancedFile& file = result.files[first_ + i];
    if (!can_become(task, file)) return;
    if (request_.resume && vouched(i)) {
      file.status = "skipped:done";
    } else if (!request_.overwrite && !request_.resume && fs::exists(task.output)) {
      exists(task, file);
    } else if (is_video_name(task.input)) {
      videos_.push_back(i);
    } else {
      PhotoWork& work = works_.emplace_back();
      work.task = task;
      work.file = &file;
    }
  }

  bool vouched(size_t i) {
    job_.check_cancelled();
    job_.progress(static_cast<int64_t>(i), static_cast<int64_t>(batch_.tasks.size()), "checking");
    const PhotoTask& task = batch_.tasks[i];
    EnhanceJournal* const journal = journal_of(task);
    try {
      const fs::path preview = stages_.preview_of(task);
      return journal && (preview.empty() || fs::exists(preview)) &&
             journal->vouches_for(task, settings_of(task), request_.limits);
    } catch (const Error&) {
      return false;  // a mask that is missing; trying the photograph says so
    }
  }

  std::string settings_of(const PhotoTask& task) const {
    const std::string mask = stages_.mask_identity(task);
    return mask.empty() ? result.config_hash : hex64(xxh64(result.config_hash + " " + mask));
  }

  /// The journal of the output's root; null when there is none.
  EnhanceJournal* journal_of(const PhotoTask& task) {
    if (task.root.empty() || (!batch_.many && !request_.resume)) return nullptr;
    return &journals_.try_emplace(task.root, task.root).first->second;
  }

  /// The finished photographs that the contact sheet shows, spread over all of them.
  std::vector<size_t> chosen_pairs() const {
    std::vector<size_t> finished;
    for (size_t i = 0; i < result.files.size(); ++i) {
      const std::string& status = result.files[i].status;
      if (status == "ok" || status.starts_with("skipped")) finished.push_back(i);
    }
    const size_t count = std::min(finished.size(), static_cast<size_t>(request_.contact_pairs));
    std::vector<size_t> chosen;
    for (size_t i = 0; i < count; ++i) chosen.push_back(finished[i * finished.size() / count]);
    return chosen;
  }

  bool can_become(const PhotoTask& task, EnhancedFile& file) {
    try {
      if (is_video_name(task.input)) {
        check_video(request_, task);
      } else {
        stages_.check(task);
      }
      return true;
    } catch (const Error& error) {
      fail(file, error);
      return false;
    }
  }

  void exists(const PhotoTask& task, EnhancedFile& file) {
    if (request_.skip_existing) {
      file.status = "skipped:exists";
      return;
    }
    fail(file, Error(ErrorCode::partial, "the output is there already")
                   .in_file(task.output)
                   .with_hint("--overwrite replaces it, --skip-existing leaves it"));
  }

  void load_method() {
    if (method_) return;
    job_.progress(0, 0, "loading");
    method_ = make_enhance_method(request_.method, request_.model, request_.limits);
    result.model_hash = method_->content_hash();
    result.model_parameters = method_->parameter_count();
    if (const fs::path file = method_->weights_file(); !file.empty()) {
      result.model_sha256 = sha256_hex(MappedFile::open(file, request_.limits.weights_file_bytes,
                                                        static_cast<int>(ErrorCode::checkpoint))
                                           ->view());
      if (result.model_name.empty()) result.model_name = file.parent_path().filename().string();
    }
    result.config_hash = settings_hash(request_, *method_);
  }

  /// What was settled without work does not count as fast work in the time that is left.
  void count_progress() {
    if (!batch_.many) {
      job_.progress(0, 0, "reading");
      return;
    }
    const size_t all = batch_.tasks.size();
    const size_t waiting = works_.size() + videos_.size() - retired_;
    job_.progress(static_cast<int64_t>(all - waiting), static_cast<int64_t>(all), "enhancing");
  }

  void process(PhotoWork& work) {
    FinishingJob finishing(photo_job_);
    Job& job = request_.watch ? static_cast<Job&>(finishing) : batch_.many ? photo_job_ : job_;
    stages_.process(work, *method_, job);
    if (!batch_.many) job_.progress(0, 0, "writing");
  }

  void retire(size_t i, const std::exception_ptr& problem) {
    settle(*works_[i].file, [&] {
      if (!problem) note(works_[i].task, works_[i].source.identity, *works_[i].file);
      if (problem) std::rethrow_exception(problem);
    });
    works_[i] = {};  // the next photograph needs its memory
    ++retired_;
    if (batch_.many) count_progress();
  }

  /// After the photographs, one after the other.
  void make_video(size_t i) {
    job_.check_cancelled();
    const PhotoTask& task = batch_.tasks[i];
    EnhancedFile& file = result.files[first_ + i];
    settle(file, [&] {
      PhotoStages::prepare_output(task, batch_.into_folder);
      const FileIdentity before = file_stamp(task.input);
      // check_video() has refused every other method.
      enhance_video(request_, dynamic_cast<const RelightMethod&>(*method_), task, file, job_,
                    photo_job_);
      if (!journal_broken_ && journal_of(task)) {
        const FileIdentity now = mapped_identity(task.input);
        if (now.size == before.size && now.mtime_ns == before.mtime_ns) note(task, now, file);
      }
    });
    ++retired_;
  }

  /// Runs `work` and notes what is wrong with its file; throws what ends the batch.
  template <class Work>
  void settle(EnhancedFile& file, const Work& work) {
    try {
      work();
    } catch (const CannotWrite& fault) {
      file.status = "failed";
      file.error = fault.error.what();
      throw fault.error;
    } catch (const Error& error) {
      fail(file, error);
    } catch (const std::bad_alloc&) {
      fail(file, Error(ErrorCode::resource, "out of memory").in_file(file.input));
    }
  }

  /// Tells the journal. A journal that cannot be written is no reason to end the batch.
  void note(const PhotoTask& task, const FileIdentity& identity, const EnhancedFile& file) {
    EnhanceJournal* const journal = journal_broken_ ? nullptr : journal_of(task);
    if (!journal) return;
    try {
      journal->add(task, identity, settings_of(task),
                   file.decode_ms + file.map_ms + file.apply_ms.value_or(0) + file.encode_ms);
    } catch (const Error& error) {
      journal_broken_ = true;
      job_.warn(std::string("--resume will make this and what follows again: ") + error.what());
    }
  }

  void fail(EnhancedFile& file, const Error& error) {
    file.status = "failed";
    file.error = error.what();
    if (!batch_.many) throw error;
    job_.warn("failed: " + file.error);
  }

  const EnhanceRequest& request_;
  const PhotoStages stages_;
  PhotoBatch batch_;
  size_t first_ = 0;  // of its files in the result
  Job& job_;
  PhotoJob photo_job_;
  const Clock::time_point start_;
  std::map<fs::path, std::pair<uint64_t, int64_t>> known_;  // size and time, by input
  std::vector<PhotoWork> works_;                            // what has to be made
  std::vector<size_t> videos_;                              // tasks that are, and are videos
  size_t retired_ = 0;
  std::map<fs::path, EnhanceJournal> journals_;  // by root
  bool journal_broken_ = false;
  std::unique_ptr<EnhanceMethod> method_;
};

}  // namespace

EnhanceResult enhance(const EnhanceRequest& asked, Job& job) {
  if (compute_device() != "cpu") {
    throw Error(ErrorCode::usage, "enhancement runs on the CPU")
        .at_key("--device " + compute_device());
  }
  EnhanceRequest request = checked(asked);
  if (request.method.empty()) request.method = default_method(request.model);
  if (request.refine > 0 && request.method != "vane") {
    throw Error(ErrorCode::usage, "the method " + request.method + " has nothing to refine")
        .at_key("--refine")
        .with_hint("--method vane has");
  }
  const PhotoSelection selection = selection_of(request);
  Enhancer enhancer(request, job);
  tile_side(enhancer.memory_bytes());
  if (!request.report.empty()) check_writable(request.report);
  if (!request.contact_sheet.empty()) {
    format_for_path(request.contact_sheet);
    check_writable(request.contact_sheet);
  }
  try {
    if (request.watch) {
      enhancer.watch(selection);
    } else {
      enhancer.run(photo_batch(selection));
    }
    if (!request.contact_sheet.empty() && !request.dry_run) enhancer.draw_contact_sheet();
  } catch (...) {
    if (enhancer.many()) enhancer.leave();
    throw;
  }
  enhancer.finish();
  return std::move(enhancer.result);
}

}  // namespace vane
