// SPDX-License-Identifier: Apache-2.0
#include "enhance/relight_method.h"

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/srgb_view.h"
#include "engine/run/threads.h"
#include "engine/tensor/image_tensor.h"
#include "enhance/relight_refinement.h"

namespace vane {
namespace {

/// Longer side of the view that CLIP judges.
constexpr int kJudgedSide = 224;
/// Shares of the gap between backlit and well lit: a photograph that the added light brings no
/// further than the first is left alone, and one that it brings further than the second gets it
/// all.
constexpr double kLeastClosed = 0.05, kFullClosed = 0.2;
/// Less is not worth encoding the photograph again.
constexpr double kLeastStrength = 0.1;

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
  const RelightView view = relight_view(source);
  const RelightEstimate light = estimated(view);
  RelightPlanes planes = planes_of(light, view);
  // Judged before anything is refined: to bring a night towards the day is no refinement.
  measures.strength =
      clip_ && controls.automatic ? automatic_strength(*clip_, residual_, planes, source) : 1;
  if (controls.refine_steps > 0 && measures.strength > 0) {
    if (!clip_) throw Error(ErrorCode::usage, "refinement needs a CLIP that judges");
    const Refinement refinement =
        refined_light(clip_, residual_, view, light, {.steps = controls.refine_steps}, job);
    planes = planes_of(refinement.light, view);
    measures.refine_steps = controls.refine_steps;
    measures.refine_before = refinement.before;
    measures.refine_after = refinement.after;
  }
  const Tensor mask = controls.mask.defined() ? controls.mask.contiguous() : Tensor();
  RelightMeasures seen;
  Image result =
      relight(source, planes, std::min(kMaxStrength, measures.strength * controls.strength),
              values_of(mask), loop_threads(), job, seen);
  measures.map_min = 1 / seen.gain_max;
  measures.map_mean = 1 / seen.gain_mean;
  measures.map_max = 1 / seen.gain_min;
  measures.luma_before = seen.luma_before;
  measures.luma_after = seen.luma_after;
  measures.clipped_before = seen.clipped_before;
  measures.clipped_after = seen.clipped_after;
  return result;
}

int64_t RelightMethod::parameter_count() const {
  RelightNetwork network = network_;
  int64_t count = 0;
  visit_parameters(network, [&](const std::string&, const Tensor& tensor, const auto&) {
    count += tensor.numel();
  });
  return count;
}

RelightEstimate RelightMethod::estimated(const RelightView& view) const {
  const at::NoGradGuard no_grad;
  return estimate_light(network_, view.colours);
}

double automatic_strength(const ClipEncoder& clip, const Direction& residual,
                          const RelightPlanes& planes, const Image& picture) {
  const at::NoGradGuard no_grad;
  const Image view = srgb_thumbnail(picture, kJudgedSide);
  const auto along = [&](double strength) {
    QuietJob job;
    RelightMeasures measures;
    const Image result = relight(view, planes, strength, {}, 1, job, measures);
    return at::matmul(clip.image_features(image_to_tensor(result)), residual.vector).item<double>();
  };
  // The residual vector leads from -tau to tau.
  const double closed = (along(1) - along(0)) / (2 * static_cast<double>(residual.tau));
  const double strength =
      std::clamp((closed - kLeastClosed) / (kFullClosed - kLeastClosed), 0.0, 1.0);
  return strength < kLeastStrength ? 0 : strength;
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
