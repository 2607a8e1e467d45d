// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `vane train inversion CONFIG.yaml` reads. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>

#include "editing/training/schedule_fields.h"
#include "engine/config/fields.h"

namespace vane {

/// Changes of a portrait that must not change what is read off it: what photographs have and
/// generated pictures have not.
struct FaceAugmentation {
  double blur = 0.3, noise = 0.02, colour = 0.06, shift = 0.02, cutout = 0.15;

  template <class V>
  static void fields(V& v) {
    using C = FaceAugmentation;
    v.field("blur", &C::blur, "share of batches that are reduced and enlarged again",
            {.min = 0, .max = 1});
    v.field("noise", &C::noise, "largest deviation of noise, of the range of a sample",
            {.min = 0, .max = 1});
    v.field("colour", &C::colour, "largest change of gain, gamma and white balance",
            {.min = 0, .max = 0.5});
    v.field("shift", &C::shift, "largest shift, and change of size, as a share of the side",
            {.min = 0, .max = 0.25});
    v.field("cutout", &C::cutout, "share of pictures that lose a square", {.min = 0, .max = 1});
  }
};

/// Weights of the losses.
struct InversionLoss {
  /// Mean square in W, in units of the variance of w: known only of generated pictures.
  double latent = 1;
  /// Mean square of samples in [-1,1], and of the stages of a ResNet CLIP, of what the generator
  /// makes of the rows.
  double pixel = 1, features = 0.3;
  /// 1 - cosine of the CLIP embeddings.
  double clip = 0.1;
  /// Squared distance of dlib's embeddings of the faces; needs its published network.
  double identity = 0;
  /// Mean distance of rows from the vector they share (e4e).
  double delta = 2e-4;

  template <class V>
  static void fields(V& v) {
    using C = InversionLoss;
    v.field("latent", &C::latent, "of the rows against the w that made the picture",
            {.min = 0, .max = 1000});
    v.field("pixel", &C::pixel, "of the samples", {.min = 0, .max = 1000});
    v.field("features", &C::features, "of the stages of the CLIP", {.min = 0, .max = 1000});
    v.field("clip", &C::clip, "of the embeddings", {.min = 0, .max = 1000});
    v.field("identity", &C::identity, "of the persons, as dlib tells them apart",
            {.min = 0, .max = 1000});
    v.field("delta", &C::delta, "of the rows' differences", {.min = 0, .max = 1000});
  }
};

struct InversionTrainingConfig {
  std::string name;
  /// Folder of the finished weights (encoder.safetensors).
  std::filesystem::path output;
  std::string generator = "faces";
  /// Made by `vane faces dataset` with that generator.
  std::filesystem::path faces;
  /// More of them, made with `--quick`: nothing is held out of these.
  std::filesystem::path quick_faces;
  /// An encoder.safetensors whose weights the run begins with.
  std::filesystem::path start;
  std::string clip = "clip-mini";
  uint64_t seed = 1;
  /// Optimiser steps on latents alone, then with pictures.
  int64_t latent_steps = 8000, steps = 12000;
  int64_t latent_batch = 32, batch = 8;
  /// Side of the pictures that are compared.
  int64_t view = 128;
  int64_t warmup = 200;
  double learning_rate = 1e-3, render_rate = 3e-4;
  double average_decay = 0.999;
  int64_t evaluate_every = 1000;
  double checkpoint_seconds = 120, max_minutes = 0;
  InversionLoss latent_loss{.pixel = 0, .features = 0, .clip = 0}, loss{.latent = 0.1};
  FaceAugmentation augmentation;

  template <class V>
  static void fields(V& v) {
    using C = InversionTrainingConfig;
    v.field("name", &C::name, "name of the run", {.required = true});
    v.field("output", &C::output, "folder of the finished weights", {.required = true});
    v.field("generator", &C::generator, "`faces`, a folder or a checkpoint");
    v.field("faces", &C::faces, "folder made by `vane faces dataset` with that generator",
            {.required = true, .placeholder = "DIR"});
    v.field("quick-faces", &C::quick_faces, "more of them, made with --quick",
            {.placeholder = "DIR"});
    v.field("start", &C::start, "weights of an encoder to go on from", {.placeholder = "FILE"});
    v.field("clip", &C::clip, "a CLIP with a ResNet tower, for its stages",
            {.placeholder = "MODEL"});
    v.field("seed", &C::seed, "random seed of weights and data");
    v.field("latent-steps", &C::latent_steps, "steps that only look at latents",
            {.min = 0, .max = 1e9});
    v.field("steps", &C::steps, "steps altogether", {.min = 1, .max = 1e9});
    v.field("latent-batch", &C::latent_batch, "portraits per step on latents alone",
            {.min = 1, .max = 4096});
    v.field("batch", &C::batch, "portraits per step with pictures", {.min = 1, .max = 4096});
    v.field("view", &C::view, "side of the pictures that are compared",
            {.min = 16, .max = 1024, .unit = "px"});
    v.field("warmup", &C::warmup, "steps of rising learning rate", {.min = 0, .max = 1e9});
    v.field("learning-rate", &C::learning_rate, "peak on latents alone; falls as a cosine",
            {.min = 0, .max = 1, .log_scale = true});
    v.field("render-rate", &C::render_rate, "peak with pictures; falls as a cosine",
            {.min = 0, .max = 1, .log_scale = true});
    v.field("average-decay", &C::average_decay, "of the averaged weights that are saved, per step",
            {.min = 0, .max = 1});
    schedule_fields<C>(v);
    v.field("latent-loss", &C::latent_loss, "weights of the losses on latents alone");
    v.field("loss", &C::loss, "weights of the losses with pictures");
    v.field("augmentation", &C::augmentation, "changes of the portraits");
  }
};

}  // namespace vane
