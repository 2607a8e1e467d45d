// SPDX-License-Identifier: Apache-2.0
#pragma once
// What learns to enhance: one step at a time, resumable, measured on held-out pictures.

#include <filesystem>
#include <memory>

#include "editing/training/enhance_pictures.h"
#include "engine/clip/clip_encoder.h"
#include "engine/run/adam.h"
#include "engine/run/checkpoint.h"
#include "guidance/clip_residual.h"
#include "guidance/direction.h"

namespace vane {

class EnhanceLearner {
 public:
  virtual ~EnhanceLearner() = default;

  /// One optimiser step of the network (and, where a round ends, a refinement of the prompts before
  /// it); returns its loss. Throws Error{numeric} when that is not finite, Cancelled.
  virtual double step(Job& job) = 0;
  virtual int64_t steps() const = 0;
  /// Pictures [N,3,S,S] as the weights that would be saved now enhance them; no gradients.
  virtual Tensor enhanced(const Tensor& pictures) const = 0;
  virtual Checkpoint checkpoint() const = 0;
  /// Throws Error{checkpoint} when a tensor is missing or has another shape.
  virtual void restore(const Checkpoint& checkpoint) = 0;
  /// Writes the weights and what belongs to them into `folder`.
  virtual void save(const std::filesystem::path& folder) const = 0;
};

/// What every learner is given; outlives it.
struct EnhanceLesson {
  const EnhanceTrainingConfig& config;
  const EnhancePictures& pictures;
  std::shared_ptr<const ClipEncoder> clip;
  /// RAVE's residual vector of the two sets, with tau.
  Direction residual;
};

/// The residual vector of the lesson's sets. Unit features through the differentiable
/// preprocessing, in batches.
Direction residual_of(const ClipEncoder& clip, const EnhancePictures& pictures);
Tensor clip_features(const ClipEncoder& clip, const Tensor& pictures);

/// The parameters of a network as one group that learns; makes them require gradients.
template <class Network>
AdamGroup learning_group(Network& network, double learning_rate) {
  AdamGroup group;
  group.options.learning_rate = learning_rate;
  visit_parameters(network, [&](const std::string& name, Tensor& tensor, const auto&) {
    tensor.requires_grad_(true);
    group.parameters.emplace_back(name, tensor);
  });
  return group;
}

std::unique_ptr<EnhanceLearner> make_vane_learner(const EnhanceLesson& lesson);
/// RAVE, CLIP-LIT and CLIP-LIT-Latent, by the config's method.
std::unique_ptr<EnhanceLearner> make_published_learner(const EnhanceLesson& lesson);

/// On held-out pictures.
struct EnhanceScores {
  /// dB against the well-lit picture, of the backlit and of the enhanced one, of changed pairs; and
  /// of the enhanced one of unchanged pairs. NaN where there are none.
  double psnr_before = 0, psnr_after = 0, psnr_untouched = 0;
  /// (mean E(y).r - mean E(x).r) / (tau - mean E(x).r) of changed pairs.
  double gap_closed = 0;
};
EnhanceScores measure(const EnhanceLearner& learner, const EnhanceLesson& lesson);

}  // namespace vane
