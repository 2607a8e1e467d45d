// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a drawn view is compared by: L1 and SSIM, with their derivatives. No torch.

#include <cstdint>
#include <span>
#include <vector>

namespace vane {

/// The photometric loss of 3D Gaussian Splatting (Kerbl et al. 2023, equation 7):
/// (1 - weight) L1 + weight (1 - SSIM), both means over 3 H W values. SSIM (Wang et al. 2004) with
/// an 11 x 11 Gaussian window of sigma 1.5, zeros around the picture, C1 = 0.01^2, C2 = 0.03^2.
struct PhotometricLoss {
  double loss = 0, l1 = 0, ssim = 0;
  std::vector<float> d_rgb;  // [H,W,3]
};

/// `rgb` and `target` are [H,W,3], the target in [0,1]. The same bytes for any number of threads.
PhotometricLoss photometric_loss(std::span<const float> rgb, std::span<const float> target,
                                 int width, int height, double ssim_weight, int threads);

/// The SSIM alone, of pictures clamped to [0,1].
double mean_ssim(std::span<const float> rgb, std::span<const float> target, int width, int height,
                 int threads);
/// Peak signal to noise ratio of pictures clamped to [0,1], dB.
double picture_psnr(std::span<const float> rgb, std::span<const float> target);

}  // namespace vane
