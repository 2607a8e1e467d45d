// SPDX-License-Identifier: Apache-2.0
#include "guidance/stage_distance.h"

#include "engine/base/error.h"

namespace vane {

StageView stage_view(const ClipEncoder& clip, const Tensor& image) {
  if (clip.modified_resnet_tower() == nullptr) {
    throw Error(ErrorCode::usage,
                "stages need a CLIP with a ResNet tower, which " + clip.info().name + " is not");
  }
  VisionTaps taps;
  const Tensor raw = clip.image_embedding_of_input(
      preprocess_differentiable(image, clip.info().preprocess), &taps);
  StageView view;
  view.embedding = raw / raw.norm(2, {-1}, true).clamp_min(1e-8);
  for (const Tensor& stage : taps.stages) {
    view.stages.push_back(stage * (stage.square().sum(1, true) + 1e-8).rsqrt());
  }
  return view;
}

Tensor stage_distance(const StageView& a, const StageView& b) {
  Tensor sum;
  for (size_t k = 0; k < a.stages.size(); ++k) {
    const Tensor part = (a.stages[k] - b.stages[k]).square().sum(1).mean({1, 2});
    sum = sum.defined() ? sum + part : part;
  }
  return sum / double(a.stages.size());
}

}  // namespace vane
