// SPDX-License-Identifier: Apache-2.0
#include "generators/develop/develop_apply.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/run/device.h"
#include "engine/run/threads.h"
#include "generators/develop/develop_constants.h"
#include "generators/row_threads.h"

namespace vane {
namespace {

void check_picture(const Image& image, const char* role) {
  const size_t have = image.depth == 8 ? image.u8.size() : image.u16.size();
  if (image.width <= 0 || image.height <= 0 || image.channels < 1 || image.channels > 4 ||
      (image.depth != 8 && image.depth != 16) || have != image.sample_count()) {
    throw Error(ErrorCode::usage,
                std::string(role) + " has no consistent samples: " + std::to_string(image.width) +
                    "x" + std::to_string(image.height) + ", " + std::to_string(image.channels) +
                    " channels, " + std::to_string(image.depth) + " bit, " + std::to_string(have) +
                    " samples");
  }
}

bool adds_colour(const DevelopSettings& s) {
  const auto any = [](const std::vector<float>& v) {
    return std::any_of(v.begin(), v.end(), [](float x) { return x != 0.f; });
  };
  return s.temperature != 0 || s.tint != 0 || any(s.shadow_tint) || any(s.highlight_tint) ||
         any(s.grid.coefficients);
}

template <class Sample>
const std::vector<Sample>& samples(const Image& image) {
  if constexpr (std::is_same_v<Sample, uint8_t>) {
    return image.u8;
  } else {
    return image.u16;
  }
}

template <class Sample>
std::vector<Sample>& samples(Image& image) {
  return const_cast<std::vector<Sample>&>(samples<Sample>(std::as_const(image)));
}

// Bilinear look-up of a mask by position in [0,1].
class MaskSampler {
 public:
  explicit MaskSampler(const Image& mask) : mask_(mask) {}

  float at(float x, float y) const {
    const float px = std::clamp(x * static_cast<float>(mask_.width) - 0.5f, 0.f,
                                static_cast<float>(mask_.width - 1));
    const float py = std::clamp(y * static_cast<float>(mask_.height) - 0.5f, 0.f,
                                static_cast<float>(mask_.height - 1));
    const int x0 = static_cast<int>(px), y0 = static_cast<int>(py);
    const int x1 = std::min(x0 + 1, mask_.width - 1), y1 = std::min(y0 + 1, mask_.height - 1);
    const float wx = px - static_cast<float>(x0), wy = py - static_cast<float>(y0);
    const float top = value(x0, y0) * (1 - wx) + value(x1, y0) * wx;
    const float bottom = value(x0, y1) * (1 - wx) + value(x1, y1) * wx;
    return top * (1 - wy) + bottom * wy;
  }

 private:
  float value(int x, int y) const {
    const size_t first =
        (static_cast<size_t>(y) * static_cast<size_t>(mask_.width) + static_cast<size_t>(x)) *
        static_cast<size_t>(mask_.channels);
    const size_t colours = mask_.is_grey() ? 1 : 3;
    float sum = 0;
    for (size_t i = 0; i < colours; ++i) {
      sum += mask_.depth == 8 ? static_cast<float>(mask_.u8[first + i]) / 255.f
                              : static_cast<float>(mask_.u16[first + i]) / 65535.f;
    }
    return sum / static_cast<float>(colours);
  }

  const Image& mask_;
};

// The curves by linear interpolation in tables: within 1e-6 of the formulas for values in [0,1].
// Light is looked up by its square root, which spreads the steep dark end. Plain arrays, because
// the checked ones cost a fifth of the whole loop.
class TableCurves {
 public:
  explicit TableCurves(const DevelopSettings& settings) {
    const auto constants = develop::tone_constants<double>(settings);
    for (int i = 0; i <= kCells + 1; ++i) {
      const double x = static_cast<double>(i) / kCells;
      encoded_[i] = static_cast<float>(develop::srgb_from_linear(x * x));
      linear_[i] = static_cast<float>(develop::linear_from_srgb(x));
      toned_[i] = static_cast<float>(develop::tone(constants, std::min(x, 1.0)));
    }
  }
  float encoded(float x) const { return look_up(encoded_, std::sqrt(x)); }
  float linear(float x) const { return look_up(linear_, x); }
  float toned(const develop::ToneConstants<float>&, float x) const { return look_up(toned_, x); }

 private:
  static constexpr int kCells = 4096;
  using Table = float[kCells + 2];

  static float look_up(const Table& table, float x) {
    const float position = x * static_cast<float>(kCells);
    const int i = static_cast<int>(position);
    return table[i] + (position - static_cast<float>(i)) * (table[i + 1] - table[i]);
  }

  Table encoded_, linear_, toned_;
};

// Reads, develops and writes rows of one picture; rows are independent.
template <class Sample>
class RowDeveloper {
 public:
  static constexpr int kLevels = std::is_same_v<Sample, uint8_t> ? 256 : 65536;
  static constexpr float kMax = static_cast<float>(kLevels - 1);

  RowDeveloper(const Image& source, const develop::DevelopConstants<float>& constants,
               const DevelopSettings& settings, const DevelopOptions& options, Image& result)
      : source_(source),
        constants_(constants),
        options_(options),
        result_(result),
        curves_(settings) {
    encoded_.resize(kLevels);
    linear_.resize(kLevels);
    for (int i = 0; i < kLevels; ++i) {
      const auto k = static_cast<size_t>(i);
      encoded_[k] = static_cast<float>(i) / kMax;
      linear_[k] = develop::linear_from_srgb(encoded_[k]);
    }
  }

