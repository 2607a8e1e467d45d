// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane train mapper`: StyleCLIP's latent mapper, a network that learns one phrase and then edits
// any face at once. Source: Patashnik et al. 2021, "StyleCLIP", section 5; StyleGAN sheet, 6.3.

#include <cstdint>
#include <filesystem>
#include <string>

#include "editing/training/schedule_fields.h"
#include "editing/training/training_result.h"
#include "engine/base/job.h"
#include "engine/config/fields.h"

namespace vane {

struct MapperTrainingConfig {
  std::string name;
  /// Folder of the finished weights (mapper.safetensors).
  std::filesystem::path output;
  std::string generator = "faces", clip = "clip-mini";
  std::string to, from = "a person";
  /// Portraits that it learns on are those of this seed; others are held out.
  uint64_t seed = 1;
  double truncation = 0.7;
  int64_t steps = 600, batch = 2, view = 128, warmup = 20;
  /// The layers of the mapper move a hundredth of it.
  double learning_rate = 0.5;
  /// Published: CLIP 1, identity 0.1, latent 0.8. Identity is the distance of the stages of a
  /// ResNet CLIP here.
  double clip_weight = 1, identity_weight = 0.1, latent_weight = 0.8;
  double average_decay = 0.99;
  int64_t evaluate_every = 200;
  double checkpoint_seconds = 120, max_minutes = 0;

  template <class V>
  static void fields(V& v) {
    using C = MapperTrainingConfig;
    v.field("name", &C::name, "name of the run", {.required = true});
    v.field("output", &C::output, "folder of the finished weights", {.required = true});
    v.field("generator", &C::generator, "`faces`, a folder or a checkpoint");
    v.field("clip", &C::clip, "the CLIP that guides", {.placeholder = "MODEL"});
    v.field("to", &C::to, "what every face is to become", {.required = true});
    v.field("from", &C::from, "what it is now");
    v.field("seed", &C::seed, "random seed of weights and portraits");
    v.field("truncation", &C::truncation, "of the portraits", {.min = 0, .max = 1});
    v.field("steps", &C::steps, "optimiser steps", {.min = 1, .max = 1e9});
    v.field("batch", &C::batch, "portraits per step", {.min = 1, .max = 1024});
    v.field("view", &C::view, "side of the pictures that guide", {.min = 16, .max = 1024});
    v.field("warmup", &C::warmup, "steps of rising learning rate", {.min = 0, .max = 1e9});
    v.field("learning-rate", &C::learning_rate,
            "peak; falls as a cosine; the layers move a hundredth of it",
            {.min = 0, .max = 100, .log_scale = true});
    v.field("clip-weight", &C::clip_weight, "of the angle to the phrase", {.min = 0, .max = 1e6});
    v.field("identity-weight", &C::identity_weight, "of what the stages of the CLIP see change",
            {.min = 0, .max = 1e6});
    v.field("latent-weight", &C::latent_weight, "of the mean square step in W+",
            {.min = 0, .max = 1e6});
    v.field("average-decay", &C::average_decay, "of the averaged weights that are saved, per step",
            {.min = 0, .max = 1});
    schedule_fields<C>(v);
  }
};

/// As every training (training_run.h). `run` holds samples.png too: held-out portraits above their
/// edits. The measurements are the mean gain along the phrase on held-out portraits, the share of
/// them that gains, and the mean length of the step in W+.
TrainingResult train_mapper(const MapperTrainingConfig& config, const std::filesystem::path& run,
                            bool resume, Job& job);

}  // namespace vane
