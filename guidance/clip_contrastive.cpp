// SPDX-License-Identifier: Apache-2.0
#include "guidance/clip_contrastive.h"

#include "engine/base/error.h"

namespace vane {

Tensor info_nce(const Tensor& features, const Tensor& positive, const Tensor& negatives,
                double temperature) {
  const Tensor targets = at::cat({positive.unsqueeze(0), negatives}).to(features.scalar_type());
  const Tensor logits = at::matmul(features, targets.t()) / temperature;
  return -at::log_softmax(logits, -1).select(-1, 0);
}

ClipContrastive::ClipContrastive(std::vector<Guide> guides, ClipContrastiveConfig config)
    : temperature_(static_cast<double>(config.temperature)) {
  std::vector<WeightedEncoder> encoders;
  for (const Guide& guide : guides) encoders.push_back(guide.encoder);
  check_ensemble(encoders, kName);
  for (Guide& guide : guides) {
    const int64_t width = guide.encoder.clip->info().embed_dim;
    if (guide.positive.sizes() != at::IntArrayRef{width} || guide.negatives.dim() != 2 ||
        guide.negatives.size(0) < 1 || guide.negatives.size(1) != width) {
      throw Error(ErrorCode::usage, "clip_contrastive needs a positive and at least one negative");
    }
    entries_.push_back({ClipViews(guide.encoder.clip, config.views), guide.positive.detach(),
                        guide.negatives.detach(), guide.encoder.weight});
  }
}

Score ClipContrastive::evaluate(const Evaluation& evaluation) {
  Tensor sum;
  double weights = 0;
  for (const Entry& entry : entries_) {
    const Tensor part =
        info_nce(entry.views.edited(evaluation), entry.positive, entry.negatives, temperature_)
            .mean() *
        entry.weight;
    sum = sum.defined() ? sum + part : part;
    weights += static_cast<double>(entry.weight);
  }
  return score_of(kName, sum / weights);
}

}  // namespace vane
