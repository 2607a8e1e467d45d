// SPDX-License-Identifier: Apache-2.0
#pragma once
// The inner loops of the exact resize: fixed-point weighted sums of 8-bit samples.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vane {

/// Weights are stored in runs of a multiple of this, the rest zero, so that loops need no tail.
inline constexpr int kTapPadding = 16;

/// For each target position: which source samples, with which 22-bit fixed-point weights.
struct ResampleTaps {
  int stride = 0;                 // weights per target position, padded
  std::vector<int> first, count;  // of each target position
  std::vector<int32_t> weights;   // [target][stride]
};

/// [height, width, channels] -> [height, out_width, channels].
void resample_horizontally(const uint8_t* in, int width, int height, int channels,
                           const ResampleTaps& taps, int out_width, uint8_t* out);
/// [*, row_samples] -> [out_height, row_samples].
void resample_vertically(const uint8_t* in, size_t row_samples, const ResampleTaps& taps,
                         int out_height, uint8_t* out);

}  // namespace vane
