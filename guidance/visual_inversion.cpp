// SPDX-License-Identifier: Apache-2.0
#include "guidance/visual_inversion.h"

#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/base/text.h"
#include "engine/clip/patch_sequence.h"
#include "guidance/descent.h"

namespace vane {
namespace {

constexpr float kStartDeviation = 0.02f;
constexpr double kShortest = 1e-5;

}  // namespace

void check_has_patches(const ClipEncoder& clip) {
  if (clip.vision_transformer_tower()) return;
  throw Error(ErrorCode::usage, "the image tower of " + printable(clip.info().name) + " is a " +
                                    clip.info().vision_kind +
                                    ", which has no patches that a text could be inverted to")
      .with_hint(
          "give --clip a vision transformer, such as ViT-B/32; pictures (without --text) "
          "are inverted with any model");
}

VisualInversion invert_to_picture(const ClipEncoder& clip, const Tensor& text_feature,
                                  const VisualInversionConfig& config, Job& job) {
  check_has_patches(clip);
  const VisionTransformer& tower = *clip.vision_transformer_tower();
  const Tensor target = unit(text_feature.detach().to(at::kFloat).reshape({1, -1}));
  const int64_t grid = tower.config.grid(), width = tower.config.width;
  const auto feature_of = [&](const Tensor& patch) {
    const Tensor patches = patch.view({1, 1, width}).expand({1, grid * grid, width});
    return unit(vision_transformer_of_patches(tower, patches).to(target.device()));
  };
  Tensor start = at::empty({width}, at::TensorOptions().dtype(at::kFloat));
  Rng rng = Rng(config.seed).fork("pseudo patch");
  auto* data = start.data_ptr<float>();
  for (int64_t i = 0; i < width; ++i) data[i] = kStartDeviation * rng.normal();

  VisualInversion result;
  const DescentConfig descent{config.iterations, config.learning_rate, config.weight_decay};
  result.pseudo_patch = descend(
      start, [&](const Tensor& x) { return 1 - (feature_of(x) * target).sum(); }, descent,
      result.losses, job);
  const at::NoGradGuard no_grad;
  result.feature = feature_of(result.pseudo_patch)[0];
  result.similarity = (result.feature * target[0]).sum().item<double>();
  return result;
}

Direction inversion_direction(const ClipEncoder& clip, const VisualInversion& from,
                              const VisualInversion& to) {
  const at::NoGradGuard no_grad;
  const Tensor difference = to.feature.to(at::kDouble) - from.feature.to(at::kDouble);
  const double length = difference.norm().item<double>();
  if (!(length > kShortest)) {
    throw Error(
        ErrorCode::usage,
        "both texts invert to the same picture, so no direction leads from one to the other");
  }
  Direction direction;
  direction.vector = (difference / length).to(at::kFloat);
  direction.magnitude = static_cast<float>(length);
  direction.kind = "inversion";
  direction.model_hash = clip.info().hash;
  direction.from_point = from.feature.clone();
  direction.to_point = to.feature.clone();
  return direction;
}

}  // namespace vane