  void operator()(int row) const {
    const auto width = static_cast<size_t>(source_.width);
    const auto from_stride = static_cast<size_t>(source_.channels);
    const auto to_stride = static_cast<size_t>(result_.channels);
    const Sample* from =
        samples<Sample>(source_).data() + static_cast<size_t>(row) * width * from_stride;
    Sample* to = samples<Sample>(result_).data() + static_cast<size_t>(row) * width * to_stride;
    const float y = (static_cast<float>(row) + 0.5f) / static_cast<float>(source_.height);
    for (size_t column = 0; column < width; ++column, from += from_stride, to += to_stride) {
      const float x = (static_cast<float>(column) + 0.5f) / static_cast<float>(source_.width);
      pixel(x, y, from, to);
    }
  }

 private:
  void pixel(float x, float y, const Sample* from, Sample* to) const {
    float encoded[3], linear[3], out[3];
    for (int i = 0; i < 3; ++i) {
      const Sample value = from[source_.is_grey() ? 0 : i];
      encoded[i] = encoded_.data()[value];  // unchecked, as in TableCurves
      linear[i] = linear_.data()[value];
    }
    develop::develop_pixel(constants_, x, y, encoded, linear, out, curves_);
    float opacity = options_.opacity;
    if (options_.mask != nullptr) opacity *= MaskSampler(*options_.mask).at(x, y);
    const int colours = result_.is_grey() ? 1 : 3;
    for (int i = 0; i < colours; ++i) {
      const float value = encoded[i] + opacity * (out[i] - encoded[i]);
      to[i] = static_cast<Sample>(develop::clamp01(value) * kMax + 0.5f);
    }
    if (source_.has_alpha()) to[result_.channels - 1] = from[source_.channels - 1];
  }

  const Image& source_;
  const develop::DevelopConstants<float>& constants_;
  const DevelopOptions& options_;
  Image& result_;
  std::vector<float> encoded_, linear_;
  TableCurves curves_;
};

// The same on the device: one copy there, one back.
template <class Sample>
void develop_on_device(const DeviceModule& device, const Image& source,
                       const develop::DevelopConstants<float>& constants, size_t grid_values,
                       const DevelopOptions& options, Image& result) {
  std::vector<float> mask;
  if (options.mask != nullptr) {
    const MaskSampler sampler(*options.mask);
    mask.reserve(static_cast<size_t>(source.width) * static_cast<size_t>(source.height));
    for (int row = 0; row < source.height; ++row) {
      const float y = (static_cast<float>(row) + 0.5f) / static_cast<float>(source.height);
      for (int column = 0; column < source.width; ++column) {
        mask.push_back(
            sampler.at((static_cast<float>(column) + 0.5f) / static_cast<float>(source.width), y));
      }
    }
  }
  DeviceDevelop work;
  work.from = samples<Sample>(source).data();
  work.to = samples<Sample>(result).data();
  work.mask = mask.empty() ? nullptr : mask.data();
  work.constants = &constants;
  work.grid_values = static_cast<int64_t>(grid_values);
  work.width = source.width;
  work.height = source.height;
  work.from_channels = source.channels;
  work.to_channels = result.channels;
  work.depth = source.depth;
  work.opacity = options.opacity;
  if (const int fault = device.develop(work)) {
    throw Error(ErrorCode::resource,
                std::string("the GPU could not develop the picture: ") + device.error_text(fault))
        .with_hint("try --device cpu");
  }
}

template <class Sample>
void develop_rows(const Image& source, const DevelopSettings& settings, Job& job,
                  const DevelopOptions& options, Image& result) {
  const std::vector<float> grid = develop::interleaved_grid<float>(settings.grid);
  const auto constants =
      develop::develop_constants<float>(settings, source.width, source.height, grid);
  samples<Sample>(result).resize(result.sample_count());
  if (const DeviceModule* device = compute_device_module()) {
    develop_on_device<Sample>(*device, source, constants, grid.size(), options, result);
    return;
  }
  const RowDeveloper<Sample> develop_row(source, constants, settings, options, result);
  const int threads = options.threads > 0 ? options.threads : loop_threads();
  for_rows(source.height, threads, "developing", job, develop_row);
}

}  // namespace

Image develop_apply(const Image& source, const DevelopSettings& settings, Job& job,
                    const DevelopOptions& options) {
  check_settings(settings);
  check_picture(source, "picture to develop");
  if (options.mask != nullptr) check_picture(*options.mask, "mask");
  if (!(options.opacity >= 0.f && options.opacity <= 1.f)) {
    throw Error(ErrorCode::usage, "opacity " + number_text(static_cast<double>(options.opacity)) +
                                      " is outside [0,1]");
  }
  if (is_identity(settings) || options.opacity == 0.f) return source;

  Image result;
  result.width = source.width;
  result.height = source.height;
  result.depth = source.depth;
  result.channels = source.channels;
  result.metadata = source.metadata;
  result.format = source.format;
  result.converted = source.converted;
  if (source.is_grey() && adds_colour(settings)) {
    result.channels += 2;
    result.metadata.icc.clear();
    result.converted = true;
  }
  const DevelopSettings kept = scaled(settings, 1.f);
  if (source.depth == 8) {
    develop_rows<uint8_t>(source, kept, job, options, result);
  } else {
    develop_rows<uint16_t>(source, kept, job, options, result);
  }
  return result;
}

}  // namespace vane
