// SPDX-License-Identifier: Apache-2.0
#include "editing/training/enhance_training.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "editing/training/enhance_learner.h"
#include "editing/training/training_run.h"
#include "editing/vocabulary_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/config/config_writer.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "guidance/direction_explain.h"
#include "guidance/vocabulary.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
/// What must not change between a run and its continuation.
std::string config_hash(EnhanceTrainingConfig config) {
  config.output.clear();
  config.steps = config.evaluate_every = 1;
  config.max_minutes = config.checkpoint_seconds = 0;
  return hex64(content_hash(fields_of(config)));
}

nlohmann::json json_of(const EnhanceScores& scores) {
  const auto number = [](double value) {
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
  };
  return {{"psnr_before", number(scores.psnr_before)},
          {"psnr_after", number(scores.psnr_after)},
          {"psnr_untouched", number(scores.psnr_untouched)},
          {"gap_closed", number(scores.gap_closed)}};
}

/// Any of the methods, with its data and its measurements.
class EnhanceTraining final : public Learner {
 public:
  EnhanceTraining(const EnhanceTrainingConfig& config, const fs::path& run, Job& job)
      : config_(config),
        run_(run),
        job_(job),
        pictures_(open_pictures(config, job)),
        lesson_{config, pictures_, load_clip(config.clip), {}} {
    if (!config.start.empty() && config.method != "vane") {
      throw Error(ErrorCode::config, "only the method vane goes on from trained weights")
          .at_key("start");
    }
    lesson_.residual = residual_of(*lesson_.clip, pictures_);
    remove_words();
    learner_ =
        config.method == "vane" ? make_vane_learner(lesson_) : make_published_learner(lesson_);
  }

  int64_t steps() const override { return learner_->steps(); }
  double step(Job& job) override { return learner_->step(job); }
  Checkpoint checkpoint() const override { return learner_->checkpoint(); }
  void restore(const Checkpoint& saved) override { learner_->restore(saved); }
  void save(const fs::path& folder) override { learner_->save(folder); }

  nlohmann::json measure(bool, Job&) override {
    nlohmann::json entry = json_of(vane::measure(*learner_, lesson_));
    write_samples();
    return entry;
  }

 private:
  /// RAVE's removal of what the two sets differ in besides the light.
  void remove_words() {
    const int64_t count = config_.published.remove_words;
    if (config_.method != "rave" || count == 0) return;
    NamedVocabulary named = wanted_vocabulary("", config_.clip, {});
    const Vocabulary vocabulary = embed_vocabulary(*lesson_.clip, std::move(named.words), job_);
    std::vector<std::string> removed;
    lesson_.residual = without_strongest(lesson_.residual, vocabulary, count, &removed);
    std::string list;
    for (const std::string& word : removed) list += (list.empty() ? "" : ", ") + word;
    job_.info("taken out of the residual vector: " + list);
  }

  /// Six held-out pictures a row: backlit, enhanced, well lit.
  void write_samples() const {
    const int64_t count = std::min<int64_t>(6, pictures_.held_out.backlit.size(0));
    const Tensor before = pictures_.held_out.backlit.slice(0, 0, count);
    const Tensor rows =
        at::stack({before, learner_->enhanced(before), pictures_.held_out.lit.slice(0, 0, count)});
    const int64_t side = before.size(2);
    const Tensor sheet = rows.permute({2, 0, 3, 1, 4}).reshape({1, 3, 3 * side, count * side});
    write_image(run_ / "samples.png", tensor_to_image(sheet.contiguous()));
  }

  const EnhanceTrainingConfig& config_;
  fs::path run_;
  Job& job_;
  EnhancePictures pictures_;
  EnhanceLesson lesson_;
  std::unique_ptr<EnhanceLearner> learner_;
};

}  // namespace

TrainingResult train_enhance(const EnhanceTrainingConfig& config, const fs::path& run, bool resume,
                             Job& job) {
  TrainingRun training(run, config_hash(config), resume, job);
  EnhanceTraining learner(config, run, job);
  TrainingSchedule schedule = schedule_of(config);
  schedule.measures_start = true;
  return training.train(learner, schedule, to_yaml(config));
}

}  // namespace vane
