// SPDX-License-Identifier: Apache-2.0
#include "guidance/clip_views.h"

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr int64_t kWholeSet = -1;  // key of the source seen as a whole

// The stream that crops of this step come from. A bank repeats its sets, so the stream may depend
// on the seed and the set only.
Rng view_rng(const Evaluation& evaluation, const CutoutConfig& cutouts) {
  if (cutouts.bank == 0) return evaluation.rng.fork("views");
  return Rng(evaluation.rng.seed())
      .fork("view bank", static_cast<uint64_t>(evaluation.step % cutouts.bank));
}

}  // namespace

void check_ensemble(const std::vector<WeightedEncoder>& encoders, const std::string& term) {
  if (encoders.empty()) {
    throw Error(ErrorCode::usage, "objective term '" + term + "' has no CLIP encoder");
  }
  for (const WeightedEncoder& encoder : encoders) {
    if (!encoder.clip || !(encoder.weight > 0.f) || !std::isfinite(encoder.weight)) {
      throw Error(ErrorCode::usage,
                  "objective term '" + term + "' has an encoder without model or positive weight");
    }
  }
}

ClipViews::ClipViews(std::shared_ptr<const ClipEncoder> clip, ViewConfig config)
    : clip_(std::move(clip)), config_(std::move(config)) {
  if (config_.average != "losses" && config_.average != "embeddings") {
    throw Error(ErrorCode::usage,
                "average is '" + config_.average + "'; it must be 'losses' or 'embeddings'");
  }
}

Tensor ClipViews::features(const Tensor& image, const CutoutConfig& cutouts, const Rng& rng) const {
  const Tensor views = unit(view_embeddings(*clip_, image, cutouts, rng));
  return config_.average == "embeddings" ? unit(views.mean(0, true)) : views;
}

Tensor ClipViews::edited(const Evaluation& evaluation) const {
  return features(visible_image(evaluation), config_.cutouts,
                  view_rng(evaluation, config_.cutouts));
}

Tensor ClipViews::source(const Evaluation& evaluation, const std::string& term) const {
  const CutoutConfig& cutouts = config_.cutouts;
  const Rng rng = view_rng(evaluation, cutouts);
  if (cutouts.count == 0) return cached(evaluation, term, 0, cutouts, rng);
  if (cutouts.bank > 0)
    return cached(evaluation, term, evaluation.step % cutouts.bank, cutouts, rng);
  const at::NoGradGuard no_grad;
  return features(source_of(evaluation, term), cutouts, rng);
}

Tensor ClipViews::whole_source(const Evaluation& evaluation, const std::string& term) const {
  CutoutConfig whole;
  whole.count = 0;
  return cached(evaluation, term, kWholeSet, whole, evaluation.rng);
}

Tensor ClipViews::cached(const Evaluation& evaluation, const std::string& term, int64_t set,
                         const CutoutConfig& cutouts, const Rng& rng) const {
  const at::NoGradGuard no_grad;
  const Tensor source = source_of(evaluation, term);
  const int64_t version = evaluation.source._version();
  if (!cached_source_.is_same(evaluation.source) || cached_version_ != version ||
      cached_seed_ != evaluation.rng.seed()) {
    cached_source_ = evaluation.source;
    cached_version_ = version;
    cached_seed_ = evaluation.rng.seed();
    cache_.clear();
  }
  const auto found = cache_.find(set);
  if (found != cache_.end() && found->second.size(1) == source.size(0)) return found->second;
  return cache_[set] = features(source, cutouts, rng);
}

}  // namespace vane
