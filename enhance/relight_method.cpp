// SPDX-License-Identifier: Apache-2.0
#include "enhance/relight_method.h"

#include <optional>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/base/stopwatch.h"
#include "engine/image/srgb_view.h"
#include "engine/run/threads.h"
#include "engine/tensor/image_tensor.h"
#include "enhance/relight_refinement.h"

namespace vane {
namespace {

/// Longer side of the view that CLIP judges.
constexpr int kJudgedSide = 224;
/// What speaks for the light: the share of the gap between backlit and well lit that it closes in
/// CLIP, and, because the network seldom finds much missing where nothing is, so much for each stop
/// that the most lifted tenth of the picture gets. A photograph for which no more speaks than the
/// first bound is left alone, and one for which more than the second does gets it all.
constexpr double kForEachStop = 0.2, kLeastEvidence = 0.74, kFullEvidence = 0.86;
/// Less is not worth encoding the photograph again.
constexpr double kLeastStrength = 0.1;

/// Where a small view of a photograph lies along RAVE's residual vector.
class Judge {
 public:
  Judge(const ClipEncoder& clip, const Direction& residual, const Image& photograph)
      : clip_(clip), residual_(residual), view_(srgb_thumbnail(photograph, kJudgedSide)) {}

  /// What speaks for the light of `planes`, whose places are `before` and `after` it.
  double evidence(const RelightPlanes& planes, double before, double after) const {
    // The residual vector leads from -tau to tau.
    const double closed = (after - before) / (2 * static_cast<double>(residual_.tau));
    return closed + kForEachStop * stops_of_upper_tenth(planes, view_);
  }

  /// <E, r> with so much of the light of `planes`.
  double along(const RelightPlanes& planes, double strength) const {
    const at::NoGradGuard no_grad;
    QuietJob job;
    RelightMeasures measures;
    const Image result = relight(view_, planes, strength, {}, 1, job, measures);
    return at::matmul(clip_.image_features(image_to_tensor(result)), residual_.vector)
        .item<double>();
  }

 private:
  const ClipEncoder& clip_;
  const Direction& residual_;
  Image view_;
};

/// How much of the light that the network finds missing to add, in [0,1]: all where that brings the
/// picture towards well lit, none where it does not (a night, a silhouette, a photograph that needs
/// nothing). RAVE's own threshold, <E(y), r> >= tau, is that of the mean of a set, which many a
/// backlit photograph is beyond from the start.
double automatic_strength(double evidence) {
  const double strength =
      std::clamp((evidence - kLeastEvidence) / (kFullEvidence - kLeastEvidence), 0.0, 1.0);
  return strength < kLeastStrength ? 0 : strength;
}

/// Of the map 2^-stops over the small view.
double median_of_map(const RelightEstimate& light, const RelightView& view) {
  const at::NoGradGuard no_grad;
  const Tensor stops = shown_stops(light, view.guide);
  const Tensor inside = stops.slice(2, 0, view.height).slice(3, 0, view.width);
  return std::exp2(-inside.median().item<double>());
}

std::span<const float> values_of(const Tensor& mask) {
  if (!mask.defined()) return {};
  return {mask.const_data_ptr<float>(), static_cast<size_t>(mask.numel())};
}

}  // namespace

RelightMethod::RelightMethod(RelightNetwork network, std::shared_ptr<const ClipEncoder> clip,
                             Direction residual, std::filesystem::path file)
    : network_(std::move(network)),
      clip_(std::move(clip)),
      residual_(std::move(residual)),
      file_(std::move(file)) {}

Image RelightMethod::enhance(const Image& source, const EnhanceControls& controls, Job& job,
                             EnhanceMeasures& measures) const {
  check_strength(controls.strength);
  measures = {};
  const RelightView view = relight_view(source);
  RelightEstimate light = estimated(view);
  RelightPlanes planes = planes_of(light, view);
  std::optional<Judge> judge;
  double fully_lit = 0;
  if (clip_ && controls.automatic) {
    // Judged before anything is refined: to bring a night towards the day is no refinement.
    judge.emplace(*clip_, residual_, source);
    measures.clip_before = judge->along(planes, 0);
    fully_lit = judge->along(planes, 1);
    measures.strength =
        automatic_strength(judge->evidence(planes, measures.clip_before, fully_lit));
  }
  if (controls.refine_steps > 0 && measures.strength > 0) {
    if (!clip_) throw Error(ErrorCode::usage, "refinement needs a CLIP that judges");
    Refinement refinement =
        refined_light(clip_, residual_, view, light, {.steps = controls.refine_steps}, job);
    light = std::move(refinement.light);
    planes = planes_of(light, view);
    measures.refine_steps = controls.refine_steps;
    measures.refine_before = refinement.before;
    measures.refine_after = refinement.after;
  }
  const Tensor mask = controls.mask.defined() ? controls.mask.contiguous() : Tensor();
  const double strength = std::min(kMaxStrength, measures.strength * controls.strength);
  if (judge && !mask.defined()) {
    const auto tau = static_cast<double>(residual_.tau);
    const bool is_known = strength == 1 && measures.refine_steps == 0;
    measures.clip_after = strength == 0 ? measures.clip_before
                          : is_known    ? fully_lit
                                        : judge->along(planes, strength);
    const double gap = tau - measures.clip_before;
    if (gap > 0) measures.gap_closed = (measures.clip_after - measures.clip_before) / gap;
  }
  RelightMeasures seen;
  const Stopwatch watch;
  Image result = relight(source, planes, strength, values_of(mask), loop_threads(), job, seen);
  measures.apply_ms = watch.milliseconds();
  measures.map_median = median_of_map(light, view);
  measures.map_min = 1 / seen.gain_max;
  measures.map_mean = 1 / seen.gain_mean;
  measures.map_max = 1 / seen.gain_min;
  measures.luma_before = seen.luma_before;
  measures.luma_after = seen.luma_after;
  measures.clipped_before = seen.clipped_before;
  measures.clipped_after = seen.clipped_after;
  return result;
}

int64_t RelightMethod::parameter_count() const { return numbers_of(network_); }

RelightEstimate RelightMethod::estimated(const RelightView& view) const {
  const at::NoGradGuard no_grad;
  return estimate_light(network_, view.colours);
}

double RelightMethod::needed_strength(const RelightPlanes& planes, const Image& picture) const {
  if (!clip_) return 1;
  const Judge judge(*clip_, residual_, picture);
  return automatic_strength(judge.evidence(planes, judge.along(planes, 0), judge.along(planes, 1)));
}

std::unique_ptr<RelightMethod> load_relight_method(const std::filesystem::path& folder,
                                                   const Limits& limits) {
  const std::filesystem::path from =
      folder.empty() ? assets_folder() / "models" / "enhance-vane" : folder;
  const std::filesystem::path file = from / "relight.safetensors";
  RelightNetwork network = load_relight_network(file, limits);
  ClipLoadOptions options;
  options.limits = limits;
  options.text_tower = false;
  std::shared_ptr<const ClipEncoder> clip = load_clip("clip-mini", options);
  Direction residual = load_direction(from / "direction.safetensors", clip.get());
  return std::make_unique<RelightMethod>(std::move(network), std::move(clip), std::move(residual),
                                         file);
}

}  // namespace vane
