// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/style_generator.h"

#include <fmt/format.h>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/tensor/image_tensor.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "generators/stylegan/stylegan2.h"

namespace vane {

Tensor StyleGenerator::sample_z(uint64_t seed, int64_t i) const {
  Rng rng = Rng(seed).fork("z", static_cast<uint64_t>(i));
  Tensor z = at::empty({1, z_dim()});
  float* values = z.mutable_data_ptr<float>();
  for (int64_t k = 0; k < z_dim(); ++k) values[k] = rng.normal();
  return z;
}

Tensor StyleGenerator::truncate(const Tensor& w, double psi) const {
  return psi == 1 ? w : at::lerp(average_w_.expand_as(w), w, psi);
}

Tensor StyleGenerator::truncate(const Tensor& w, double psi, int64_t cutoff) const {
  check_latent(w);
  const Tensor w_plus = w.dim() == 2 ? w.unsqueeze(1).expand({-1, rows(), -1}) : w;
  const int64_t first = std::clamp<int64_t>(cutoff, 0, rows());
  return at::cat(
      {truncate(w_plus.narrow(1, 0, first), psi), w_plus.narrow(1, first, rows() - first)}, 1);
}

void StyleGenerator::check_latent(const Tensor& w) const {
  const bool is_w = w.dim() == 2 && w.size(1) == w_dim();
  const bool is_w_plus = w.dim() == 3 && w.size(1) == rows() && w.size(2) == w_dim();
  if (is_w || is_w_plus) return;
  throw Error(ErrorCode::usage,
              fmt::format("latents must be w [N,{0}] or w_plus [N,{1},{0}]", w_dim(), rows()));
}

Tensor StyleGenerator::sampled_average() const {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> z;
  for (int64_t i = 0; i < 4096; ++i) z.push_back(sample_z(0, i));
  return map(at::cat(z)).mean(0);
}

void StyleGenerator::check_code(const StyleCode& code) const {
  if (code.size() != style_table_.size()) {
    throw Error(ErrorCode::usage,
                fmt::format("a style code of this generator has {} layers, not {}",
                            style_table_.size(), code.size()));
  }
  for (size_t i = 0; i < code.size(); ++i) {
    const StyleEntry& entry = style_table_[i];
    if (code[i].dim() == 2 && code[i].size(0) == code[0].size(0) &&
        code[i].size(1) == entry.channels) {
      continue;
    }
    throw Error(ErrorCode::usage, fmt::format("the style of {} must be [{},{}]", entry.name,
                                              code[0].size(0), entry.channels));
  }
}

void StyleGenerator::check_side(int64_t side) const {
  if (side >= 1 && side <= size()) return;
  throw Error(ErrorCode::usage, fmt::format("the generator makes pictures of 1 to {} px", size()));
}

StyleCode StyleGenerator::styles(const Tensor& w) const {
  check_latent(w);
  StyleCode code;
  for (size_t i = 0; i < style_table_.size(); ++i) {
    code.push_back(style_of(style_affine(i), latent_row(w, style_table_[i].row)));
  }
  return code;
}

Tensor StyleGenerator::synthesise_at(const Tensor& w, int64_t side) const {
  check_side(side);
  return resize_area(synthesise(w), side, side);
}

std::vector<TunableTensor> StyleGenerator::tunable() const {
  std::vector<TunableTensor> tensors;
  clone()->visit_slots([&](const std::string& name, Tensor& slot, double scale) {
    tensors.push_back({name, slot, scale, -1});
  });
  // A layer's tensors begin with one name, and its affine weight says which layer it is.
  constexpr std::string_view kStyle = "style.weight";
  for (const TunableTensor& style : tensors) {
    if (!style.name.ends_with(kStyle)) continue;
    const std::string_view layer =
        std::string_view(style.name).substr(0, style.name.size() - kStyle.size());
    for (size_t i = 0; i < style_table_.size(); ++i) {
      if (!style_affine(i).weight.is_same(style.value)) continue;
      for (TunableTensor& tensor : tensors) {
        if (tensor.name.starts_with(layer)) tensor.entry = static_cast<int64_t>(i);
      }
    }
  }
  return tensors;
}

void StyleGenerator::set_tunable(const std::vector<Tensor>& tensors) {
  const std::vector<TunableTensor> own = tunable();
  if (own.size() != tensors.size()) {
    throw Error(ErrorCode::usage, fmt::format("the generator has {} tensors to tune, not {}",
                                              own.size(), tensors.size()));
  }
  for (size_t i = 0; i < own.size(); ++i) {
    if (tensors[i].sizes() == own[i].value.sizes()) continue;
    throw Error(ErrorCode::usage, "a tuned tensor has another shape").at_key(own[i].name);
  }
  auto next = tensors.begin();
  visit_slots([&](const std::string&, Tensor& slot, double) { slot = *next++; });
}

Tensor StyleGenerator::synthesise_styles_at(const StyleCode& code, int64_t side,
                                            const Tensor& to_rgb_latent) const {
  check_side(side);
  return resize_area(synthesise_styles(code, to_rgb_latent), side, side);
}

std::filesystem::path generator_path(const std::string& name) {
  return name == "faces" ? models_folder() / "faces" : std::filesystem::path(name);
}

Tensor latent_row(const Tensor& w, int64_t i) { return w.dim() == 2 ? w : w.select(1, i); }

std::unique_ptr<StyleGenerator> load_style_generator(const std::filesystem::path& path,
                                                     const Limits& limits) {
  if (std::filesystem::is_regular_file(path)) {
    return std::make_unique<StyleGan2>(StyleGan2::load(path, {}, limits));
  }
  if (!std::filesystem::exists(path) && path.has_extension()) {
    throw Error(ErrorCode::input, "the generator is not there").in_file(path);
  }
  auto model = std::make_unique<MobileStyleGan>(MobileStyleGan::load(path, limits));
  const std::filesystem::path heads = preview_heads_file();
  if (std::filesystem::exists(heads)) model->load_preview_heads(heads, limits);
  return model;
}

}  // namespace vane
