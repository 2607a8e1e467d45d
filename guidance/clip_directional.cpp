// SPDX-License-Identifier: Apache-2.0
#include "guidance/clip_directional.h"

#include "engine/base/error.h"
#include "guidance/embedding_distance.h"

namespace vane {
namespace {

DirectionalForm form_of(const ClipDirectionalConfig& config) {
  DirectionalForm form;
  form.softness = static_cast<double>(config.softness);
  form.tolerance = static_cast<double>(config.tolerance);
  form.target = static_cast<double>(config.target);
  if (config.form == "cosine") {
    form.kind = DirectionalForm::Kind::cosine;
  } else if (config.form == "projection") {
    form.kind = DirectionalForm::Kind::projection;
  } else if (config.form == "gain") {
    form.kind = DirectionalForm::Kind::gain;
  } else {
    throw Error(ErrorCode::usage,
                "form is '" + config.form + "'; it must be 'cosine', 'projection' or 'gain'");
  }
  return form;
}

}  // namespace

ClipDirectional::ClipDirectional(std::vector<DirectionalGuide> guides, ClipDirectionalConfig config)
    : config_(std::move(config)) {
  form_of(config_);
  if (config_.source_views != "same" && config_.source_views != "whole") {
    throw Error(ErrorCode::usage,
                "source_views is '" + config_.source_views + "'; it must be 'same' or 'whole'");
  }
  std::vector<WeightedEncoder> encoders;
  for (const DirectionalGuide& guide : guides) encoders.push_back(guide.encoder);
  check_ensemble(encoders, kName);
  for (DirectionalGuide& guide : guides) {
    check_same_model(guide.direction, *guide.encoder.clip);
    guides_.push_back({ClipViews(guide.encoder.clip, config_.views),
                       guide.direction.vector.detach(), guide.encoder.weight});
  }
}

Score ClipDirectional::evaluate(const Evaluation& evaluation) {
  const DirectionalForm form = form_of(config_);
  Tensor sum;
  double weights = 0;
  for (const Guide& guide : guides_) {
    const Tensor source = config_.source_views == "whole"
                              ? guide.views.whole_source(evaluation, kName)
                              : guide.views.source(evaluation, kName);
    Tensor distance =
        directional_distance(guide.views.edited(evaluation), source, guide.direction, form);
    if (config_.reject > 0.f) {
      distance = at::where(distance < config_.reject, at::zeros_like(distance), distance);
    }
    const Tensor part = distance.mean() * guide.weight;
    sum = sum.defined() ? sum + part : part;
    weights += static_cast<double>(guide.weight);
  }
  return score_of(kName, sum / weights);
}

}  // namespace vane
