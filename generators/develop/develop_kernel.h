// SPDX-License-Identifier: Apache-2.0
#pragma once
// The device kernel of the photo pipeline as a plain struct: what one thread does, without any
// device header, so that a CPU test can run the same index arithmetic.

#include <cstdint>

#include "generators/develop/develop_math.h"

namespace vane::develop {

/// One picture on the device; pointers are borrowed device pointers.
template <class Sample>
struct DevelopKernel {
  const Sample* from = nullptr;  // [height][width][from_channels]
  Sample* to = nullptr;          // [height][width][to_channels]
  const float* mask = nullptr;   // [height][width] in [0,1], or null
  int64_t width = 0, height = 0;
  int from_channels = 3, to_channels = 3;
  float opacity = 1;
  DevelopConstants<float> constants;  // its grid is a device pointer as well

  /// Highest sample value.
  static constexpr float kMax = sizeof(Sample) == 1 ? 255.f : 65535.f;

  VANE_HD int64_t pixels() const { return width * height; }

  /// Reads, develops and writes one pixel.
  VANE_HD void pixel(int64_t index) const {
    const Sample* in = from + index * from_channels;
    Sample* out = to + index * to_channels;
    const float x = (static_cast<float>(index % width) + 0.5f) / static_cast<float>(width);
    const float y = (static_cast<float>(index / width) + 0.5f) / static_cast<float>(height);
    float encoded[3], linear[3], developed[3];
    for (int i = 0; i < 3; ++i) {
      encoded[i] = static_cast<float>(in[from_channels <= 2 ? 0 : i]) / kMax;
      linear[i] = linear_from_srgb(encoded[i]);
    }
    develop_pixel(constants, x, y, encoded, linear, developed);
    const float share = mask == nullptr ? opacity : opacity * mask[index];
    const int colours = to_channels <= 2 ? 1 : 3;
    for (int i = 0; i < colours; ++i) {
      const float value = encoded[i] + share * (developed[i] - encoded[i]);
      out[i] = static_cast<Sample>(clamp01(value) * kMax + 0.5f);
    }
    if (to_channels % 2 == 0) out[to_channels - 1] = in[from_channels - 1];
  }

  /// What thread `thread` of block `block` does in a launch of `blocks` x `threads`.
  VANE_HD void operator()(int64_t block, int64_t thread, int64_t blocks, int64_t threads) const {
    for (int64_t i = block * threads + thread; i < pixels(); i += blocks * threads) pixel(i);
  }
};

inline constexpr int kDevelopThreads = 128;
inline constexpr int64_t kDevelopMaxBlocks = 65'535;

/// Blocks for a picture: one pixel a thread until the grid is full, then a stride.
inline int64_t develop_blocks(int64_t pixels) {
  const int64_t blocks = (pixels + kDevelopThreads - 1) / kDevelopThreads;
  return blocks < kDevelopMaxBlocks ? blocks : kDevelopMaxBlocks;
}

/// Starts the kernel on a CUDA stream (a cudaStream_t; null is the default stream) and returns the
/// cudaError_t of the launch, 0 for success. Only in builds with VANE_CUDA.
int launch_develop(const DevelopKernel<uint8_t>& kernel, void* stream);
int launch_develop(const DevelopKernel<uint16_t>& kernel, void* stream);

}  // namespace vane::develop
