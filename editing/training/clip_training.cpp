// SPDX-License-Identifier: Apache-2.0
#include "editing/training/clip_training.h"

#include <chrono>
#include <deque>
#include <nlohmann/json.hpp>
#include <numeric>

#include "editing/training/clip_evaluation.h"
#include "editing/training/clip_trainer.h"
#include "editing/training/run_folder.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/config/config_writer.h"
#include "engine/data/folder_source.h"
#include "engine/data/mixed_source.h"
#include "engine/data/procedural_source.h"
#include "engine/data/sample_queue.h"
#include "engine/data/training_vocabulary.h"
#include "engine/image/codec.h"
#include "generators/toybox/toy_captions.h"
#include "generators/toybox/toybox_source.h"

namespace vane {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What must not change between a run and its continuation. The length of the run and where things
/// are written may.
std::string config_hash(ClipTrainingConfig config) {
  const ClipTrainingConfig defaults;
  config.output.clear();
  config.steps = defaults.steps;
  config.max_minutes = config.checkpoint_seconds = 0;
  config.evaluate_every = config.producers = 1;
  return hex64(content_hash(fields_of(config)));
}

struct TrainingData {
  std::shared_ptr<const PhotoLibrary> library;  // empty for a folder
  std::shared_ptr<const FaceSet> faces;         // empty without faces
  std::unique_ptr<CaptionedSource> source;
};

TrainingData open_data(const ClipTrainingConfig& config, Job& job) {
  TrainingData data;
  const int size = static_cast<int>(config.model.image_size);
  if (!config.folder.empty()) {
    FolderConfig folder;
    folder.folder = config.folder;
    folder.size = size;
    folder.seed = config.seed;
    data.source = std::make_unique<FolderSource>(folder, job);
    return data;
  }
  data.library =
      std::make_shared<const PhotoLibrary>(load_photo_library(config.procedural.library, job));
  for (const std::string& file : data.library->missing) job.warn("not installed: " + file);
  ProceduralConfig procedural;
  procedural.size = size;
  procedural.seed = config.seed;
  procedural.cutout_share = config.procedural.cutout_share;
  procedural.cast = config.procedural.cast;
  procedural.development = config.procedural.development;
  procedural.group = config.procedural.group;
  procedural.relation_share = config.procedural.relation_share;
  procedural.count_share = config.procedural.count_share;
  std::vector<MixedSource::Part> parts;
  parts.push_back({std::make_shared<ProceduralSource>(data.library, procedural),
                   1.0 - config.toybox_share - config.faces_share});
  if (config.toybox_share > 0) {
    ToyboxSourceConfig toybox;
    toybox.size = size;
    toybox.seed = config.seed;
    toybox.group = config.procedural.group;
    parts.push_back({std::make_shared<ToyboxSource>(toybox), config.toybox_share});
  }
  if (config.faces_share > 0 || !config.faces.folder.empty()) {
    data.faces = std::make_shared<const FaceSet>(FaceSet::load(config.faces.folder, job));
  }
  if (config.faces_share > 0) {
    parts.push_back({std::make_shared<FacesSource>(data.faces, config.faces, size, config.seed),
                     config.faces_share});
  }
  data.source =
      std::make_unique<MixedSource>(std::move(parts), config.procedural.group, config.seed);
  return data;
}

/// The first 64 pictures of the stream in rows of eight, and their captions.
void write_samples(const CaptionedSource& source, int size, const fs::path& run) {
  constexpr int kAcross = 8;
  Image sheet;
  sheet.width = sheet.height = kAcross * size;
  sheet.u8.resize(sheet.sample_count());
  std::string captions;
  for (int i = 0; i < kAcross * kAcross; ++i) {
    const CaptionedPicture sample = source.sample(static_cast<uint64_t>(i));
    captions += sample.caption.text + "\n";
    for (int y = 0; y < size; ++y) {
      const size_t row = size_t(i / kAcross * size + y) * size_t(sheet.width);
      std::copy_n(sample.rgb.begin() + ptrdiff_t(y) * size * 3, size_t(size) * 3,
                  sheet.u8.begin() + ptrdiff_t((row + size_t(i % kAcross * size)) * 3));
    }
  }
  write_image(run / "samples.png", sheet);
  atomic_write(run / "samples.txt", std::string_view(captions));
}

class TrainingRun {
 public:
  TrainingRun(const ClipTrainingConfig& config, const fs::path& run, bool resume, Job& job)
      : config_(config),
        run_(run),
        job_(job),
        lock_(run),
        checkpoints_(run / "checkpoints", config_hash(config)),
        trainer_(config) {
    if (!resume && !checkpoints_.empty()) {
      throw Error(ErrorCode::usage, "the run folder already has checkpoints")
          .in_file(run)
          .with_hint("pass --resume to continue, or choose another --run folder");
    }
    data_ = open_data(config, job);
    job.info(data_.source->description());
    if (resume) {
      if (const auto saved = checkpoints_.load(job)) trainer_.restore(*saved);
    }
    write_samples(*data_.source, static_cast<int>(config.model.image_size), run);
    atomic_write(run / "config.yaml", std::string_view(to_yaml(config)));
    metrics_ = std::make_unique<JsonLines>(run / "metrics.jsonl", trainer_.steps());
    evaluations_ = std::make_unique<JsonLines>(run / "evaluation.jsonl", trainer_.steps());
  }

