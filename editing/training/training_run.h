// SPDX-License-Identifier: Apache-2.0
#pragma once
// The run that every training is: steps until enough or until the time is up, checkpoints,
// measurements, logs, and the finished weights. What is taught is a Learner's.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "editing/training/run_folder.h"
#include "editing/training/training_result.h"
#include "engine/base/job.h"
#include "engine/run/checkpoint.h"

namespace vane {

/// What learns, one step at a time. The same steps on the same number of threads give the same
/// bytes, interrupted and resumed or not.
class Learner {
 public:
  virtual ~Learner() = default;

  virtual int64_t steps() const = 0;
  /// One optimiser step; returns its loss. Throws Cancelled.
  virtual double step(Job& job) = 0;
  /// What the next steps are called while they run.
  virtual std::string_view stage() const { return "training"; }
  /// Numbers of the last step besides its loss, for metrics.jsonl; an object.
  virtual nlohmann::json details() const { return nlohmann::json::object(); }

  virtual Checkpoint checkpoint() const = 0;
  /// Throws Error{checkpoint} when a tensor is missing or has another shape.
  virtual void restore(const Checkpoint& checkpoint) = 0;

  /// Measurements on what was held out, an object; null when there is nothing to measure on.
  /// `is_last`: of what save() will write, with whatever takes too long in between.
  virtual nlohmann::json measure(bool is_last, Job& job) = 0;
  /// Writes the weights and what belongs to them into `folder`.
  virtual void save(const std::filesystem::path& folder) = 0;
};

struct TrainingSchedule {
  std::filesystem::path output;  // folder of the finished weights
  int64_t steps = 0;
  int64_t evaluate_every = 0;  // 0: at the end only
  double max_minutes = 0;      // 0: no limit
  double checkpoint_seconds = 300;
  bool measures_start = false;  // before the first step too
};
/// Of any recipe, which all call these fields the same.
template <class Config>
TrainingSchedule schedule_of(const Config& config) {
  return {config.output, config.steps, config.evaluate_every, config.max_minutes,
          config.checkpoint_seconds};
}

class TrainingRun {
 public:
  /// Makes `folder` and locks it. `config_hash` is of what must not change between a run and its
  /// continuation. Throws Error{usage} when the folder has checkpoints and `resume` is off, or
  /// another process writes there.
  TrainingRun(const std::filesystem::path& folder, const std::string& config_hash, bool resume,
              Job& job);

  const std::filesystem::path& folder() const { return folder_; }

  /// Steps until the schedule's last one or its time limit; then measures and saves. A stop request
  /// saves a checkpoint and throws Cancelled. `config_yaml` is kept as config.yaml; metrics.jsonl
  /// and evaluation.jsonl say how it went. Throws Error{numeric} when a loss is not finite,
  /// Error{resource} when `output` cannot be written, before the first step.
  TrainingResult train(Learner& learner, const TrainingSchedule& schedule,
                       const std::string& config_yaml);

 private:
  std::string measure(Learner& learner, bool is_last, JsonLines& log);

  std::filesystem::path folder_;
  bool resume_;
  Job& job_;
  FolderLock lock_;
  CheckpointFolder checkpoints_;
};

}  // namespace vane
