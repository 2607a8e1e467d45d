// SPDX-License-Identifier: Apache-2.0
#include "guidance/clip_global.h"

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/text/templates.h"
#include "guidance/embedding_distance.h"

namespace vane {
namespace {

// Weights that nearly cancel leave no target to speak of (v-diffusion refuses the same).
constexpr float kSmallestSum = 1e-3f;

// The number after the last colon of `text`, which is then cut off.
std::optional<float> number_from_right(std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto value = parse_number(trimmed(std::string_view(text).substr(colon + 1)));
  if (!value) return std::nullopt;
  text.resize(colon);
  return static_cast<float>(*value);
}

GlobalTarget combined(const std::vector<GlobalTarget>& targets) {
  Tensor sum;
  float weights = 0;
  for (const GlobalTarget& target : targets) {
    const Tensor part = target.feature.to(at::kDouble) * target.weight;
    sum = sum.defined() ? sum + part : part;
    weights += target.weight;
  }
  if (std::abs(weights) < kSmallestSum) {
    throw Error(ErrorCode::usage, "the weights of the prompts cancel, so they give no target")
        .with_hint("change a weight, or use combine: each");
  }
  return {unit(sum / std::abs(weights))};
}

}  // namespace

WeightedPrompt parse_prompt(std::string_view prompt) {
  WeightedPrompt result;
  result.text = std::string(prompt);
  const auto last = number_from_right(result.text);
  const auto before = last ? number_from_right(result.text) : std::nullopt;
  if (before) {
    result.weight = *before;
    result.stop = *last;
  } else if (last) {
    result.weight = *last;
  }
  result.text = trimmed(result.text);
  if (result.text.empty()) {
    throw Error(ErrorCode::usage, "the prompt '" + printable(prompt) + "' has no text");
  }
  return result;
}

std::vector<GlobalTarget> text_targets(const ClipEncoder& clip,
                                       const std::vector<WeightedPrompt>& prompts,
                                       const std::string& templates) {
  const at::NoGradGuard no_grad;
  std::vector<GlobalTarget> targets;
  for (const WeightedPrompt& prompt : prompts) {
    const Tensor features = unit(clip.text_embedding(templated(templates, prompt.text)));
    targets.push_back({unit(features.mean(0)), prompt.weight, prompt.stop});
  }
  return targets;
}

ClipGlobal::ClipGlobal(std::vector<GlobalGuide> guides, ClipGlobalConfig config)
    : config_(std::move(config)) {
  if (config_.distance != "cosine" && config_.distance != "spherical") {
    throw Error(ErrorCode::usage,
                "distance is '" + config_.distance + "'; it must be 'cosine' or 'spherical'");
  }
  if (config_.combine != "each" && config_.combine != "target") {
    throw Error(ErrorCode::usage,
                "combine is '" + config_.combine + "'; it must be 'each' or 'target'");
  }
  std::vector<WeightedEncoder> encoders;
  for (const GlobalGuide& guide : guides) encoders.push_back(guide.encoder);
  check_ensemble(encoders, kName);
  for (GlobalGuide& guide : guides) {
    if (guide.targets.empty()) throw Error(ErrorCode::usage, "clip_global has no target");
    for (const GlobalTarget& target : guide.targets) {
      if (!std::isfinite(target.weight) || target.weight == 0.f) {
        throw Error(ErrorCode::usage, "a target of clip_global has weight zero or no number");
      }
      if (target.feature.numel() != guide.encoder.clip->info().embed_dim) {
        throw Error(ErrorCode::usage, "a target of clip_global has another width than its encoder");
      }
    }
    const bool each = config_.combine == "each";
    guides_.push_back({ClipViews(guide.encoder.clip, config_.views),
                       each ? guide.targets : std::vector<GlobalTarget>{combined(guide.targets)},
                       guide.encoder.weight});
  }
}

Tensor ClipGlobal::distance(const Guide& guide, const Tensor& features) const {
  Tensor sum;
  double weights = 0;
  for (const GlobalTarget& target : guide.targets) {
    const Tensor feature = target.feature.detach().to(features.scalar_type());
    Tensor d = config_.distance == "spherical" ? spherical_distance(features, feature)
                                               : cosine_distance(features, feature);
    if (target.weight < 0.f) d = -d;
    if (std::isfinite(target.stop)) d = stopped(d, static_cast<double>(target.stop));
    const Tensor part = d.mean() * std::abs(target.weight);
    sum = sum.defined() ? sum + part : part;
    weights += static_cast<double>(std::abs(target.weight));
  }
  return sum / weights;
}

Score ClipGlobal::evaluate(const Evaluation& evaluation) {
  Tensor sum;
  double weights = 0;
  for (const Guide& guide : guides_) {
    const Tensor part = distance(guide, guide.views.edited(evaluation)) * guide.weight;
    sum = sum.defined() ? sum + part : part;
    weights += static_cast<double>(guide.weight);
  }
  return score_of(kName, sum / weights);
}

}  // namespace vane
