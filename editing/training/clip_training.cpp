// SPDX-License-Identifier: Apache-2.0
#include "editing/training/clip_training.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "editing/training/clip_evaluation.h"
#include "editing/training/clip_trainer.h"
#include "editing/training/training_run.h"
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

/// What must not change between a run and its continuation. The length of the run and where things
/// are written may.
std::string config_hash(ClipTrainingConfig config) {
  const ClipTrainingConfig defaults;
  config.output.clear();
  config.steps = defaults.steps;
  config.max_minutes = config.checkpoint_seconds = config.keep_of_start = 0;
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

class ClipLearner final : public Learner {
 public:
  ClipLearner(const ClipTrainingConfig& config, const fs::path& run, Job& job)
      : config_(config), trainer_(config), data_(open_data(config, job)) {
    job.info(data_.source->description());
    write_samples(*data_.source, static_cast<int>(config.model.image_size), run);
  }

  int64_t steps() const override { return trainer_.steps(); }
  Checkpoint checkpoint() const override { return trainer_.checkpoint(); }
  void restore(const Checkpoint& saved) override { trainer_.restore(saved); }

  double step(Job&) override {
    if (!queue_) {
      queue_.emplace(*data_.source, static_cast<int>(config_.batch), steps(), config_.producers);
    }
    rate_ = trainer_.rate_factor() * config_.learning_rate;
    const std::vector<Caption> others = data_.source->other_captions(
        static_cast<uint64_t>(steps()), static_cast<int>(config_.other_captions));
    return trainer_.step(queue_->next(), others);
  }

  nlohmann::json details() const override {
    return {{"rate", rate_}, {"logit_scale", trainer_.logit_scale()}};
  }

  nlohmann::json measure(bool, Job& job) override {
    if (!data_.library) return {};
    const ClipModel model = trainer_.averaged_model();
    return nlohmann::json::parse(
        evaluate_clip(model, {data_.library, data_.faces}, {}, job).json());
  }

  void save(const fs::path& folder) override {
    trainer_.averaged_model().save_folder(folder, true);
    if (!data_.library) return;
    atomic_write(folder / "vocabulary.txt",
                 std::string_view(training_vocabulary(*data_.library, other_words())));
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

  const ClipTrainingConfig& config_;
  ClipTrainer trainer_;
  TrainingData data_;
  std::optional<SampleQueue> queue_;  // from the first step of this process on
  double rate_ = 0;
};

}  // namespace

TrainingResult train_clip(const ClipTrainingConfig& config, const fs::path& run, bool resume,
                          Job& job) {
  TrainingRun training(run, config_hash(config), resume, job);
  ClipLearner learner(config, run, job);
  return training.train(learner, schedule_of(config), to_yaml(config));
}

}  // namespace vane
