// SPDX-License-Identifier: Apache-2.0
#include "guidance/relevancy_preserve.h"

#include "engine/base/job.h"
#include "engine/text/phrase.h"

namespace vane {

RelevancyPreserve::RelevancyPreserve(const std::vector<WeightedEncoder>& encoders,
                                     RelevancyPreserveConfig config)
    : config_(std::move(config)) {
  check_ensemble(encoders, kName);
  check_phrase(config_.text, "text of relevancy_preserve");
  clip_ = encoders.front().clip;
}

Tensor RelevancyPreserve::mask_of(const Tensor& source) {
  if (masked_source_.defined() && masked_source_.is_same(source)) return mask_;
  const at::NoGradGuard no_grad;
  QuietJob job;
  std::vector<Tensor> masks;
  for (int64_t i = 0; i < source.size(0); ++i) {
    const Tensor one = source.narrow(0, i, 1).to(at::kFloat);
    masks.push_back(
        segment_image(*clip_, one, {config_.text}, {}, config_.segmentation, job).masks[0].soft);
  }
  masked_source_ = source;
  mask_ = at::stack(masks).unsqueeze(1);
  return mask_;
}

Score RelevancyPreserve::evaluate(const Evaluation& evaluation) {
  const Tensor source = source_of(evaluation, kName);
  const Tensor image = visible_image(evaluation);
  const Tensor keep = 1 - mask_of(evaluation.source).to(image.scalar_type());
  const Tensor change = (image - source).square().mean(1, true);
  return score_of(kName, (keep * change).sum() / keep.expand_as(change).sum().clamp_min(1e-6));
}

}  // namespace vane
