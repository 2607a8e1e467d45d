// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pictures made from a seed, the same everywhere.

#include <time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/hash.h"
#include "engine/image/image.h"

namespace vane::testing {

/// Processor time of this thread: what a decoder spends, however busy the machine is.
inline double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

/// White noise: sample i is the top byte (or two) of splitmix64(seed + i), as in record_resize.py.
inline Image noise_image(int width, int height, int channels, int depth, uint64_t seed) {
  Image image;
  image.width = width;
  image.height = height;
  image.channels = channels;
  image.depth = depth;
  for (size_t i = 0; i < image.sample_count(); ++i) {
    const uint64_t value = splitmix64(seed + i);
    if (depth == 8) {
      image.u8.push_back(uint8_t(value >> 56));
    } else {
      image.u16.push_back(uint16_t(value >> 48));
    }
  }
  return image;
}

/// Smooth colours, what lossy codecs are made for.
inline Image smooth_image(int width, int height, int channels) {
  Image image;
  image.width = width;
  image.height = height;
  image.channels = channels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        image.u8.push_back(uint8_t(40 + c * 30 + 100 * x / width + 60 * y / height));
      }
    }
  }
  return image;
}

inline std::string hex(const std::vector<uint8_t>& bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace vane::testing
