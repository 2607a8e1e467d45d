// SPDX-License-Identifier: Apache-2.0
#pragma once
// The run of `vane train delta`: DeltaEdit's mapper from pairs of portraits alone. No text is read,
// and the text tower of the CLIP is not loaded. Source: StyleGAN sheet, sections 6.6 and 8.3.

#include <filesystem>

#include "editing/training/delta_training_config.h"
#include "editing/training/training_result.h"
#include "engine/base/job.h"

namespace vane {

/// Trains until `config.steps`, the time limit, or a stop request, which saves a checkpoint and
/// throws Cancelled. `run` holds checkpoints/, embeddings.safetensors, metrics.jsonl and
/// evaluation.jsonl (held-out pairs: cosine and mean square error of the predicted step, in units
/// of a channel's deviation; 2 is the error of predicting nothing). With `resume` the newest
/// checkpoint continues. Throws Error{usage} when `run` has checkpoints and `resume` is off,
/// Error{config} when the faces are of another generator, Error{numeric} when the loss is not
/// finite.
TrainingResult train_delta(const DeltaTrainingConfig& config, const std::filesystem::path& run,
                           bool resume, Job& job);

}  // namespace vane
