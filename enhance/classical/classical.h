// SPDX-License-Identifier: Apache-2.0
#pragma once
// Brightening without learning: what a trained method has to be better than.
// Pictures are [1,3,H,W] sRGB-encoded in [0,1], in and out, 2 px a side or more.

#include "engine/tensor/fwd.h"

namespace vane {

/// x^g of every sample.
Tensor gamma_curve(const Tensor& image, double gamma);
/// The gamma that brings the mean luma to one half: ln .5 / ln(mean luma), within [.3,1].
double automatic_gamma(const Tensor& image);

/// Contrast-limited adaptive histogram equalisation (Zuiderveld 1994) of CIELAB lightness: a grid
/// of 8 x 8 tiles, 256 bins, bins cut at `clip` times their mean and the rest spread evenly, the
/// maps of the four nearest tiles blended bilinearly. Colours a, b stay.
Tensor clahe(const Tensor& image, double clip = 2);

/// LIME (Guo et al. 2017): y = x / t^0.8, t the illumination max(R,G,B) smoothed where the picture
/// is smooth: (I + .15 sum_d D_d' W_d D_d) t = t0 with the weights of strategy III, by conjugate
/// gradients with Jacobi's preconditioner to a relative residual of 1e-6. Pictures of more than
/// kLimeSide are solved at that size and t is interpolated.
Tensor lime(const Tensor& image);
inline constexpr int64_t kLimeSide = 1024;

/// Exposure fusion (Mertens et al. 2009) of the picture and its gammas .6 and .35: Laplacian
/// pyramids blended by contrast * saturation * nearness to one half.
Tensor exposure_fusion(const Tensor& image);

}  // namespace vane
