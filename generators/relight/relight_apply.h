// SPDX-License-Identifier: Apache-2.0
#pragma once
// Light added to a photograph at full resolution, row by row; no torch.

#include <span>
#include <vector>

#include "engine/base/job.h"
#include "engine/image/image.h"

namespace vane {

/// Planes [height*width] at a small size; between their pixels values are bilinear.
struct RelightPlanes {
  int width = 0, height = 0;
  /// Stops of a pixel: slope * guide + offset, within [low, high]; guide is the encoded luma of the
  /// samples as stored. Negative ones fade towards white (sparing_white()).
  std::vector<float> slope, offset, low, high;
  /// Veiling light, linear, >= 0.
  std::vector<float> haze;
};

/// What came of it.
struct RelightMeasures {
  /// Of 2^stops at strength 1.
  double gain_min = 0, gain_mean = 0, gain_max = 0;
  double luma_before = 0, luma_after = 0;
  double clipped_before = 0, clipped_after = 0;
};

/// encode(clip01(2^(s stops) max(0, L - s haze))) of every sample, L its linear light by the sRGB
/// curve (whatever the profile); where a channel would clip, all three are scaled alike so that hue
/// stays. From half an added stop on, noise is taken out first (noise_guard.h). `strength` s in
/// [0,2]; `mask` empty or [H*W] in [0,1] of the picture, which multiplies it. 8 and 16 bit; grey
/// stays grey; alpha and metadata stay. s = 0 gives the very samples back. Memory: source and
/// result. Throws Error{usage} for planes of no size, Cancelled.
Image relight(const Image& source, const RelightPlanes& planes, double strength,
              std::span<const float> mask, int threads, Job& job, RelightMeasures& measures);

}  // namespace vane
