// SPDX-License-Identifier: Apache-2.0
#pragma once
// Full-reference measures of structure that need no trained weights; differentiable.

#include <string>

#include "engine/config/fields.h"
#include "guidance/objective.h"

namespace vane {

/// Luminance-contrast-structure and contrast-structure maps of SSIM (Wang et al. 2004), data range
/// 1, Gaussian window 11 x 11 with sigma 1.5 (smaller and odd for smaller pictures), K1 = 0.01,
/// K2 = 0.03, population moments, valid windows only. Inputs [N,C,H,W] -> maps [N,C,h,w].
struct SsimMaps {
  Tensor similarity, contrast_structure;
};
SsimMaps ssim_maps(const Tensor& a, const Tensor& b);

/// Multi-scale SSIM (Wang et al. 2003) [N], mean over channels: five scales with exponents .0448
/// .2856 .3001 .2363 .1333, negative values cut at 0, halved by 2 x 2 means (odd sizes are padded
/// by a repeated first row and column). A picture smaller than 161 pixels has as many scales as
/// fit, their exponents made to sum to 1. Throws Error{usage} when sizes differ.
Tensor ms_ssim(const Tensor& a, const Tensor& b);

/// Gradient magnitude similarity deviation (Xue et al. 2014) [N]: 0 for equal pictures, larger is
/// worse. Luma (BT.601) halved by 2 x 2 means, Prewitt gradients, c = 170/255^2, population
/// standard deviation of the similarity map. Colour pictures [N,3,H,W] or grey [N,1,H,W] in [0,1],
/// at least 4 x 4. Throws Error{usage} otherwise.
Tensor gmsd(const Tensor& a, const Tensor& b);

/// Term "ms_ssim": 1 - ms_ssim(visible image, source). Needs the source.
class MsSsim : public Objective {
 public:
  static constexpr const char* kName = "ms_ssim";
  Score evaluate(const Evaluation& evaluation) override;
  bool needs_source() const override { return true; }
};

/// Term "gmsd": gmsd(visible image, source). Needs the source.
class Gmsd : public Objective {
 public:
  static constexpr const char* kName = "gmsd";
  Score evaluate(const Evaluation& evaluation) override;
  bool needs_source() const override { return true; }
};

}  // namespace vane
