// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `vane train delta CONFIG.yaml` reads. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "editing/training/schedule_fields.h"
#include "engine/config/fields.h"

namespace vane {

struct DeltaTrainingConfig {
  std::string name;
  /// Folder of the finished weights (delta.safetensors).
  std::filesystem::path output;
  std::string generator = "faces";
  /// Pictures of the generator, of latents whose levels were drawn one by one (as style mixing
  /// does), so that what a level does can be told from what the others do.
  int64_t samples = 6000;
  std::string clip = "clip-mini";
  /// Steps are learned within so many directions of the styles: those that the CLIP sees best. Most
  /// of what tells two pictures apart it does not see, and a step says nothing about that.
  int64_t visible = 12;
  /// Names of the styles that are moved, from coarse to fine; all convolutions when empty.
  std::vector<std::string> styles;
  uint64_t seed = 1;
  int64_t steps = 1500, batch = 64, warmup = 100;
  /// The layers of the mapper move a hundredth of it.
  double learning_rate = 1;
  double average_decay = 0.999;
  int64_t evaluate_every = 1000;
  double checkpoint_seconds = 120, max_minutes = 0;
  /// Pairs and ridge (of the mean square of a standardised step) of the relevance matrix.
  int64_t relevance_pairs = 8000;
  double relevance_ridge = 0.1;
  /// Channels and samples on which the matrix is compared with probing; 0 channels: not at all.
  int64_t probed_channels = 50, probed_samples = 4;

  template <class V>
  static void fields(V& v) {
    using C = DeltaTrainingConfig;
    v.field("name", &C::name, "name of the run", {.required = true});
    v.field("output", &C::output, "folder of the finished weights", {.required = true});
    v.field("generator", &C::generator, "`faces`, a folder or a checkpoint");
    v.field("samples", &C::samples, "pictures of the generator to learn from, kept in the cache",
            {.min = 20, .max = 1e6});
    v.field("clip", &C::clip, "the CLIP whose directions the mapper will follow",
            {.placeholder = "MODEL"});
    v.field("visible", &C::visible, "directions of the styles that the CLIP sees best",
            {.min = 1, .max = 4096});
    v.field("styles", &C::styles, "styles that are moved, coarse to fine; all when absent");
    v.field("seed", &C::seed, "random seed of weights and pairs");
    v.field("steps", &C::steps, "optimiser steps", {.min = 1, .max = 1e9});
    v.field("batch", &C::batch, "pairs per step", {.min = 1, .max = 65536});
    v.field("warmup", &C::warmup, "steps of rising learning rate", {.min = 0, .max = 1e9});
    v.field("learning-rate", &C::learning_rate,
            "peak; falls as a cosine; the layers move a hundredth of it",
            {.min = 0, .max = 100, .log_scale = true});
    v.field("average-decay", &C::average_decay, "of the averaged weights that are saved, per step",
            {.min = 0, .max = 1});
    schedule_fields<C>(v);
    v.field("relevance-pairs", &C::relevance_pairs, "pairs for the relevance matrix",
            {.min = 2, .max = 1e6});
    v.field("relevance-ridge", &C::relevance_ridge,
            "ridge of the relevance matrix, of a channel's own mean square",
            {.min = 1e-9, .max = 1e6, .log_scale = true});
    v.field("probed-channels", &C::probed_channels,
            "channels on which the matrix is compared with probing; 0: none",
            {.min = 0, .max = 1e5});
    v.field("probed-samples", &C::probed_samples, "samples that each of them is probed on",
            {.min = 1, .max = 1e4});
  }
};

}  // namespace vane
