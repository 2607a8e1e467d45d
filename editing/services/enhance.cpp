// SPDX-License-Identifier: Apache-2.0
#include "editing/services/enhance.h"

#include <chrono>
#include <new>
#include <nlohmann/json.hpp>

#include "editing/photo_batch.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/image/orientation.h"
#include "engine/run/device.h"
#include "enhance/enhance_method.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Milliseconds since the last lap.
class Stopwatch {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double, std::milli> passed = now - last_;
    last_ = now;
    return passed.count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

uint64_t memory_of(const EnhanceRequest& request) {
  const auto bytes = parse_byte_size(request.max_memory);
  if (!bytes) {
    throw Error(ErrorCode::usage, "--max-memory takes a size, not \"" + request.max_memory + "\"")
        .with_hint("for example 512MiB or 2GiB");
  }
  return *bytes;
}

nlohmann::ordered_json report_json(const EnhanceResult& result) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const EnhancedFile& file : result.files) {
    nlohmann::ordered_json entry{{"in", file.input}, {"out", file.output}, {"status", file.status}};
    if (!file.error.empty()) entry["error"] = file.error;
    if (file.status == "ok") {
      entry.update(nlohmann::ordered_json{
          {"w", file.width},
          {"h", file.height},
          {"channels", file.channels},
          {"bits", file.bits},
          {"orientation_in", file.orientation},
          {"strength", result.strength},
          {"ms", {{"decode", file.decode_ms}, {"map", file.map_ms}, {"encode", file.encode_ms}}},
          {"luma", {{"before", file.luma_before}, {"after", file.luma_after}}},
          {"clipped", {{"before", file.clipped_before}, {"after", file.clipped_after}}},
          {"map", {{"min", file.map_min}, {"mean", file.map_mean}, {"max", file.map_max}}}});
    }
    files.push_back(std::move(entry));
  }
  nlohmann::ordered_json model{{"method", result.method}};
  if (!result.model_name.empty()) model["name"] = result.model_name;
  if (!result.model_hash.empty()) model["hash"] = result.model_hash;
  return {{"schema", 1},
          {"tool", "vane enhance"},
          {"model", model},
          {"wall_s", result.seconds},
          {"counts", {{"ok", result.ok}, {"skipped", result.skipped}, {"failed", result.failed}}},
          {"files", files}};
}

void write_photo(const EnhanceRequest& request, const fs::path& target, const ByteSource& source,
                 const Image& enhanced) {
  if (request.strength == 0 && enhanced.format == format_for_path(target)) {
    atomic_write(target, source.view());  // a lossy format would lose again
    return;
  }
  EncodeOptions encode;
  encode.jpeg_quality = encode.webp_quality = static_cast<int>(request.jpeg_quality);
  encode.orientation = enhanced.metadata.orientation;
  const nlohmann::ordered_json recipe{{"command", "enhance"},
                                      {"request",
                                       {{"method", request.method},
                                        {"model", request.model.filename().string()},
                                        {"strength", request.strength}}}};
  encode.recipe = recipe.dump();
  write_image(target, enhanced, encode);
}

/// Throws what is wrong with the photograph; CannotWrite when it could not be written.
struct CannotWrite {
  Error error;
};

