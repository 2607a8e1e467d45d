// SPDX-License-Identifier: Apache-2.0
#pragma once
// The run of `vane train inversion`: generated portraits and the latents that made them, first
// latents alone, which is cheap, then what the generator makes of the rows.

#include <filesystem>
#include <span>

#include "editing/faces/recognition_weights.h"
#include "editing/training/inversion_training_config.h"
#include "editing/training/training_result.h"
#include "engine/base/job.h"

namespace vane {

/// Trains until `config.steps`, the time limit, or a stop request, which saves a checkpoint and
/// throws Cancelled. `run` holds checkpoints/, metrics.jsonl, evaluation.jsonl and samples.png
/// (held-out portraits above what the generator makes of their rows). With `resume` the newest
/// checkpoint continues. `recogniser` as read_recognition_weights gives it, for the loss of
/// identity; without one no person is measured.
/// Throws Error{usage} when `run` has checkpoints and `resume` is off, or identity weighs something
/// without a recogniser, Error{config} when the faces are of another generator, Error{numeric} when
/// the loss is not finite.
TrainingResult train_inversion(const InversionTrainingConfig& config,
                               const std::filesystem::path& run, bool resume,
                               std::span<const RecognitionArray> recogniser, Job& job);

}  // namespace vane
