// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `vane train enhance CONFIG.yaml` reads. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "editing/training/schedule_fields.h"
#include "engine/config/fields.h"
#include "engine/data/backlit_source.h"
#include "engine/data/photo_library.h"

namespace vane {

/// Where pictures come from.
struct EnhanceData {
  /// Photographs made backlit here (engine/data/backlit_source.h) ...
  PhotoLibraryConfig library;
  BacklitConfig backlit;
  /// ... or folders of real ones, which need not show the same scenes.
  std::filesystem::path backlit_folder, well_lit_folder;
  /// Pictures of each kind that RAVE and CLIP-LIT learn from when they are made here.
  int64_t pool = 256;
  /// Held-out pairs that a run is measured on.
  int64_t held_out = 48;

  template <class V>
  static void fields(V& v) {
    using C = EnhanceData;
    v.field("library", &C::library, "photographs and cut-outs to make backlit");
    v.field("backlit", &C::backlit, "how they are made backlit");
    v.field("backlit-folder", &C::backlit_folder, "real backlit photographs, instead of made ones",
            {.placeholder = "DIR"});
    v.field("well-lit-folder", &C::well_lit_folder, "well-lit photographs, of any scenes",
            {.placeholder = "DIR"});
    v.field("pool", &C::pool, "pictures of each kind that rave and clip-lit learn from",
            {.min = 4, .max = 1e6});
    v.field("held-out", &C::held_out, "pairs that the run is measured on", {.min = 2, .max = 1e5});
  }
};

/// Of the method `vane`: a pair tells what is right, RAVE's residual vector what looks well lit.
struct VaneLoss {
  double residual = 0.5, haze = 0.1, smooth = 0.01, edges = 0;
  double average_decay = 0.998;

  template <class V>
  static void fields(V& v) {
    using C = VaneLoss;
    v.field("residual", &C::residual, "weight of RAVE's loss beside the error of samples",
            {.min = 0, .max = 1000});
    v.field("haze", &C::haze, "weight of the veiling light, which is small unless it is there",
            {.min = 0, .max = 1000});
    v.field("smooth", &C::smooth, "weight of the total variation of the stops",
            {.min = 0, .max = 1000});
    v.field("edges", &C::edges,
            "weight of the error of differences between samples 1, 4 and 12 px apart, in which a "
            "ring or a glow weighs more than in the samples",
            {.min = 0, .max = 1000});
    v.field("average-decay", &C::average_decay, "of the averaged weights that are saved, per step",
            {.min = 0, .max = 1});
  }
};

/// Of the published methods (Liang et al. 2023, CLIP-LIT; Gaintseva et al. 2024, RAVE).
struct PublishedSchedule {
  /// Iterations that only reproduce the picture.
  int64_t reconstruction = 1000;
  /// Of the prompts before the network, of the network and of the prompts in a round.
  int64_t prompt_start = 8000, round = 2100, prompt_round = 1000;
  double prompt_rate = 5e-6;
  /// Words taken out of the residual vector at each end (RAVE's "shifted"); 0: none.
  int64_t remove_words = 0;
  /// Bigger changes of pictures than flips: zoom and rotation.
  bool warp = true;

  template <class V>
  static void fields(V& v) {
    using C = PublishedSchedule;
    v.field("reconstruction", &C::reconstruction, "iterations that only reproduce the picture",
            {.min = 0, .max = 1e9});
    v.field("prompt-start", &C::prompt_start, "iterations of the prompts before the network",
            {.min = 1, .max = 1e9});
    v.field("round", &C::round, "iterations of the network between refinements of the prompts",
            {.min = 1, .max = 1e9});
    v.field("prompt-round", &C::prompt_round, "iterations of the prompts in a refinement",
            {.min = 1, .max = 1e9});
    v.field("prompt-rate", &C::prompt_rate, "learning rate of the prompts; 0: by their size",
            {.min = 0, .max = 10});
    v.field("remove-words", &C::remove_words,
            "words of the vocabulary at each end whose part is taken out of the residual vector",
            {.min = 0, .max = 10000});
    v.field("warp", &C::warp, "zoom and rotate pictures as well as mirroring them");
  }
};

struct EnhanceTrainingConfig {
  std::string name, method = "vane";
  /// Folder of the finished weights.
  std::filesystem::path output;
  /// A folder that the method `vane` was saved to, whose weights the run begins with.
  std::filesystem::path start;
  uint64_t seed = 1;
  int64_t steps = 6000, batch = 8, warmup = 100;
  double learning_rate = 1e-3, weight_decay = 0;
  /// The CLIP that guides; empty: clip-mini.
  std::string clip = "clip-mini";
  int64_t evaluate_every = 500;
  double checkpoint_seconds = 120, max_minutes = 0;
  EnhanceData data;
  VaneLoss vane;
  PublishedSchedule published;

  template <class V>
  static void fields(V& v) {
    using C = EnhanceTrainingConfig;
    v.field("name", &C::name, "name of the run", {.required = true});
    v.field("method", &C::method, "what is trained",
            {.choices = {"vane", "rave", "clip-lit", "clip-lit-latent"}});
    v.field("output", &C::output, "folder of the finished weights", {.required = true});
    v.field("start", &C::start, "folder of trained weights of vane to go on from",
            {.placeholder = "DIR"});
    v.field("seed", &C::seed, "random seed of weights and data");
    v.field("steps", &C::steps, "optimiser steps of the network", {.min = 1, .max = 1e9});
    v.field("batch", &C::batch, "pictures per step", {.min = 1, .max = 4096});
    v.field("warmup", &C::warmup, "steps of rising learning rate (vane)", {.min = 0, .max = 1e9});
    v.field("learning-rate", &C::learning_rate,
            "peak of vane, which falls as a cosine; constant for the others",
            {.min = 0, .max = 1, .log_scale = true});
    v.field("weight-decay", &C::weight_decay, "added to the gradient (L2), as published",
            {.min = 0, .max = 10});
    v.field("clip", &C::clip, "the CLIP that guides", {.placeholder = "MODEL"});
    schedule_fields<C>(v);
    v.field("data", &C::data, "pictures");
    v.field("vane", &C::vane, "losses of the method vane");
    v.field("published", &C::published, "schedule of the published methods");
  }
};

}  // namespace vane
