// SPDX-License-Identifier: Apache-2.0
#pragma once
// The run of `vane train preview`: heads that read a small picture off the features of an earlier
// block of a MobileStyleGAN, so that nobody who looks at 128 pixels pays for 1024.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "editing/training/training_result.h"
#include "engine/base/job.h"
#include "engine/config/fields.h"

namespace vane {

struct PreviewTrainingConfig {
  std::string name;
  /// Folder of the finished heads (preview.safetensors).
  std::filesystem::path output;
  std::string generator = "faces";
  /// Sides of the previews: powers of two from 16 on, below half of the generator's.
  std::vector<int64_t> sides{128, 256};
  int64_t pictures = 400, held_out = 32, pixels = 1024;
  int64_t steps = 3000, batch = 16;
  double learning_rate = 1e-3;
  uint64_t seed = 1;

  template <class V>
  static void fields(V& v) {
    using C = PreviewTrainingConfig;
    v.field("name", &C::name, "name of the run", {.required = true});
    v.field("output", &C::output, "folder of the finished heads", {.required = true});
    v.field("generator", &C::generator, "`faces` or a folder with a MobileStyleGAN");
    v.field("sides", &C::sides, "sides of the previews, powers of two");
    v.field("pictures", &C::pictures, "pictures to learn from", {.min = 2, .max = 1e6});
    v.field("held-out", &C::held_out, "pictures that the heads are measured on",
            {.min = 1, .max = 1e5});
    v.field("pixels", &C::pixels, "pixels of the features that are kept of a picture",
            {.min = 1, .max = 65536});
    v.field("steps", &C::steps, "optimiser steps behind the closed-form start",
            {.min = 0, .max = 1e9});
    v.field("batch", &C::batch, "pictures per step", {.min = 1, .max = 4096});
    v.field("learning-rate", &C::learning_rate, "peak; it falls as a cosine",
            {.min = 0, .max = 1, .log_scale = true});
    v.field("seed", &C::seed, "random seed of pictures and pixels");
  }
};

/// Ridge regression of the wavelet bands on the features first, which takes the style for constant;
/// then Adam on head and style together. Measured as PSNR against the full picture, reduced. Short
/// enough to be done again from the start when it is interrupted.
/// Throws Error{input} when the generator is not installed, Error{config} for a side it has no
/// features for, Error{numeric} when the loss is not finite.
TrainingResult train_preview(const PreviewTrainingConfig& config, const std::filesystem::path& run,
                             bool resume, Job& job);

}  // namespace vane
