// SPDX-License-Identifier: Apache-2.0
#pragma once
// A scene of Gaussians and its photographs -> a language field, without training.

#include <string>
#include <vector>

#include "editing/language/mask_features.h"
#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "engine/scene/camera.h"
#include "generators/language/language_field.h"

namespace vane {

struct LiftOptions {
  CropStyle crops = CropStyle::context;
  /// Masks of different views are one object when they overlap by more (group_masks).
  double least_overlap = 0.5;
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
  /// Masks so far, of all levels.
  int64_t masks() const;

 private:
  const ClipEncoder& clip_;
  const SplatCloud& cloud_;
  LiftOptions options_;
  LabelLifter lifter_;
  std::vector<float> features_;
  LanguageField field_;
};

}  // namespace vane
