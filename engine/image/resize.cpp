// SPDX-License-Identifier: Apache-2.0
#include "engine/image/resize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/error.h"
#include "engine/image/resample_rows.h"

namespace vane {
namespace {

// Pillow leaves 8 bits for the sample and 2 for overshoot in a 32-bit accumulator.
constexpr int kPrecisionBits = 32 - 8 - 2;

double bicubic_kernel(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

double bilinear_kernel(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

/// The weights of one axis. The order of the double operations is part of the contract: the
/// rounded integer weights have to equal Pillow's.
ResampleTaps make_taps(int in_size, int out_size, ResizeFilter filter) {
  const bool cubic = filter == ResizeFilter::bicubic;
  const double scale = static_cast<double>(in_size) / out_size;
  const double filter_scale = std::max(scale, 1.0);
  const double support = (cubic ? 2.0 : 1.0) * filter_scale;
  const double inverse = 1.0 / filter_scale;
  ResampleTaps taps;
  const int most = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.stride = (most + kTapPadding - 1) / kTapPadding * kTapPadding;
  taps.first.resize(static_cast<size_t>(out_size));
  taps.count.resize(static_cast<size_t>(out_size));
  taps.weights.assign(static_cast<size_t>(out_size) * static_cast<size_t>(taps.stride), 0);
  std::vector<double> kernel(static_cast<size_t>(most));
  for (int out = 0; out < out_size; ++out) {
    const double center = (out + 0.5) * scale;
    const int low = std::max(static_cast<int>(center - support + 0.5), 0);
    const int high = std::min(static_cast<int>(center + support + 0.5), in_size);
    double sum = 0.0;
    for (int k = 0; k < high - low; ++k) {
      const double x = (k + low - center + 0.5) * inverse;
      kernel[static_cast<size_t>(k)] = cubic ? bicubic_kernel(x) : bilinear_kernel(x);
      sum += kernel[static_cast<size_t>(k)];
    }
    int32_t* weights = taps.weights.data() + static_cast<size_t>(out) * taps.stride;
    for (int k = 0; k < high - low; ++k) {
      double weight = kernel[static_cast<size_t>(k)];
      if (sum != 0.0) weight /= sum;
      weight *= 1 << kPrecisionBits;
      weights[k] = static_cast<int32_t>(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    taps.first[static_cast<size_t>(out)] = low;
    taps.count[static_cast<size_t>(out)] = high - low;
  }
  return taps;
}

/// Pillow 13 (pull request 9549) shrinks the height first when that removes more than twice as many
/// rows as columns go; earlier versions always start with the width. The difference is the rounding
/// between the passes.
bool is_vertical_first(const Image& image, int width, int height) {
  return height < image.height &&
         int64_t(image.height) - height > 2 * (int64_t(image.width) - width);
}

Image like(const Image& image, int width, int height) {
  Image out;
  out.width = width;
  out.height = height;
  out.channels = image.channels;
  out.depth = image.depth;
  out.metadata = image.metadata;
  out.format = image.format;
  out.converted = image.converted;
  return out;
}

template <class T>
void crop_samples(const std::vector<T>& in, std::vector<T>& out, const Image& image, int left,
                  int top, int width, int height) {
  const size_t row = static_cast<size_t>(width) * image.channels;
  const size_t in_row = static_cast<size_t>(image.width) * image.channels;
  out.resize(row * height);
  for (int y = 0; y < height; ++y) {
    std::memcpy(out.data() + row * y,
                in.data() + in_row * (top + y) + static_cast<size_t>(left) * image.channels,
                row * sizeof(T));
  }
}

/// Mean over the source rectangle of every target pixel; the rectangles tile the source. Colour is
/// weighted by alpha so that what is invisible does not bleed into the preview.
template <class T, int channels>
void box_reduce_pixels(const T* in, T* out, const Image& from, const Image& to) {
  constexpr int colours = channels == 2 || channels == 4 ? channels - 1 : channels;
  for (int y = 0; y < to.height; ++y) {
    const int y0 = static_cast<int>(int64_t(y) * from.height / to.height);
    const int y1 = static_cast<int>(int64_t(y + 1) * from.height / to.height);
    for (int x = 0; x < to.width; ++x) {
      const int x0 = static_cast<int>(int64_t(x) * from.width / to.width);
      const int x1 = static_cast<int>(int64_t(x + 1) * from.width / to.width);
      uint64_t sum[colours] = {};
      uint64_t weight = 0;
      for (int v = y0; v < y1; ++v) {
        const T* p = in + (static_cast<size_t>(v) * from.width + x0) * channels;
        for (int u = x0; u < x1; ++u, p += channels) {
          const uint64_t alpha = colours < channels ? p[colours] : 1;
          for (int c = 0; c < colours; ++c) sum[c] += p[c] * alpha;
          weight += alpha;
        }
      }
      T* target = out + (static_cast<size_t>(y) * to.width + x) * channels;
      const uint64_t area = static_cast<uint64_t>(y1 - y0) * static_cast<uint64_t>(x1 - x0);
      for (int c = 0; c < colours; ++c) {
        target[c] = static_cast<T>(weight ? (sum[c] + weight / 2) / weight : 0);
      }
      if (colours < channels) target[colours] = static_cast<T>((weight + area / 2) / area);
    }
  }
}

/// Compiled for each number of channels: the sums stay in registers.
template <class T>
void box_reduce(const std::vector<T>& in, std::vector<T>& out, const Image& from, const Image& to) {
  out.resize(to.sample_count());
  switch (from.channels) {
    case 1:
      return box_reduce_pixels<T, 1>(in.data(), out.data(), from, to);
    case 2:
      return box_reduce_pixels<T, 2>(in.data(), out.data(), from, to);
    case 3:
      return box_reduce_pixels<T, 3>(in.data(), out.data(), from, to);
    default:
      return box_reduce_pixels<T, 4>(in.data(), out.data(), from, to);
  }
}

}  // namespace

Image resize_u8(const Image& image, int width, int height, ResizeFilter filter) {
  if (image.depth != 8) {
    throw Error(ErrorCode::usage, fmt::format("the exact resize works on 8-bit samples, this "
                                              "picture has {} bits",
                                              image.depth))
        .with_hint("convert it with to_rgb8 first");
  }
  if (width < 1 || height < 1 || image.width < 1 || image.height < 1) {
    throw Error(ErrorCode::usage, fmt::format("cannot resize {} x {} to {} x {}: sizes start at 1",
                                              image.width, image.height, width, height));
  }
  Image out = like(image, width, height);
  const std::vector<uint8_t>* source = &image.u8;  // out.u8 after the first pass that runs
  const auto horizontally = [&] {
    if (width == image.width) return;
    const size_t rows = source->size() / (size_t(image.width) * image.channels);
    std::vector<uint8_t> result(rows * width * image.channels);
    resample_horizontally(source->data(), image.width, static_cast<int>(rows), image.channels,
                          make_taps(image.width, width, filter), width, result.data());
    out.u8 = std::move(result);
    source = &out.u8;
  };
  const auto vertically = [&] {
    if (height == image.height) return;
    const size_t row_samples = source->size() / static_cast<size_t>(image.height);
    std::vector<uint8_t> result(row_samples * height);
    resample_vertically(source->data(), row_samples, make_taps(image.height, height, filter),
                        height, result.data());
    out.u8 = std::move(result);
    source = &out.u8;
  };
  if (is_vertical_first(image, width, height)) {
    vertically();
    horizontally();
  } else {
    horizontally();
    vertically();
  }
  if (source == &image.u8) out.u8 = image.u8;
  return out;
}

Image crop(const Image& image, int left, int top, int width, int height) {
  if (left < 0 || top < 0 || width < 1 || height < 1 || width > image.width - left ||
      height > image.height - top) {
    throw Error(ErrorCode::usage,
                fmt::format("the rectangle {} x {} at ({}, {}) does not lie inside the {} x {} "
                            "picture",
                            width, height, left, top, image.width, image.height));
  }
  Image out = like(image, width, height);
  if (image.depth == 16) {
    crop_samples(image.u16, out.u16, image, left, top, width, height);
  } else {
    crop_samples(image.u8, out.u8, image, left, top, width, height);
  }
  return out;
}

Image to_rgb8(const Image& image) {
  if (image.depth == 8 && image.channels == 3) return image;
  Image out = like(image, image.width, image.height);
  out.channels = 3;
  out.depth = 8;
  out.u8.resize(out.sample_count());
  const size_t pixels = static_cast<size_t>(image.width) * image.height;
  const int step = image.channels;
  const int green = image.is_grey() ? 0 : 1, blue = image.is_grey() ? 0 : 2;
  uint8_t* target = out.u8.data();
  if (image.depth == 16) {
    const uint16_t* p = image.u16.data();
    const auto scaled = [](uint16_t v) { return static_cast<uint8_t>((v + 128u) / 257u); };
    for (size_t i = 0; i < pixels; ++i, p += step, target += 3) {
      target[0] = scaled(p[0]);
      target[1] = scaled(p[green]);
      target[2] = scaled(p[blue]);
    }
  } else {
    const uint8_t* p = image.u8.data();
    for (size_t i = 0; i < pixels; ++i, p += step, target += 3) {
      target[0] = p[0];
      target[1] = p[green];
      target[2] = p[blue];
    }
  }
  return out;
}

Image to_rgb8(Image&& image) {
  if (image.depth == 8 && image.channels == 3) return std::move(image);
  return to_rgb8(static_cast<const Image&>(image));
}

Image thumbnail(const Image& image, int long_side) {
  if (long_side < 1) throw Error(ErrorCode::usage, "a thumbnail needs a side of at least 1 pixel");
  const int longest = std::max(image.width, image.height);
  if (longest <= long_side) return image;
  const auto scaled = [&](int side) {
    return std::max(1, static_cast<int>((int64_t(side) * long_side + longest / 2) / longest));
  };
  Image out = like(image, scaled(image.width), scaled(image.height));
  if (image.depth == 16) {
    box_reduce(image.u16, out.u16, image, out);
  } else {
    box_reduce(image.u8, out.u8, image, out);
  }
  return out;
}

}  // namespace vane