  ClipTrainingResult train() {
    ClipTrainingResult result;
    SampleQueue queue(*data_.source, static_cast<int>(config_.batch), trainer_.steps(),
                      config_.producers);
    const int64_t first = trainer_.steps();
    auto saved_at = Clock::now();
    std::deque<double> recent;
    while (trainer_.steps() < config_.steps && !out_of_time()) {
      if (job_.stop_requested()) {
        checkpoints_.save(trainer_.checkpoint());
        job_.check_cancelled();
      }
      const double rate = trainer_.rate_factor();
      const std::vector<Caption> others = data_.source->other_captions(
          static_cast<uint64_t>(trainer_.steps()), static_cast<int>(config_.other_captions));
      recent.push_back(trainer_.step(queue.next(), others));
      if (recent.size() > 100) recent.pop_front();
      result.loss = std::accumulate(recent.begin(), recent.end(), 0.0) / double(recent.size());
      report(result.loss, recent.back(), rate, first);
      if (seconds_since(saved_at) > config_.checkpoint_seconds) {
        checkpoints_.save(trainer_.checkpoint());
        saved_at = Clock::now();
      }
      const int64_t every = config_.evaluate_every;
      if (every > 0 && trainer_.steps() % every == 0 && trainer_.steps() < config_.steps) {
        evaluate();
      }
    }
    checkpoints_.save(trainer_.checkpoint());
    result.evaluation = evaluate();
    result.steps = trainer_.steps();
    result.finished = trainer_.steps() >= config_.steps;
    result.seconds = seconds_since(start_);
    trainer_.averaged_model().save_folder(config_.output, true);
    if (data_.library) {
      atomic_write(config_.output / "vocabulary.txt",
                   std::string_view(training_vocabulary(*data_.library, other_words())));
    }
    return result;
  }

 private:
  std::vector<TaughtWord> other_words() const {
    std::vector<TaughtWord> words;
    if (config_.toybox_share > 0) {
      for (const auto& [word, caption] : toy_vocabulary()) words.push_back({word, caption, "toy"});
    }
    if (config_.faces_share > 0) {
      for (const auto& [word, caption] : face_vocabulary()) {
        words.push_back({word, caption, "person"});
      }
    }
    return words;
  }

  bool out_of_time() const {
    return config_.max_minutes > 0 && seconds_since(start_) > 60 * config_.max_minutes;
  }

  void report(double smooth, double loss, double rate, int64_t first) {
    const int64_t step = trainer_.steps();
    job_.progress(step, config_.steps, "training");
    job_.metric("loss", step, smooth);
    if (step % 10 != 0) return;
    const double seconds = seconds_since(start_);
    metrics_->write({{"step", step},
                     {"loss", loss},
                     {"mean_loss", smooth},
                     {"rate", rate * config_.learning_rate},
                     {"logit_scale", trainer_.logit_scale()},
                     {"seconds", seconds},
                     {"images_per_second", double((step - first) * config_.batch) / seconds}});
  }

  std::string evaluate() {
    if (!data_.library) return {};
    const ClipModel model = trainer_.averaged_model();
    const std::string scores = evaluate_clip(model, {data_.library, data_.faces}, {}, job_).json();
    nlohmann::json entry = nlohmann::json::parse(scores);
    entry["step"] = trainer_.steps();
    evaluations_->write(entry);
    return scores;
  }

  const ClipTrainingConfig& config_;
  fs::path run_;
  Job& job_;
  FolderLock lock_;
  CheckpointFolder checkpoints_;
  ClipTrainer trainer_;
  TrainingData data_;
  std::unique_ptr<JsonLines> metrics_, evaluations_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

ClipTrainingResult train_clip(const ClipTrainingConfig& config, const fs::path& run, bool resume,
                              Job& job) {
  std::error_code failure;
  fs::create_directories(config.output, failure);
  if (failure) throw Error(ErrorCode::resource, failure.message()).in_file(config.output);
  check_writable(config.output / "open_clip_config.json");
  return TrainingRun(config, run, resume, job).train();
}

}  // namespace vane
