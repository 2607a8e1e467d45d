// SPDX-License-Identifier: Apache-2.0
#include "guidance/clip_identity.h"

#include "guidance/embedding_distance.h"

namespace vane {

ClipIdentity::ClipIdentity(std::vector<WeightedEncoder> encoders, const ViewConfig& views) {
  check_ensemble(encoders, kName);
  for (WeightedEncoder& encoder : encoders) {
    encoders_.emplace_back(ClipViews(std::move(encoder.clip), views), encoder.weight);
  }
}

Score ClipIdentity::evaluate(const Evaluation& evaluation) {
  Tensor sum;
  double weights = 0;
  for (const auto& [views, weight] : encoders_) {
    const Tensor source = views.source(evaluation, kName);
    const Tensor part = cosine_distance(views.edited(evaluation), source).mean() * weight;
    sum = sum.defined() ? sum + part : part;
    weights += static_cast<double>(weight);
  }
  return score_of(kName, sum / weights);
}

}  // namespace vane
