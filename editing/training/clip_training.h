// SPDX-License-Identifier: Apache-2.0
#pragma once
// Contrastive training of a CLIP from scratch.

#include <filesystem>
#include <limits>
#include <string>

#include "editing/training/clip_training_config.h"
#include "engine/base/job.h"

namespace vane {

struct ClipTrainingResult {
  int64_t steps = 0;
  double seconds = 0;
  /// Mean of the last 100 steps.
  double loss = std::numeric_limits<double>::quiet_NaN();
  bool finished = false;
  /// JSON of ClipEvaluation; empty for a folder of captioned pictures.
  std::string evaluation;
};

/// Trains until `config.steps`, the time limit, or a stop request, which saves a checkpoint and
/// throws Cancelled. The finished model (averaged weights, float16) goes to `config.output`.
///
/// `run` holds checkpoints/, metrics.jsonl, evaluation.jsonl, samples.png (the first pictures of
/// the stream, row by row) and samples.txt (their captions). With `resume` the newest checkpoint
/// continues: k steps, a stop, and k more give the bytes of 2k steps on the same number of threads.
/// Throws Error{usage} when `run` has checkpoints and `resume` is off, Error{numeric} when the loss
/// is not finite.
ClipTrainingResult train_clip(const ClipTrainingConfig& config, const std::filesystem::path& run,
                              bool resume, Job& job);

}  // namespace vane