void enhance_file(const EnhanceRequest& request, const EnhanceMethod& method, const PhotoTask& task,
                  uint64_t memory_bytes, EnhancedFile& file, Job& job) {
  Stopwatch watch;
  job.progress(0, 0, "reading");
  const auto source = MappedFile::open(task.input, request.limits.image_file_bytes,
                                       static_cast<int>(ErrorCode::input));
  DecodeOptions decode;
  decode.limits = request.limits;
  decode.apply_orientation = false;
  Image image = decode_image(*source, decode);
  file.width = image.width;
  file.height = image.height;
  file.channels = image.channels;
  file.bits = image.depth;
  file.orientation = image.metadata.orientation;
  if (image.width < 2 || image.height < 2) {
    throw Error(ErrorCode::input, "enhancement needs 2 pixels a side").in_file(task.input);
  }
  const int orientation = image.metadata.orientation;
  image = oriented(std::move(image), orientation);
  file.decode_ms = watch.lap();

  EnhanceMeasures measures;
  try {
    const EnhanceControls controls{.strength = request.strength, .memory_bytes = memory_bytes};
    image = method.enhance(image, controls, job, measures);
  } catch (Error& error) {
    error.set_file_if_empty(task.input);
    throw;
  }
  file.map_ms = watch.lap();
  file.map_min = measures.map_min;
  file.map_mean = measures.map_mean;
  file.map_max = measures.map_max;
  file.luma_before = measures.luma_before;
  file.luma_after = measures.luma_after;
  file.clipped_before = measures.clipped_before;
  file.clipped_after = measures.clipped_after;

  job.progress(0, 0, "writing");
  try {
    write_photo(request, task.output, *source,
                oriented(std::move(image), inverse_orientation(orientation)));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::resource) throw CannotWrite{error};
    throw;
  }
  file.encode_ms = watch.lap();
  file.status = "ok";
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
  Enhancer(const EnhanceRequest& request, PhotoBatch batch, Job& job)
      : request_(request), memory_bytes_(memory_of(request)), batch_(std::move(batch)), job_(job) {
    result.method = request.method;
    result.model_name = request.model.filename().string();
    result.strength = request.strength;
    for (const PhotoTask& task : batch_.tasks) {
      EnhancedFile& file = result.files.emplace_back();
      file.input = task.input.string();
      file.output = task.output.string();
    }
  }

  void run() {
    for (size_t i = 0; i < batch_.tasks.size(); ++i) {
      job_.check_cancelled();
      const PhotoTask& task = batch_.tasks[i];
      EnhancedFile& file = result.files[i];
      if (!is_picture_name(task.output)) {
        refuse_format(task, file);
      } else if (!request_.overwrite && fs::exists(task.output)) {
        exists(task, file);
      } else if (!request_.dry_run) {
        load();
        if (batch_.many) {
          job_.progress(static_cast<int64_t>(i), static_cast<int64_t>(batch_.tasks.size()),
                        "enhancing");
        }
        one(task, file);
      }
    }
  }

  void finish(double seconds) {
    result.seconds = seconds;
    for (const EnhancedFile& file : result.files) {
      result.ok += file.status == "ok";
      result.skipped += file.status.starts_with("skipped");
      result.failed += file.status == "failed";
    }
    result.report = report_json(result).dump(2) + "\n";
    if (!request_.report.empty()) {
      atomic_write(request_.report, std::string_view(result.report));
    }
  }

  /// finish() of a batch that ends with an error, which is what the caller is to be told.
  void leave(double seconds) {
    try {
      finish(seconds);
    } catch (const Error& error) {
      job_.warn(std::string("no report: ") + error.what());
    }
  }

  EnhanceResult result;

 private:
  void refuse_format(const PhotoTask& task, EnhancedFile& file) {
    try {
      format_for_path(task.output);
    } catch (const Error& error) {
      fail(file, error);
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

  void load() {
    if (method_) return;
    job_.progress(0, 0, "loading");
    method_ = make_enhance_method(request_.method, request_.model, request_.limits);
    result.model_hash = method_->content_hash();
  }

  void one(const PhotoTask& task, EnhancedFile& file) {
    PhotoJob quiet(job_);
    Job& job = batch_.many ? static_cast<Job&>(quiet) : job_;
    try {
      if (batch_.into_folder) create_folders(task.output.parent_path());
      check_writable(task.output);
    } catch (const Error& error) {
      ends(file, error);
    }
    try {
      enhance_file(request_, *method_, task, memory_bytes_, file, job);
    } catch (const CannotWrite& problem) {
      ends(file, problem.error);
    } catch (const Error& error) {
      fail(file, error);
    } catch (const std::bad_alloc&) {
      fail(file, Error(ErrorCode::resource, "out of memory").in_file(task.input));
    }
  }

  static void create_folders(const fs::path& folder) {
    std::error_code problem;
    fs::create_directories(folder, problem);
    if (problem) {
      throw Error(ErrorCode::resource, "cannot make the folder: " + problem.message())
          .in_file(folder);
    }
  }

  void fail(EnhancedFile& file, const Error& error) {
    file.status = "failed";
    file.error = error.what();
    if (!batch_.many) throw error;
    job_.warn("failed: " + file.error);
  }

  /// What will not be better with the next photograph.
  [[noreturn]] static void ends(EnhancedFile& file, const Error& error) {
    file.status = "failed";
    file.error = error.what();
    throw error;
  }

  const EnhanceRequest& request_;
  const uint64_t memory_bytes_;
  const PhotoBatch batch_;
  Job& job_;
  std::unique_ptr<EnhanceMethod> method_;
};

}  // namespace

EnhanceResult enhance(const EnhanceRequest& request, Job& job) {
  if (compute_device() != "cpu") {
    throw Error(ErrorCode::usage, "enhancement runs on the CPU")
        .at_key("--device " + compute_device());
  }
  Stopwatch watch;
  tile_side(memory_of(request));
  PhotoBatch batch = photo_batch(request.inputs, request.output, request.recursive);
  const bool many = batch.many;
  if (!request.report.empty()) check_writable(request.report);
  Enhancer enhancer(request, std::move(batch), job);
  try {
    enhancer.run();
  } catch (...) {
    if (many) enhancer.leave(watch.lap() / 1000);
    throw;
  }
  enhancer.finish(watch.lap() / 1000);
  return std::move(enhancer.result);
}

}  // namespace vane
