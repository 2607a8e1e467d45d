// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an edit gained and what it kept: numbers for reports, never for guidance.

#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"
#include "guidance/direction.h"

namespace vane {

/// Views that measure an edit. They come from a random stream that no objective uses.
struct HeldOutConfig {
  /// Crops at each of three sizes: 1, 3/4 and 1/2 of the shorter side, besides the whole picture.
  int64_t crops_per_size = 4;
  uint64_t seed = 0;
};

struct ClipGain {
  /// Mean over the views of <n(I_edit) - n(I_source), dT>: how far the edit went. Range [-2,2].
  double gain = 0;
  /// Mean over the views of the cosine between the change and dT: how straight. 0 for no change.
  double alignment = 0;
  /// Standard error of `gain` over the views.
  double standard_error = 0;
};

/// Gain along a direction as an encoder sees it on held-out views. Images [1,3,H,W] in [0,1] of one
/// size; the same views of both are compared. Throws Error{usage} when their shapes differ,
/// Error{checkpoint} when the direction belongs to another model.
ClipGain clip_gain(const ClipEncoder& clip, const Direction& direction, const Tensor& source,
                   const Tensor& edited, const HeldOutConfig& config = {});

/// Peak signal-to-noise ratio in dB for peak 1, over all samples; +infinity for equal images.
/// Throws Error{usage} when shapes differ (so do the functions below).
double psnr(const Tensor& a, const Tensor& b);

/// Structural similarity (Wang et al. 2004) of two pictures [N,C,H,W] with data range 1: Gaussian
/// window 11 x 11, sigma 1.5, K1 = 0.01, K2 = 0.03, population moments, valid windows only, mean
/// over windows, channels and batch. A picture smaller than 11 pixels uses a smaller odd window.
/// Range [-1,1], 1 for equal pictures.
double ssim(const Tensor& a, const Tensor& b);

/// SSIM of the Sobel gradient magnitudes of the luma (BT.709 weights on sRGB values), each divided
/// by its own 99th percentile: whether edges are where they were. Light and contrast cancel out.
double edge_ssim(const Tensor& a, const Tensor& b);

/// sRGB [N,3,H,W] in [0,1] -> CIELAB [N,3,H,W], D65 white, 2 degree observer (CIE 15; sRGB matrix
/// of IEC 61966-2-1). L in [0,100].
Tensor srgb_to_lab(const Tensor& image);

struct LabChange {
  /// Means over pixels of the edit minus the source.
  double lightness = 0, a = 0, b = 0;
  /// Mean change of chroma sqrt(a^2 + b^2).
  double chroma = 0;
  /// Mean CIE 1976 difference.
  double delta_e = 0;
};
LabChange lab_change(const Tensor& source, const Tensor& edited);

}  // namespace vane
