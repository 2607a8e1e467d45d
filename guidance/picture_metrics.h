// SPDX-License-Identifier: Apache-2.0
#pragma once
// Full-reference measures of picture quality that papers on enhancement print, with the conventions
// that they leave out. Structure (SSIM, MS-SSIM, GMSD) is in structural_similarity.h.
// All take two pictures [1,3,H,W] in [0,1], sRGB-encoded, and throw Error{usage} when their shapes
// differ.

#include "engine/tensor/fwd.h"

namespace vane {

/// PSNR in dB of all RGB samples after rounding to 8 bits, peak 255; +infinity for equal pictures.
double psnr_rgb(const Tensor& reference, const Tensor& test);

/// PSNR in dB of luma Y = (65.481 R + 128.553 G + 24.966 B) + 16 (BT.601 studio range, as MATLAB's
/// rgb2ycbcr), rounded to whole levels, peak 255.
double psnr_y(const Tensor& reference, const Tensor& test);

/// SSIM of luma .299 R + .587 G + .114 B, Gaussian window; ssim() of edit_metrics.h gives the mean
/// over RGB.
double ssim_luma(const Tensor& reference, const Tensor& test);

/// Lightness order error (Wang et al. 2013): mean number of pixels whose order of max(R,G,B) with a
/// pixel has changed; both pictures first reduced by the area filter to 50 pixels on the shorter
/// side. 0 for any increasing curve. Throws Error{usage} for a picture 40 times as long as wide:
/// each pixel is compared with each.
double lightness_order_error(const Tensor& reference, const Tensor& test);

struct ColourDifference {
  double mean = 0, percentile_95 = 0;
};
/// CIEDE2000 (CIE 142; Sharma, Wu and Dalal 2005) of CIELAB colours [1,3,H,W], k_L = k_C = k_H = 1
/// -> [1,H,W].
Tensor ciede2000(const Tensor& lab_a, const Tensor& lab_b);
/// Over pixels, D65.
ColourDifference delta_e_2000(const Tensor& reference, const Tensor& test);

/// Mean angle in degrees between the RGB vectors of the two pictures, over pixels that are not
/// black in either: 0 when each pixel is only scaled. NaN when there is no such pixel.
double chroma_angle(const Tensor& reference, const Tensor& test);

}  // namespace vane
