// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/stylegan2.h"

#include <fmt/format.h>

#include "engine/base/error.h"
#include "generators/stylegan/modulated_convolution.h"
#include "generators/stylegan/resampling.h"

namespace vane {
namespace {

// Positions in the order of the style table.
size_t convolution_entry(size_t i) { return i == 0 ? 0 : (3 * i + 1) / 2; }
size_t to_rgb_entry(size_t k) { return 3 * k + 1; }

}  // namespace

std::vector<RowUse> StyleGan2::row_uses() const {
  std::vector<RowUse> uses;
  for (int64_t i = 0; i < rows(); ++i) uses.push_back({int64_t{4} << ((i + 1) / 2), true});
  uses.back().resolution = size();
  return uses;
}

Tensor StyleGan2::synthesise(const Tensor& w) const {
  return synthesise(w, noise(NoiseMode::constant, w.size(0), Rng(0)));
}

Tensor StyleGan2::synthesise(const Tensor& w, const NoiseMaps& noise) const {
  return synthesise_styles(styles(w), noise);
}

NoiseMaps StyleGan2::noise(NoiseMode mode, int64_t n, const Rng& rng) const {
  NoiseMaps maps;
  if (mode == NoiseMode::none) return maps;
  for (size_t i = 0; i < convolutions_.size(); ++i) {
    const Tensor& own = convolutions_[i].noise;
    if (mode == NoiseMode::constant) {
      maps.push_back(own);
      continue;
    }
    Rng draw = rng.fork("noise", i);
    Tensor map = at::empty({n, 1, own.size(2), own.size(3)});
    const std::span values(map.mutable_data_ptr<float>(), static_cast<size_t>(map.numel()));
    for (float& value : values) value = draw.normal();
    maps.push_back(std::move(map));
  }
  return maps;
}

const StyleAffine& StyleGan2::style_affine(size_t i) const {
  const StyleEntry& entry = style_table_[i];
  return entry.to_rgb ? to_rgbs_[static_cast<size_t>(entry.row / 2)].style
                      : convolutions_[static_cast<size_t>(entry.row)].style;
}

Tensor StyleGan2::synthesise_styles(const StyleCode& code, const Tensor& to_rgb_latent) const {
  check_code(code);
  return synthesise_styles(code, noise(NoiseMode::constant, code.front().size(0), Rng(0)),
                           to_rgb_latent);
}

Tensor StyleGan2::synthesise_styles(const StyleCode& code, const NoiseMaps& noise,
                                    const Tensor& to_rgb_latent) const {
  check_code(code);
  check_noise(noise);
  if (to_rgb_latent.defined()) check_latent(to_rgb_latent);
  const auto to_rgb_style = [&](size_t k) {
    if (!to_rgb_latent.defined()) return code[to_rgb_entry(k)];
    return style_of(to_rgbs_[k].style, latent_row(to_rgb_latent, 2 * int64_t(k) + 1));
  };
  Tensor x = input_.expand({code.front().size(0), -1, -1, -1}), picture;
  for (size_t i = 0; i < convolutions_.size(); ++i) {
    x = styled_convolution(convolutions_[i], x, code[convolution_entry(i)],
                           noise.empty() ? Tensor() : noise[i]);
    if (i % 2 == 1) continue;
    const Tensor colours = to_colours(to_rgbs_[i / 2], x, to_rgb_style(i / 2));
    picture = picture.defined() ? upsample_twice(picture) + colours : colours;
  }
  return picture * 0.5 + 0.5;  // the network speaks of [-1,1]
}

void StyleGan2::check_noise(const NoiseMaps& noise) const {
  bool fits = noise.empty() || noise.size() == convolutions_.size();
  for (size_t i = 0; fits && i < noise.size(); ++i) {
    const auto sides = convolutions_[i].noise.sizes();
    fits = noise[i].dim() == 4 && noise[i].size(1) == 1 && noise[i].size(2) == sides[2] &&
           noise[i].size(3) == sides[3];
  }
  if (fits) return;
  throw Error(ErrorCode::usage, "noise needs a map [N,1,r,r] of its own size for each convolution");
}

void StyleGan2::make_style_table() {
  for (size_t k = 0; k < to_rgbs_.size(); ++k) {
    const int64_t side = int64_t{4} << k;
    for (size_t i = k == 0 ? 0 : 2 * k - 1; i <= 2 * k; ++i) {
      style_table_.push_back({fmt::format("conv{}_resolution_{}", i % 2 == 0 ? 1 : 0, side), side,
                              convolutions_[i].style.weight.size(0), int64_t(i), false});
    }
    style_table_.push_back({fmt::format("toRGB_resolution_{}", side), side,
                            to_rgbs_[k].style.weight.size(0), 2 * int64_t(k) + 1, true});
  }
}

}  // namespace vane
