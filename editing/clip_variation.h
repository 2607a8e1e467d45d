// SPDX-License-Identifier: Apache-2.0
#pragma once
// The known ways in which two programs embed the same picture with the same weights differently.

#include <functional>
#include <string>
#include <vector>

#include "engine/clip/clip_model.h"
#include "engine/image/image.h"

namespace vane {

/// Everything that can be done differently between a file and its embedding.
struct ClipPath {
  enum class Resample { pillow, float_antialiased, float_plain };
  enum class Alpha { drop, white, black };
  enum class Pooling { configured, average, no_final_norm };
  ClipPreprocess preprocess;
  Resample resample = Resample::pillow;
  Alpha alpha = Alpha::drop;
  Pooling pooling = Pooling::configured;
  Activation activation = Activation::quick_gelu;
  bool upright = true;
  bool bgr = false;
  /// Multiplies samples after division by 255: 255 for a pipeline that never divided.
  float sample_scale = 1.f;
  bool transposed_projection = false;
};

/// One deviation. Variations of the same axis exclude each other.
struct ClipVariation {
  std::string name, axis, advice;
  std::function<void(ClipPath&)> apply;
};

/// Those that make a difference for this model and picture.
std::vector<ClipVariation> clip_variations(const ClipModel& model, const Image& stored);

/// The configured way.
ClipPath configured_path(const ClipModel& model);

/// Raw [1,D] of a picture that was read without applying its orientation.
Tensor embed_along(const ClipModel& model, const Image& stored, const ClipPath& path);

}  // namespace vane
