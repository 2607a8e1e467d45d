// SPDX-License-Identifier: Apache-2.0
#include "guidance/clip_residual.h"

#include "engine/base/error.h"

namespace vane {

ClipResidual::ClipResidual(const std::vector<Guide>& guides, const ViewConfig& views) {
  std::vector<WeightedEncoder> encoders;
  for (const Guide& guide : guides) encoders.push_back(guide.encoder);
  check_ensemble(encoders, kName);
  for (const Guide& guide : guides) {
    check_same_model(guide.direction, *guide.encoder.clip);
    if (!std::isfinite(guide.direction.tau)) {
      throw Error(ErrorCode::usage,
                  "a '" + guide.direction.kind +
                      "' direction has no threshold tau, which clip_residual needs")
          .with_hint("use one made by `vane direction residual`, or objective clip_directional");
    }
    entries_.push_back({ClipViews(guide.encoder.clip, views), guide.direction.vector.detach(),
                        static_cast<double>(guide.direction.tau), guide.encoder.weight});
  }
}

std::unique_ptr<ClipResidual> whole_picture_residual(std::shared_ptr<const ClipEncoder> clip,
                                                     const Direction& residual) {
  std::vector<ClipResidual::Guide> guides(1);
  guides[0].encoder.clip = std::move(clip);
  guides[0].direction = residual;
  ViewConfig views;
  views.cutouts.count = 0;
  return std::make_unique<ClipResidual>(guides, views);
}

Score ClipResidual::evaluate(const Evaluation& evaluation) {
  Tensor sum;
  double weights = 0;
  for (const Entry& entry : entries_) {
    const Tensor features = entry.views.edited(evaluation);
    const Tensor along = (features * entry.direction.to(features.scalar_type())).sum(-1);
    const Tensor part = (along - entry.tau).square().mean() * entry.weight;
    sum = sum.defined() ? sum + part : part;
    weights += static_cast<double>(entry.weight);
  }
  return score_of(kName, sum / weights);
}

}  // namespace vane
