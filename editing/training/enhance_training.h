// SPDX-License-Identifier: Apache-2.0
#pragma once
// The run of `vane train enhance`.

#include <filesystem>

#include "editing/training/enhance_training_config.h"
#include "editing/training/training_result.h"
#include "engine/base/job.h"

namespace vane {

/// Trains until `config.steps`, the time limit, or a stop request, which saves a checkpoint and
/// throws Cancelled. The weights go to `config.output`: relight.safetensors (vane) or
/// enhancement_model.safetensors (published), with direction.safetensors beside it.
///
/// `run` holds checkpoints/, metrics.jsonl, evaluation.jsonl and samples.png (held-out pictures:
/// backlit, enhanced, well lit). With `resume` the newest checkpoint continues.
/// Throws Error{usage} when `run` has checkpoints and `resume` is off, Error{numeric} when the loss
/// is not finite.
TrainingResult train_enhance(const EnhanceTrainingConfig& config, const std::filesystem::path& run,
                             bool resume, Job& job);

}  // namespace vane
