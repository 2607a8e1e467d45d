// SPDX-License-Identifier: Apache-2.0
#include "editing/training/training_run.h"

#include <cmath>
#include <deque>
#include <numeric>

#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/stopwatch.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSmoothed = 100;      // steps that the reported loss is the mean of
constexpr int64_t kMetricsEvery = 10;  // steps

void make_output(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) throw Error(ErrorCode::resource, failure.message()).in_file(folder);
  check_writable(folder / "card.md");
}

void check_finite(double loss, int64_t step) {
  if (std::isfinite(loss)) return;
  throw Error(ErrorCode::numeric, "the loss is not finite at step " + std::to_string(step))
      .with_hint("resume from the last checkpoint with a lower learning rate");
}

}  // namespace

TrainingRun::TrainingRun(const fs::path& folder, const std::string& config_hash, bool resume,
                         Job& job)
    : folder_(folder),
      resume_(resume),
      job_(job),
      lock_(folder),
      checkpoints_(folder / "checkpoints", config_hash) {
  if (resume || checkpoints_.empty()) return;
  throw Error(ErrorCode::usage, "the run folder already has checkpoints")
      .in_file(folder)
      .with_hint("pass --resume to continue, or choose another --run folder");
}

TrainingResult TrainingRun::train(Learner& learner, const TrainingSchedule& schedule,
                                  const std::string& config_yaml) {
  make_output(schedule.output);
  if (resume_) {
    if (const auto saved = checkpoints_.load(job_)) learner.restore(*saved);
  }
  atomic_write(folder_ / "config.yaml", std::string_view(config_yaml));
  JsonLines metrics(folder_ / "metrics.jsonl", learner.steps());
  JsonLines evaluations(folder_ / "evaluation.jsonl", learner.steps());
  if (schedule.measures_start && learner.steps() == 0) measure(learner, false, evaluations);

  TrainingResult result;
  Stopwatch watch, saved;
  std::deque<double> recent;
  const auto is_out_of_time = [&] {
    return schedule.max_minutes > 0 && watch.milliseconds() > 60'000 * schedule.max_minutes;
  };
  while (learner.steps() < schedule.steps && !is_out_of_time()) {
    if (job_.stop_requested()) {
      checkpoints_.save(learner.checkpoint());
      job_.check_cancelled();
    }
    const double loss = learner.step(job_);
    const int64_t step = learner.steps();
    check_finite(loss, step);
    recent.push_back(loss);
    if (recent.size() > kSmoothed) recent.pop_front();
    result.loss = std::accumulate(recent.begin(), recent.end(), 0.0) / double(recent.size());
    job_.progress(step, schedule.steps, learner.stage());
    job_.metric("loss", step, result.loss);
    if (step % kMetricsEvery == 0) {
      nlohmann::json line{{"step", step},
                          {"loss", loss},
                          {"mean_loss", result.loss},
                          {"seconds", watch.milliseconds() / 1000}};
      line.update(learner.details());
      metrics.write(line);
    }
    if (saved.milliseconds() > 1000 * schedule.checkpoint_seconds) {
      checkpoints_.save(learner.checkpoint());
      saved = {};
    }
    const int64_t every = schedule.evaluate_every;
    if (every > 0 && step % every == 0 && step < schedule.steps) {
      measure(learner, false, evaluations);
    }
  }
  checkpoints_.save(learner.checkpoint());
  result.evaluation = measure(learner, true, evaluations);
  result.steps = learner.steps();
  result.finished = result.steps >= schedule.steps;
  result.seconds = watch.milliseconds() / 1000;
  learner.save(schedule.output);
  return result;
}

std::string TrainingRun::measure(Learner& learner, bool is_last, JsonLines& log) {
  nlohmann::json entry = learner.measure(is_last, job_);
  if (entry.is_null()) return {};
  const std::string scores = entry.dump();
  entry["step"] = learner.steps();
  log.write(entry);
  return scores;
}

}  // namespace vane
