// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane train nada`: a generator that learns a phrase as a whole, so that every face it draws
// follows it. Source: Gal et al. 2021, "StyleGAN-NADA", arXiv:2108.00946; StyleGAN sheet, 6.5.

#include <cstdint>
#include <filesystem>
#include <string>

#include "editing/training/schedule_fields.h"
#include "editing/training/training_result.h"
#include "engine/base/job.h"
#include "engine/config/fields.h"

namespace vane {

struct NadaTrainingConfig {
  std::string name;
  /// Folder of the finished weights (tuning.safetensors, for `vane generate --tuned`).
  std::filesystem::path output;
  std::string generator = "faces", clip = "clip-mini";
  std::string to, from = "a photo";
  uint64_t seed = 1;
  double truncation = 0.7;
  /// Published: 16 pictures of 1024 px a step, and 1000 steps.
  int64_t steps = 300, batch = 2, view = 128;
  /// Published: 2e-3 times 4/5, on the numbers that were trained.
  double learning_rate = 1.6e-3;
  /// Layers that learn in a step: those whose rows of W+ the phrase would move most. Published: 1.
  int64_t layers = 3, layer_portraits = 8;
  int64_t evaluate_every = 100;
  double checkpoint_seconds = 300, max_minutes = 0;

  template <class V>
  static void fields(V& v) {
    using C = NadaTrainingConfig;
    v.field("name", &C::name, "name of the run", {.required = true});
    v.field("output", &C::output, "folder of the finished weights", {.required = true});
    v.field("generator", &C::generator, "`faces`, a folder or a checkpoint");
    v.field("clip", &C::clip, "the CLIP that guides", {.placeholder = "MODEL"});
    v.field("to", &C::to, "what every picture is to become", {.required = true});
    v.field("from", &C::from, "what it is now");
    v.field("seed", &C::seed, "random seed of the portraits");
    v.field("truncation", &C::truncation, "of the portraits", {.min = 0, .max = 1});
    v.field("steps", &C::steps, "optimiser steps", {.min = 1, .max = 1e9});
    v.field("batch", &C::batch, "portraits per step", {.min = 1, .max = 1024});
    v.field("view", &C::view, "side of the pictures that guide", {.min = 16, .max = 1024});
    v.field("learning-rate", &C::learning_rate, "of Adam, on the numbers that were trained",
            {.min = 0, .max = 1, .log_scale = true});
    v.field("layers", &C::layers, "convolutions that learn in a step", {.min = 1, .max = 100});
    v.field("layer-portraits", &C::layer_portraits, "portraits that choose them",
            {.min = 1, .max = 1024});
    schedule_fields<C>(v);
  }
};

/// As every training (training_run.h). Mapping, constant input and what makes colours stay frozen,
/// as published. `run` holds samples.png too: held-out portraits of the frozen generator above the
/// same of the tuned one. Measured: gain along the phrase on them and the share that gains.
TrainingResult train_nada(const NadaTrainingConfig& config, const std::filesystem::path& run,
                          bool resume, Job& job);

}  // namespace vane
