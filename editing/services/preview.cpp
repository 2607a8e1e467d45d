// SPDX-License-Identifier: Apache-2.0
#include "editing/services/preview.h"

#include <algorithm>
#include <span>
#include <utility>

#include "editing/enhance_preview.h"
#include "engine/base/error.h"
#include "engine/image/resize.h"
#include "engine/run/threads.h"
#include "engine/tensor/image_tensor.h"
#include "enhance/relight_method.h"
#include "generators/develop/develop_apply.h"
#include "generators/develop/develop_sidecar.h"

namespace vane {
namespace {

void check_source(const SharedImage& source) {
  if (!source) throw Error(ErrorCode::internal, "a preview of no picture");
}

/// [1,1,H,W] of the picture; undefined without a mask.
Tensor mask_over(const SharedImage& mask, const Image& picture) {
  if (!mask) return {};
  return at::upsample_bilinear2d(mask_to_tensor(*mask), {picture.height, picture.width}, false)
      .contiguous();
}

/// What does not depend on the strength.
struct KnownLight {
  std::unique_ptr<EnhanceMethod> method;
  /// Of Vane's own method.
  bool has_planes = false;
  RelightPlanes planes;
  double needed = 1;
};

std::shared_ptr<const KnownLight> light_of(const PreviewEnhanceRequest& request) {
  auto light = std::make_shared<KnownLight>();
  const std::string name = request.method.empty() ? default_method({}) : request.method;
  light->method = make_enhance_method(name, {}, request.limits);
  if (const auto* relight = dynamic_cast<const RelightMethod*>(light->method.get())) {
    light->has_planes = true;
    light->planes = relight->planes(*request.source);
    if (request.auto_strength) {
      light->needed = relight->needed_strength(light->planes, *request.source);
    }
  }
  return light;
}

}  // namespace

PreviewDevelopResult preview_develop(const PreviewDevelopRequest& request, Job& job) {
  check_source(request.source);
  const DevelopSettings settings =
      scaled(load_sidecar(request.settings, request.limits), static_cast<float>(request.strength));
  DevelopOptions options;
  options.mask = request.mask.get();
  return {std::make_shared<const Image>(develop_apply(*request.source, settings, job, options))};
}

PreviewEnhanceResult preview_enhance(const PreviewEnhanceRequest& request, Job& job) {
  check_source(request.source);
  const at::NoGradGuard no_grad;
  PreviewEnhanceResult result;
  const std::shared_ptr<const KnownLight> light =
      request.known ? std::static_pointer_cast<const KnownLight>(request.known) : light_of(request);
  result.known = light;
  const Tensor mask = mask_over(request.mask, *request.source);
  Image image;
  if (light->has_planes) {
    result.strength = std::min(2.0, light->needed * request.strength);
    std::span<const float> values;
    if (mask.defined()) values = {mask.const_data_ptr<float>(), static_cast<size_t>(mask.numel())};
    RelightMeasures measures;
    image = relight(*request.source, light->planes, result.strength, values, loop_threads(), job,
                    measures);
  } else {
    EnhanceControls controls;
    controls.strength = request.strength;
    controls.automatic = request.auto_strength;
    controls.mask = mask;
    EnhanceMeasures measures;
    image = light->method->enhance(*request.source, controls, job, measures);
    result.strength = request.strength;
  }
  if (request.map) result.stops = gain_in_stops(to_rgb8(*request.source), to_rgb8(image));
  result.image = std::make_shared<const Image>(std::move(image));
  return result;
}

}  // namespace vane
