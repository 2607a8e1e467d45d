// SPDX-License-Identifier: Apache-2.0
#pragma once
// Model, optimiser and averaged weights of a training run, as one thing that can be saved.

#include <map>
#include <string>

#include "editing/training/clip_training_config.h"
#include "engine/clip/clip_model.h"
#include "engine/data/captioned_source.h"
#include "engine/run/adam.h"
#include "engine/run/checkpoint.h"

namespace vane {

/// Architecture of the configured sizes. Throws Error{config} for sizes that do not fit together.
ClipConfig clip_config_of(const ClipSizes& sizes);

class ClipTrainer {
 public:
  explicit ClipTrainer(const ClipTrainingConfig& config);

  /// One optimiser step; returns the loss. Throws Error{numeric} when it is not finite.
  /// `others`: captions that the pictures are told from besides those of the batch.
  double step(const std::vector<CaptionedPicture>& batch, const std::vector<Caption>& others);
  int64_t steps() const { return optimiser_.steps(); }
  double logit_scale() const;
  double rate_factor() const;

  Checkpoint checkpoint() const;
  /// Throws Error{checkpoint} when a tensor is missing or has another shape.
  void restore(const Checkpoint& checkpoint);

  /// A copy with the averaged weights and the wanted share of the start's, ready to evaluate or
  /// save. Embeddings of tokens that no caption used become the mean of those used, so that an
  /// unknown word says nothing instead of something random.
  ClipModel averaged_model() const;

 private:
  void update_average();

  ClipTrainingConfig config_;
  ClipModel model_;
  Adam optimiser_;
  std::map<std::string, Tensor> average_;
  /// Of the model that the run began with; empty where nothing of it is kept.
  std::map<std::string, Tensor> start_;
};

}  // namespace vane
