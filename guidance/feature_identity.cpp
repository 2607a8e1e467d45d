// SPDX-License-Identifier: Apache-2.0
#include "guidance/feature_identity.h"

#include <algorithm>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr size_t kStages = 5;

}  // namespace

FeatureIdentity::FeatureIdentity(std::vector<WeightedEncoder> encoders,
                                 FeatureIdentityConfig config)
    : encoders_(std::move(encoders)), config_(std::move(config)) {
  check_ensemble(encoders_, kName);
  for (const WeightedEncoder& encoder : encoders_) {
    if (encoder.clip->modified_resnet_tower() == nullptr) {
      throw Error(ErrorCode::usage, "feature_identity needs a CLIP with a ResNet tower, which " +
                                        encoder.clip->info().name + " is not");
    }
  }
  const auto bad = [](float weight) { return !(weight >= 0.f) || !std::isfinite(weight); };
  if (config_.stages.size() != kStages ||
      std::any_of(config_.stages.begin(), config_.stages.end(), bad)) {
    throw Error(ErrorCode::usage, "feature_identity takes five weights that are not negative");
  }
}

std::vector<Tensor> FeatureIdentity::stages(const ClipEncoder& clip, const Tensor& image) const {
  VisionTaps taps;
  clip.image_embedding_of_input(preprocess_differentiable(image, clip.info().preprocess), &taps);
  return taps.stages;
}

Score FeatureIdentity::evaluate(const Evaluation& evaluation) {
  const Tensor source = source_of(evaluation, kName);
  const Tensor image = visible_image(evaluation);
  Tensor sum;
  double weights = 0;
  for (const WeightedEncoder& encoder : encoders_) {
    std::vector<Tensor> before;
    {
      const at::NoGradGuard no_grad;
      before = stages(*encoder.clip, source);
    }
    const std::vector<Tensor> after = stages(*encoder.clip, image);
    for (size_t k = 0; k < kStages; ++k) {
      if (config_.stages[k] == 0.f) continue;
      const Tensor part =
          (after[k] - before[k]).square().mean() * (config_.stages[k] * encoder.weight);
      sum = sum.defined() ? sum + part : part;
    }
    weights += static_cast<double>(encoder.weight);
  }
  if (!sum.defined()) sum = image.sum() * 0;
  return score_of(kName, sum / weights);
}

}  // namespace vane
