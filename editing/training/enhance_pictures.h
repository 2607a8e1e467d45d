// SPDX-License-Identifier: Apache-2.0
#pragma once
// Backlit and well-lit pictures as tensors, for training and measuring.

#include <memory>

#include "editing/training/enhance_training_config.h"
#include "engine/base/job.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// [N,3,S,S] float in [0,1]; rows of both belong together.
struct LitPairs {
  Tensor backlit, lit;
  /// bool [N]: whether the two pictures of a pair differ.
  Tensor changed;
};

/// Pairs `first`, `first + 1`, ... of a source.
LitPairs pairs_of(const BacklitSource& source, uint64_t first, int64_t count);

/// What a run learns from and is measured on.
struct EnhancePictures {
  /// Empty when the pictures come from folders.
  std::unique_ptr<BacklitSource> source;
  /// [N,3,S,S] and [M,3,S,S], of scenes that need not be the same.
  Tensor backlit, lit;
  LitPairs held_out;
  /// False when held-out rows are of different scenes, so that only CLIP can tell.
  bool paired = true;
};

/// Throws Error{input} for folders or a library without pictures, Error{config} when only one
/// folder is named.
EnhancePictures open_pictures(const EnhanceTrainingConfig& config, Job& job);

}  // namespace vane
