// SPDX-License-Identifier: Apache-2.0
#include "generators/enhance/enhance_photo.h"

#include "engine/base/error.h"
#include "engine/image/srgb_view.h"
#include "generators/enhance/map_median.h"

namespace vane {
namespace {

/// Windows of a picture of samples T, read for the network and divided by the map.
template <class T>
class Samples {
 public:
  Samples(const Image& picture, const std::vector<T>& source, std::vector<T>& result)
      : width_(picture.width),
        stride_(picture.channels),
        colours_(picture.is_grey() ? 1 : 3),
        srgb_(SrgbView::of(picture)),
        source_(source.data()),
        result_(result.data()) {}

  Tensor read(const PixelWindow& window) const {
    Tensor pixels = at::empty({1, 3, window.height, window.width}, at::kFloat);
    float* out = pixels.mutable_data_ptr<float>();
    std::vector<uint16_t> converted(srgb_ ? static_cast<size_t>(3 * window.width) : 0);
    for (int64_t y = 0; y < window.height; ++y) {
      const T* in = source_ + start(window, y);
      if (srgb_) {
        srgb_->convert(in, static_cast<size_t>(window.width), converted.data());
        spread(converted.data(), 3, false, 65535.f, window, out + y * window.width);
      } else {
        spread(in, stride_, colours_ == 1, kTop, window, out + y * window.width);
      }
    }
    return pixels;
  }

  /// Writes the window; `map` is at its strength. A map of 1 gives the very sample back.
  void divide(const PixelWindow& window, const Tensor& map) {
    const float* m = map.const_data_ptr<float>();
    for (int64_t y = 0; y < window.height; ++y) {
      const int64_t row = start(window, y);
      for (int64_t x = 0; x < window.width; ++x, ++m) {
        const T* in = source_ + row + x * stride_;
        T* out = result_ + row + x * stride_;
        for (int64_t c = 0; c < colours_; ++c) {
          out[c] = static_cast<T>(std::min(float(in[c]) / *m, kTop) + 0.5f);
        }
        count(in, luma_before_, clipped_before_);
        count(out, luma_after_, clipped_after_);
      }
    }
  }

  void report(EnhanceMeasures& measures, int64_t pixels) const {
    const double share = 1.0 / static_cast<double>(pixels);
    measures.luma_before = luma_before_ * share / kTop;
    measures.luma_after = luma_after_ * share / kTop;
    measures.clipped_before = static_cast<double>(clipped_before_) * share;
    measures.clipped_after = static_cast<double>(clipped_after_) * share;
  }

 private:
  static constexpr float kTop = std::numeric_limits<T>::max();

  /// A row of interleaved samples into the three planes of a window.
  template <class In>
  static void spread(const In* in, int64_t stride, bool grey, float top, const PixelWindow& window,
                     float* out) {
    for (int64_t channel = 0; channel < 3; ++channel) {
      const int64_t offset = grey ? 0 : channel;
      float* row = out + channel * window.height * window.width;
      for (int64_t x = 0; x < window.width; ++x) row[x] = float(in[x * stride + offset]) / top;
    }
  }

  int64_t start(const PixelWindow& window, int64_t y) const {
    return ((window.top + y) * width_ + window.left) * stride_;
  }

  void count(const T* pixel, double& luma, int64_t& clipped) const {
    if (colours_ == 1) {
      luma += pixel[0];
      clipped += pixel[0] == std::numeric_limits<T>::max();
      return;
    }
    luma += 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
    clipped += std::max({pixel[0], pixel[1], pixel[2]}) == std::numeric_limits<T>::max();
  }

  int64_t width_, stride_, colours_;
  std::optional<SrgbView> srgb_;
  const T* source_;
  T* result_;
  double luma_before_ = 0, luma_after_ = 0;
  int64_t clipped_before_ = 0, clipped_after_ = 0;
};

Tensor cut(const Tensor& plane, const PixelWindow& window) {
  return plane.narrow(2, window.top, window.height).narrow(3, window.left, window.width);
}

template <class T>
void enhance_samples(const EnhancementNetwork& network, const Image& source,
                     const EnhancePhotoOptions& options, Job& job, Samples<T> samples,
                     EnhanceMeasures& measures) {
  const int64_t pixels = int64_t{source.width} * source.height;
  double low = std::numeric_limits<double>::infinity(), high = 0, sum = 0;
  MapMedian median;
  measures.tiles = 0;
  tiled_illumination(
      network, source.height, source.width,
      [&](const PixelWindow& window) { return samples.read(window); },
      [&](const PixelWindow& window, const Tensor& map) {
        low = std::min(low, map.min().item<double>());
        high = std::max(high, map.max().item<double>());
        sum += map.sum(at::kDouble).item<double>();
        const Tensor values = map.contiguous();
        const float* const first = values.const_data_ptr<float>();
        for (int64_t i = 0; i < values.numel(); ++i) median.add(first[i]);
        ++measures.tiles;
        const Tensor mask = options.mask.defined() ? cut(options.mask, window) : Tensor();
        const Tensor applied = map_of_strength(map, options.strength, mask, options.map_floor);
        samples.divide(window, applied.contiguous());
      },
      options.tiles, job);
  measures.map_min = low;
  measures.map_max = high;
  measures.map_median = median.value();
  measures.map_mean = sum / static_cast<double>(pixels);
  samples.report(measures, pixels);
}

}  // namespace

Image enhance_photo(const EnhancementNetwork& network, const Image& source,
                    const EnhancePhotoOptions& options, Job& job, EnhanceMeasures* measures) {
  check_strength(options.strength);  // before minutes are spent on the map
  if (options.mask.defined() &&
      options.mask.sizes() != at::IntArrayRef{1, 1, source.height, source.width}) {
    throw Error(ErrorCode::usage, "a mask must have the size of the upright photograph");
  }
  EnhanceMeasures own;
  EnhanceMeasures& seen = measures ? *measures : own;
  Image result = source;
  if (source.depth == 16) {
    enhance_samples<uint16_t>(network, source, options, job,
                              Samples<uint16_t>(source, source.u16, result.u16), seen);
  } else {
    enhance_samples<uint8_t>(network, source, options, job,
                             Samples<uint8_t>(source, source.u8, result.u8), seen);
  }
  return result;
}

}  // namespace vane
