// SPDX-License-Identifier: Apache-2.0
#include "guidance/clip_prompt_pair.h"

#include "engine/base/error.h"

namespace vane {

ClipPromptPair::ClipPromptPair(std::vector<Guide> guides, const ViewConfig& views) {
  std::vector<WeightedEncoder> encoders;
  for (const Guide& guide : guides) encoders.push_back(guide.encoder);
  check_ensemble(encoders, kName);
  for (Guide& guide : guides) {
    const int64_t width = guide.encoder.clip->info().embed_dim;
    if (!guide.prompts.defined() || guide.prompts.sizes() != at::IntArrayRef({2, width})) {
      throw Error(ErrorCode::usage, "clip_prompt_pair needs two prompt embeddings of " +
                                        std::to_string(width) + " numbers");
    }
    entries_.push_back(
        {ClipViews(guide.encoder.clip, views), unit(guide.prompts.detach()), guide.encoder.weight});
  }
}

Score ClipPromptPair::evaluate(const Evaluation& evaluation) {
  Tensor sum;
  double weights = 0;
  for (const Entry& entry : entries_) {
    const Tensor features = entry.views.edited(evaluation);
    const Tensor logits =
        kScale * at::matmul(features, entry.prompts.to(features.scalar_type()).t());
    const Tensor part = at::softmax(logits, -1).select(-1, 0).mean() * entry.weight;
    sum = sum.defined() ? sum + part : part;
    weights += static_cast<double>(entry.weight);
  }
  return score_of(kName, sum / weights);
}

}  // namespace vane
