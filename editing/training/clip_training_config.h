// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `vane train clip CONFIG.yaml` reads. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "editing/training/schedule_fields.h"
#include "engine/config/fields.h"
#include "engine/data/faces_source.h"
#include "engine/data/photo_library.h"

namespace vane {

/// Sizes of both towers. Preprocessing constants and the vocabulary are OpenAI's.
struct ClipSizes {
  int64_t image_size = 64;
  int64_t embed_dim = 256;
  std::string vision = "modified-resnet";
  int64_t vision_width = 32;
  std::vector<int64_t> vision_depths{1, 2, 2, 1};
  int64_t vision_layers = 6, vision_heads = 4, patch_size = 8;
  std::string vision_pool = "token";
  int64_t text_width = 128, text_heads = 2, text_layers = 3, context_length = 77;

  template <class V>
  static void fields(V& v) {
    using C = ClipSizes;
    v.field("image-size", &C::image_size, "side of the square input",
            {.min = 32, .max = 1024, .unit = "px"});
    v.field("embed-dim", &C::embed_dim, "length of an embedding", {.min = 8, .max = 4096});
    v.field("vision", &C::vision, "image tower", {.choices = {"modified-resnet", "vit"}});
    v.field("vision-width", &C::vision_width,
            "channels after the stem (ResNet) or of the residual stream (ViT)",
            {.min = 8, .max = 4096});
    v.field("vision-depths", &C::vision_depths, "bottlenecks of the four ResNet stages");
    v.field("vision-layers", &C::vision_layers, "blocks of a ViT", {.min = 1, .max = 64});
    v.field("vision-heads", &C::vision_heads, "attention heads of a ViT", {.min = 1, .max = 64});
    v.field("patch-size", &C::patch_size, "patch side of a ViT", {.min = 1, .max = 64});
    v.field("vision-pool", &C::vision_pool, "what a ViT embeds: its class token or the mean of all",
            {.choices = {"token", "average"}});
    v.field("text-width", &C::text_width, "residual stream of the text tower",
            {.min = 8, .max = 4096});
    v.field("text-heads", &C::text_heads, "attention heads", {.min = 1, .max = 64});
    v.field("text-layers", &C::text_layers, "blocks", {.min = 1, .max = 64});
    v.field("context-length", &C::context_length, "token positions", {.min = 8, .max = 1024});
  }
};

/// Photographs under looks and captioned cut-outs (engine/data).
struct ProceduralData {
  float cutout_share = 0.45f, relation_share = 0, count_share = 0;
  int group = 4;
  float cast = 0, development = 0;
  PhotoLibraryConfig library;

  template <class V>
  static void fields(V& v) {
    using C = ProceduralData;
    v.field("cutout-share", &C::cutout_share, "share of samples with a cut-out in front",
            {.min = 0, .max = 1});
    v.field("relation-share", &C::relation_share, "of these, share with two cut-outs side by side",
            {.min = 0, .max = 1});
    v.field("count-share", &C::count_share, "of these, share with one to four of the same",
            {.min = 0, .max = 1});
    v.field("group", &C::group, "neighbouring samples that share one crop of one photograph",
            {.min = 1, .max = 64});
    v.field("cast", &C::cast,
            "share of groups whose photograph first gets another colour of its own, so that warmer "
            "and colder are learned on scenes that are orange or blue all over",
            {.min = 0, .max = 1});
    v.field("development", &C::development,
            "share of groups whose photograph first gets another exposure, contrast and saturation",
            {.min = 0, .max = 1});
    v.field("library", &C::library, "photographs and cut-outs");
  }
};

struct ClipTrainingConfig {
  std::string name;
  /// Where the finished model goes.
  std::filesystem::path output;
  uint64_t seed = 1;
  int64_t steps = 6000, batch = 128, warmup = 300, other_captions = 0;
  std::string precision = "float32";
  double learning_rate = 1e-3, weight_decay = 0.05, delta_weight = 0, foil_weight = 0,
         choice_weight = 0, rank_weight = 0;
  /// Of the averaged weights, which are what is saved; per step.
  double average_decay = 0.999;
  int64_t evaluate_every = 1000;
  double checkpoint_seconds = 120, max_minutes = 0;
  int producers = 1;
  ClipSizes model;
  /// A CLIP of the same sizes, `image_size` excepted, whose weights the run begins with, instead of
  /// random ones.
  std::filesystem::path start;
  /// Share of the start's weights in the model that is measured and saved: what both runs know is
  /// kept better than by either (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
  double keep_of_start = 0;
  /// A folder of captioned pictures; instead of `procedural` when given.
  std::filesystem::path folder;
  ProceduralData procedural;
  /// Shares of samples that come from the toybox and from a set of faces.
  double toybox_share = 0, faces_share = 0;
  FacesData faces;

  template <class V>
  static void fields(V& v) {
    using C = ClipTrainingConfig;
    v.field("name", &C::name, "name of the run", {.required = true});
    v.field("output", &C::output, "folder of the finished model", {.required = true});
    v.field("seed", &C::seed, "random seed of weights and data");
    v.field("steps", &C::steps, "optimiser steps", {.min = 1, .max = 1e9});
    v.field("batch", &C::batch, "pairs per step", {.min = 2, .max = 65536});
    v.field("other-captions", &C::other_captions,
            "captions of other pictures that each picture of a step is also told from",
            {.min = 0, .max = 65536});
    v.field("precision", &C::precision,
            "of convolutions and products; weights, sums and the loss stay float32",
            {.choices = {"float32", "bfloat16"}});
    v.field("warmup", &C::warmup, "steps of rising learning rate", {.min = 0, .max = 1e9});
    v.field("learning-rate", &C::learning_rate, "peak", {.min = 0, .max = 1, .log_scale = true});
    v.field("weight-decay", &C::weight_decay, "decoupled; of matrices and kernels only",
            {.min = 0, .max = 10});
    v.field("delta-weight", &C::delta_weight,
            "of 1 - cosine between the changes of pictures and of captions within a group",
            {.min = 0, .max = 100});
    v.field("foil-weight", &C::foil_weight,
            "of the choice between each caption and a false one like it", {.min = 0, .max = 100});
    v.field("choice-weight", &C::choice_weight,
            "of two-way questions about single attributes, whatever the caption says",
            {.min = 0, .max = 100});
    v.field("rank-weight", &C::rank_weight,
            "of the order of pictures that show more or less of something", {.min = 0, .max = 100});
    v.field("average-decay", &C::average_decay, "of the averaged weights that are saved",
            {.min = 0, .max = 1});
    schedule_fields<C>(v);
    v.field("producers", &C::producers, "threads that make samples", {.min = 1, .max = 64});
    v.field("model", &C::model, "sizes of the towers");
    v.field("start", &C::start,
            "CLIP of the same sizes (the input's side may differ) to go on from, instead of random "
            "weights",
            {.placeholder = "DIR"});
    v.field("keep-of-start", &C::keep_of_start,
            "share of the start's weights in the model that is measured and saved",
            {.min = 0, .max = 1});
    v.field("folder", &C::folder, "folder of captioned pictures, instead of procedural ones",
            {.placeholder = "DIR"});
    v.field("procedural", &C::procedural, "photographs under looks, and cut-outs");
    v.field("toybox-share", &C::toybox_share, "share of samples that are scenes of the toybox",
            {.min = 0, .max = 0.9});
    v.field("faces-share", &C::faces_share, "share of samples that are faces",
            {.min = 0, .max = 0.9});
    v.field("faces", &C::faces, "portraits with measured attributes");
  }
};

}  // namespace vane
