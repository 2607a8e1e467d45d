// SPDX-License-Identifier: Apache-2.0
#include "editing/training/enhance_training.h"

#include <chrono>
#include <deque>
#include <nlohmann/json.hpp>
#include <numeric>

#include "editing/training/enhance_learner.h"
#include "editing/training/run_folder.h"
#include "editing/vocabulary_source.h"
#include "engine/base/atomic_file.h"
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
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

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

class EnhanceRun {
 public:
  EnhanceRun(const EnhanceTrainingConfig& config, const fs::path& run, bool resume, Job& job)
      : config_(config),
        run_(run),
        job_(job),
        lock_(run),
        checkpoints_(run / "checkpoints", config_hash(config)),
        pictures_(open_pictures(config, job)),
        lesson_{config, pictures_, load_clip(config.clip), {}} {
    if (!resume && !checkpoints_.empty()) {
      throw Error(ErrorCode::usage, "the run folder already has checkpoints")
          .in_file(run)
          .with_hint("pass --resume to continue, or choose another --run folder");
    }
    if (!config.start.empty() && config.method != "vane") {
      throw Error(ErrorCode::config, "only the method vane goes on from trained weights")
          .at_key("start");
    }
    lesson_.residual = residual_of(*lesson_.clip, pictures_);
    remove_words();
    learner_ =
        config.method == "vane" ? make_vane_learner(lesson_) : make_published_learner(lesson_);
    if (resume) {
      if (const auto saved = checkpoints_.load(job)) learner_->restore(*saved);
    }
    atomic_write(run / "config.yaml", std::string_view(to_yaml(config)));
    metrics_ = std::make_unique<JsonLines>(run / "metrics.jsonl", learner_->steps());
    evaluations_ = std::make_unique<JsonLines>(run / "evaluation.jsonl", learner_->steps());
  }

  EnhanceTrainingResult train() {
    EnhanceTrainingResult result;
    auto saved_at = Clock::now();
    std::deque<double> recent;
    if (learner_->steps() == 0) evaluate();
    while (learner_->steps() < config_.steps && !out_of_time()) {
      if (job_.stop_requested()) {
        checkpoints_.save(learner_->checkpoint());
        job_.check_cancelled();
      }
      recent.push_back(learner_->step(job_));
      if (recent.size() > 100) recent.pop_front();
      result.loss = std::accumulate(recent.begin(), recent.end(), 0.0) / double(recent.size());
      report(result.loss, recent.back());
      if (seconds_since(saved_at) > config_.checkpoint_seconds) {
        checkpoints_.save(learner_->checkpoint());
        saved_at = Clock::now();
      }
      const int64_t every = config_.evaluate_every;
      if (every > 0 && learner_->steps() % every == 0 && learner_->steps() < config_.steps) {
        evaluate();
      }
    }
    checkpoints_.save(learner_->checkpoint());
    result.evaluation = evaluate();
    result.steps = learner_->steps();
    result.finished = result.steps >= config_.steps;
    result.seconds = seconds_since(start_);
    learner_->save(config_.output);
    return result;
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

  bool out_of_time() const {
    return config_.max_minutes > 0 && seconds_since(start_) > 60 * config_.max_minutes;
  }

  void report(double smooth, double loss) {
    const int64_t step = learner_->steps();
    job_.progress(step, config_.steps, "training");
    job_.metric("loss", step, smooth);
    if (step % 10 != 0) return;
    metrics_->write({{"step", step},
                     {"loss", loss},
                     {"mean_loss", smooth},
                     {"seconds", seconds_since(start_)}});
  }

  std::string evaluate() {
    nlohmann::json entry = json_of(measure(*learner_, lesson_));
    const std::string scores = entry.dump();
    entry["step"] = learner_->steps();
    evaluations_->write(entry);
    write_samples();
    return scores;
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
  FolderLock lock_;
  CheckpointFolder checkpoints_;
  EnhancePictures pictures_;
  EnhanceLesson lesson_;
  std::unique_ptr<EnhanceLearner> learner_;
  std::unique_ptr<JsonLines> metrics_, evaluations_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

EnhanceTrainingResult train_enhance(const EnhanceTrainingConfig& config, const fs::path& run,
                                    bool resume, Job& job) {
  std::error_code failure;
  fs::create_directories(config.output, failure);
  if (failure) throw Error(ErrorCode::resource, failure.message()).in_file(config.output);
  check_writable(config.output / "direction.safetensors");
  return EnhanceRun(config, run, resume, job).train();
}

}  // namespace vane
