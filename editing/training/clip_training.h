// SPDX-License-Identifier: Apache-2.0
#pragma once
// Contrastive training of a CLIP from scratch.

#include <filesystem>

#include "editing/training/clip_training_config.h"
#include "editing/training/training_result.h"
#include "engine/base/job.h"

namespace vane {

/// Trains until `config.steps`, the time limit, or a stop request, which saves a checkpoint and
/// throws Cancelled. The finished model (averaged weights, float16) goes to `config.output`.
///
/// `run` holds checkpoints/, metrics.jsonl, evaluation.jsonl, samples.png (the first pictures of
/// the stream, row by row) and samples.txt (their captions). With `resume` the newest checkpoint
/// continues: k steps, a stop, and k more give the bytes of 2k steps on the same number of threads.
/// Throws Error{usage} when `run` has checkpoints and `resume` is off, Error{numeric} when the loss
/// is not finite.
TrainingResult train_clip(const ClipTrainingConfig& config, const std::filesystem::path& run,
                          bool resume, Job& job);

}  // namespace vane
