// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane train inverter`: CLIPInverter's adapters, which let a phrase move the features inside the
// inversion encoder. Source: Baykal et al. 2023, "CLIP-guided StyleGAN Inversion for Text-driven
// Real Image Editing"; StyleGAN sheet, section 6.7, its first stage.

#include <cstdint>
#include <filesystem>
#include <string>

#include "editing/training/schedule_fields.h"
#include "editing/training/training_result.h"
#include "engine/base/job.h"
#include "engine/config/fields.h"

namespace vane {

struct InverterTrainingConfig {
  std::string name;
  /// Folder of the finished weights (inverter.safetensors).
  std::filesystem::path output;
  std::string generator = "faces", clip = "clip-mini";
  /// Measured portraits, whose captions are true; made by `vane faces dataset`.
  std::filesystem::path faces;
  /// Of `vane train inversion`; empty: the one that comes with the program.
  std::filesystem::path encoder;
  uint64_t seed = 1;
  int64_t steps = 2000, batch = 4, view = 128, warmup = 50;
  int64_t hidden = 256;  // numbers inside the networks that read texts; published: 512
  double learning_rate = 5e-4;
  /// Share of steps whose captions go to the next portrait and are to be followed; in the others
  /// each portrait keeps its own and is to stay as it is. Published: 3/4.
  double mismatched = 0.75;
  /// Published, with the distance of the stages of a ResNet CLIP for LPIPS and identity.
  double clip_weight = 1, pixel_weight = 1, feature_weight = 0.7, latent_weight = 0.005,
         cycle_weight = 1;
  double average_decay = 0.999;
  int64_t evaluate_every = 500;
  double checkpoint_seconds = 120, max_minutes = 0;

  template <class V>
  static void fields(V& v) {
    using C = InverterTrainingConfig;
    v.field("name", &C::name, "name of the run", {.required = true});
    v.field("output", &C::output, "folder of the finished weights", {.required = true});
    v.field("generator", &C::generator, "`faces`, a folder or a checkpoint");
    v.field("clip", &C::clip, "the CLIP that reads phrases", {.placeholder = "MODEL"});
    v.field("faces", &C::faces, "folder made by `vane faces dataset` with that generator",
            {.required = true, .placeholder = "DIR"});
    v.field("encoder", &C::encoder, "of `vane train inversion`; the bundled one when empty",
            {.placeholder = "FILE"});
    v.field("seed", &C::seed, "random seed of weights, portraits and captions");
    v.field("steps", &C::steps, "optimiser steps", {.min = 1, .max = 1e9});
    v.field("batch", &C::batch, "portraits per step", {.min = 2, .max = 1024});
    v.field("view", &C::view, "side of the pictures that guide", {.min = 16, .max = 1024});
    v.field("warmup", &C::warmup, "steps of rising learning rate", {.min = 0, .max = 1e9});
    v.field("hidden", &C::hidden, "numbers inside what reads texts", {.min = 1, .max = 8192});
    v.field("learning-rate", &C::learning_rate, "peak; falls as a cosine",
            {.min = 0, .max = 1, .log_scale = true});
    v.field("mismatched", &C::mismatched, "share of steps with captions of other portraits",
            {.min = 0, .max = 1});
    v.field("clip-weight", &C::clip_weight, "of the angle to the caption", {.min = 0, .max = 1e6});
    v.field("pixel-weight", &C::pixel_weight, "of the mean square in [-1,1]",
            {.min = 0, .max = 1e6});
    v.field("feature-weight", &C::feature_weight, "of what the stages of the CLIP see change",
            {.min = 0, .max = 1e6});
    v.field("latent-weight", &C::latent_weight, "of the distance from the mean latent",
            {.min = 0, .max = 1e6});
    v.field("cycle-weight", &C::cycle_weight, "of the way back by the portrait's own caption",
            {.min = 0, .max = 1e6});
    v.field("average-decay", &C::average_decay, "of the averaged weights that are saved, per step",
            {.min = 0, .max = 1});
    schedule_fields<C>(v);
  }
};

/// As every training (training_run.h). `run` holds samples.png too: held-out portraits above their
/// edits by the next one's caption. Measured on held-out portraits: "gain" along the way from the
/// own caption to the next one's and the share "gaining", and "kept", the PSNR of the edit by the
/// own caption against the plain inversion in dB. Throws Error{config} when the faces are of
/// another generator, Error{input} when there is no encoder.
TrainingResult train_inverter(const InverterTrainingConfig& config,
                              const std::filesystem::path& run, bool resume, Job& job);

}  // namespace vane
