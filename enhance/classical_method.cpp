// SPDX-License-Identifier: Apache-2.0
#include "enhance/classical_method.h"

#include "engine/base/error.h"
#include "engine/tensor/image_tensor.h"
#include "enhance/classical/classical.h"

namespace vane {
namespace {

const std::vector<std::pair<std::string, ClassicalMethod::Function>>& known() {
  static const std::vector<std::pair<std::string, ClassicalMethod::Function>> methods{
      {"identity", [](const Tensor& x) { return x; }},
      {"gamma", [](const Tensor& x) { return gamma_curve(x, 0.6); }},
      {"auto-gamma", [](const Tensor& x) { return gamma_curve(x, automatic_gamma(x)); }},
      {"clahe", [](const Tensor& x) { return clahe(x); }},
      {"lime", lime},
      {"exposure-fusion", exposure_fusion}};
  return methods;
}

double mean_luma(const Tensor& x) {
  return (0.299 * x.select(1, 0) + 0.587 * x.select(1, 1) + 0.114 * x.select(1, 2))
      .mean()
      .item<double>();
}

double clipped_share(const Tensor& x) {
  return (std::get<0>(x.max(1)) >= 1).to(at::kFloat).mean().item<double>();
}

/// The colours of `from` into the samples of `to`; alpha and metadata of `to` stay.
void take_colours(const Image& from, Image& to) {
  const size_t pixels = size_t(to.width) * size_t(to.height);
  const auto channels = static_cast<size_t>(to.channels);
  const size_t colours = to.is_grey() ? 1 : 3, given = static_cast<size_t>(from.channels);
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < colours; ++c) {
      if (to.depth == 16) {
        to.u16[i * channels + c] = from.u16[i * given + c];
      } else {
        to.u8[i * channels + c] = from.u8[i * given + c];
      }
    }
  }
}

}  // namespace

Image ClassicalMethod::enhance(const Image& source, const EnhanceControls& controls, Job& job,
                               EnhanceMeasures& measures) const {
  check_strength(controls.strength);
  if (source.width < 2 || source.height < 2) {
    throw Error(ErrorCode::usage, "enhancement needs 2 pixels a side");
  }
  const at::NoGradGuard no_grad;
  const Tensor before = image_to_tensor(source);
  Tensor share = at::full({1, 1, 1, 1}, controls.strength);
  if (controls.mask.defined()) share = share * controls.mask;
  const Tensor after = (before + share * (function_(before) - before)).clamp(0, 1);
  job.check_cancelled();
  measures.luma_before = mean_luma(before);
  measures.luma_after = mean_luma(after);
  measures.clipped_before = clipped_share(before);
  measures.clipped_after = clipped_share(after);
  measures.map_min = measures.map_mean = measures.map_max = 1;
  Image result = source;
  if (controls.strength > 0) take_colours(tensor_to_image(after, source.depth), result);
  return result;
}

std::vector<std::string> classical_method_names() {
  std::vector<std::string> names;
  for (const auto& [name, function] : known()) names.push_back(name);
  return names;
}

std::unique_ptr<ClassicalMethod> make_classical_method(const std::string& name) {
  for (const auto& [known_name, function] : known()) {
    if (known_name == name) return std::make_unique<ClassicalMethod>(function);
  }
  return nullptr;
}

}  // namespace vane
