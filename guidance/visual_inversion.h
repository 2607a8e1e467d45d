// SPDX-License-Identifier: Apache-2.0
#pragma once
// A text as a picture: a pseudo patch whose picture has the text's embedding (OVI, Mistretta et al.
// 2025, "Cross the Gap").

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "guidance/direction.h"

namespace vane {

struct VisualInversionConfig {
  int64_t iterations = 1000;
  float learning_rate = 0.02f, weight_decay = 0.01f;  // AdamW
  uint64_t seed = 0;
};

struct VisualInversion {
  /// [D] float32, D the width of the tower: stands at every patch position, behind the patch
  /// embedding; class token and positions are the model's own.
  Tensor pseudo_patch;
  /// [E] unit: the image feature of that, a text seen from the side of pictures.
  Tensor feature;
  /// Cosine of that with the text's feature.
  double similarity = 0;
  /// 1 - cosine at every step.
  std::vector<double> losses;
};

/// Throws Error{usage} for a model whose image tower is no vision transformer: only there patches
/// are a sequence that can be replaced. To be called before anything slow.
void check_has_patches(const ClipEncoder& clip);

/// Minimises 1 - cos(I(v), T) over the pseudo patch, which starts from N(0, 0.02). `text_feature`
/// [E] or [1,E] unit. A stop request ends it early with the best so far. Throws as
/// check_has_patches().
VisualInversion invert_to_picture(const ClipEncoder& clip, const Tensor& text_feature,
                                  const VisualInversionConfig& config, Job& job);

/// Between two inverted texts, on the side of pictures; kind "inversion". Throws Error{usage} when
/// both are the same.
Direction inversion_direction(const ClipEncoder& clip, const VisualInversion& from,
                              const VisualInversion& to);

}  // namespace vane
