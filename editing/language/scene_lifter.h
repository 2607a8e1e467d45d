// SPDX-License-Identifier: Apache-2.0
#pragma once
// A scene of Gaussians and its photographs -> a language field, without training or as LangSplat
// trains it.

#include <optional>
#include <string>
#include <vector>

#include "editing/language/latent_training.h"
#include "editing/language/mask_features.h"
#include "editing/language/scene_autoencoder.h"
#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "engine/scene/camera.h"
#include "generators/language/language_field.h"

namespace vane {

/// LangSplat's way.
struct TrainedFeatures {
  /// Of this scene or a published one; without it one is trained.
  std::optional<SceneAutoencoder> autoencoder;
  CosineAxis cosine = CosineAxis::feature;
  LatentTraining latents;
  /// [N,levels,3] of a published model; undefined: they are trained.
  Tensor given{};
  /// Views are drawn no larger for training.
  int long_side = 384;
};

struct LiftOptions {
  CropStyle crops = CropStyle::context;
  /// Masks of different views are one object when they overlap by more (group_masks).
  double least_overlap = 0.5;
  /// Features that are trained instead of gathered; objects are codes of latents then.
  std::optional<TrainedFeatures> trained{};
};

/// Takes views one by one; keeps references to the model and the cloud.
class SceneLifter {
 public:
  SceneLifter(const ClipEncoder& clip, const SplatCloud& cloud, const LiftOptions& options);

  /// `image`: 8-bit RGB, `maps` of its size; features are computed where the maps have none, and
  /// left in them. `camera` of any size. Throws Error{input} for features of another width.
  void add(const std::string& name, const Camera& camera, const Image& image, RegionMaps& maps,
           Job& job);
  /// Groups masks and makes the levels. The scene's and the model's names are left to the caller.
  LanguageField finish(Job& job);
  /// What finish() trained or was given; empty without options.trained.
  const std::optional<SceneAutoencoder>& autoencoder() const { return autoencoder_; }
  /// [N,levels,3] that finish() trained or was given; undefined without options.trained.
  const Tensor& latents() const { return latents_; }
  /// Masks so far, of all levels.
  int64_t masks() const;

 private:
  const ClipEncoder& clip_;
  const SplatCloud& cloud_;
  LiftOptions options_;
  void train(Job& job);

  LabelLifter lifter_;
  std::vector<LatentView> latent_views_;
  std::optional<SceneAutoencoder> autoencoder_;
  Tensor latents_;
  std::vector<float> features_;
  LanguageField field_;
};

}  // namespace vane
