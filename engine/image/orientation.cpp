// SPDX-License-Identifier: Apache-2.0
#include "engine/image/orientation.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"

namespace vane {
namespace {

/// Copies in squares, so that both the rows read and the columns written stay in the cache.
template <class T, int kChannels>
void transpose_samples(const T* in, T* out, int64_t width, int64_t height, bool flip_x,
                       bool flip_y) {
  constexpr int64_t kTile = 32;
  for (int64_t y0 = 0; y0 < height; y0 += kTile) {
    for (int64_t x0 = 0; x0 < width; x0 += kTile) {
      for (int64_t x = x0; x < std::min(x0 + kTile, width); ++x) {
        const int64_t row = flip_x ? width - 1 - x : x;
        for (int64_t y = y0; y < std::min(y0 + kTile, height); ++y) {
          const int64_t column = flip_y ? height - 1 - y : y;
          std::copy_n(in + (y * width + x) * kChannels, kChannels,
                      out + (row * height + column) * kChannels);
        }
      }
    }
  }
}

template <class T, int kChannels>
void mirror_samples(T* samples, int64_t width, int64_t height, bool flip_x, bool flip_y) {
  struct Pixel {
    T value[kChannels];
  };
  auto* pixels = reinterpret_cast<Pixel*>(samples);
  if (flip_y) {
    for (int64_t y = 0; y < height / 2; ++y) {
      std::swap_ranges(pixels + y * width, pixels + (y + 1) * width,
                       pixels + (height - 1 - y) * width);
    }
  }
  if (flip_x) {
    for (int64_t y = 0; y < height; ++y) {
      std::reverse(pixels + y * width, pixels + (y + 1) * width);
    }
  }
}

template <class T, int kChannels>
void orient(std::vector<T>& samples, Image& image, int orientation) {
  // Seen from the target: which of its axes run backwards along the source.
  const bool is_transposed = orientation >= 5;
  if (!is_transposed) {
    mirror_samples<T, kChannels>(samples.data(), image.width, image.height,
                                 orientation == 2 || orientation == 3, orientation >= 3);
    return;
  }
  std::vector<T> out(samples.size());
  transpose_samples<T, kChannels>(samples.data(), out.data(), image.width, image.height,
                                  orientation == 7 || orientation == 8,
                                  orientation == 6 || orientation == 7);
  samples = std::move(out);
  std::swap(image.width, image.height);
}

template <class T>
void orient_channels(std::vector<T>& samples, Image& image, int orientation) {
  switch (image.channels) {
    case 1:
      return orient<T, 1>(samples, image, orientation);
    case 2:
      return orient<T, 2>(samples, image, orientation);
    case 3:
      return orient<T, 3>(samples, image, orientation);
    default:
      return orient<T, 4>(samples, image, orientation);
  }
}

}  // namespace

Image oriented(Image image, int orientation) {
  if (orientation < 1 || orientation > 8) {
    throw Error(ErrorCode::usage, fmt::format("orientation {} is not one of 1..8", orientation));
  }
  if (orientation == 1) return image;
  if (image.depth == 16) {
    orient_channels(image.u16, image, orientation);
  } else {
    orient_channels(image.u8, image, orientation);
  }
  return image;
}

int inverse_orientation(int orientation) {
  return orientation == 6 ? 8 : orientation == 8 ? 6 : orientation;
}

}  // namespace vane
