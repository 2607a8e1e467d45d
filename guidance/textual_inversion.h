// SPDX-License-Identifier: Apache-2.0
#pragma once
// A picture as a word: pseudo tokens whose sentence has the picture's embedding (OTI, Mistretta et
// al. 2025, "Cross the Gap").

#include <cstdint>
#include <vector>

#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "guidance/direction.h"

namespace vane {

struct TextualInversionConfig {
  /// Pseudo tokens in place of the last word of "a photo of a £".
  int64_t tokens = 1;
  int64_t iterations = 150;
  float learning_rate = 0.02f, weight_decay = 0.01f;  // AdamW
  uint64_t seed = 0;
};

struct TextualInversion {
  /// [tokens,Dt] float32.
  Tensor pseudo_tokens;
  /// [D] unit: the text feature of the sentence with them, a picture seen from the side of texts.
  Tensor feature;
  /// Cosine of that with the picture's feature.
  double similarity = 0;
  /// 1 - cosine at every step.
  std::vector<double> losses;
};

/// Minimises 1 - cos(T(v), I) over the pseudo tokens, which start from N(0, 0.02).
/// `image_feature` [D] or [1,D] unit. A stop request ends it early with the best so far. Throws
/// Error{usage} when the model has no text tower that takes vectors, or the sentence does not fit.
TextualInversion invert_to_text(const ClipEncoder& clip, const Tensor& image_feature,
                                const TextualInversionConfig& config, Job& job);

/// From the text feature of "a photo" to that of the inversion; kind "inversion".
Direction inversion_direction(const ClipEncoder& clip, const TextualInversion& inversion);

}  // namespace vane
