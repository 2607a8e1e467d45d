// SPDX-License-Identifier: Apache-2.0
#include "enhance/classical/classical_method.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/base/error.h"
#include "engine/image/resize.h"
#include "engine/tensor/guided_filter.h"
#include "enhance/classical/clahe.h"
#include "enhance/classical/equalise.h"
#include "enhance/classical/exposure_fusion.h"
#include "enhance/classical/lime.h"
#include "enhance/classical/picture_rows.h"
#include "enhance/classical/retinex.h"
#include "generators/enhance/map_median.h"

namespace vane {
namespace {

// Window in pixels of the reduced photograph, and the variance of the guide that counts as flat.
constexpr int64_t kGuideRadius = 8;
constexpr double kGuideEpsilon = 1e-3;

/// How a method makes a row of a photograph: rgb is the row as stored [3*width], out what becomes
/// of it [3*width], or the map that divides it [width].
using RowMaker = std::function<void(int y, const float* rgb, float* out)>;

RowMaker power(int width, double gamma) {
  return [width, gamma = static_cast<float>(gamma)](int, const float* rgb, float* out) {
    for (int i = 0; i < 3 * width; ++i) out[i] = std::pow(rgb[i], gamma);
  };
}

/// Calls visit(y, rgb) with every row as sRGB shows it.
template <class Visit>
void visit_shown(const Image& source, Job& job, const Visit& visit) {
  PictureRows rows(source);
  std::vector<float> rgb(3 * static_cast<size_t>(source.width));
  for (int y = 0; y < source.height; ++y) {
    if (y % 64 == 0) job.check_cancelled();
    rows.shown(y, rgb.data());
    visit(y, rgb.data());
  }
}

RowMaker auto_gamma(const Image& source, Job& job) {
  double sum = 0;
  visit_shown(source, job, [&](int, const float* rgb) {
    for (int x = 0; x < source.width; ++x) sum += luma_of(rgb + 3 * x);
  });
  const double mean = sum / (double(source.width) * source.height);
  // Black has no mean to bring to the middle, and white is there already.
  const double gamma = mean > 0 && mean < 1 ? std::log(0.5) / std::log(mean) : 1;
  return power(source.width, std::clamp(gamma, 0.3, 1.0));
}

RowMaker clahe(const Image& source, Job& job) {
  const PictureRows rows(source);
  std::vector<float> rgb(3 * static_cast<size_t>(source.width)), lightness(rgb.size() / 3);
  Clahe curves(source.width, source.height, [&](int y) {
    if (y % 64 == 0) job.check_cancelled();
    rows.stored(y, rgb.data());
    for (size_t x = 0; x < lightness.size(); ++x) {
      lightness[x] = lab_of_srgb(&rgb[3 * x]).lightness;
    }
    return lightness.data();
  });
  return [curves = std::move(curves), width = source.width](int y, const float* in, float* out) {
    for (int x = 0; x < width; ++x) {
      EncodedLab lab = lab_of_srgb(in + 3 * x);
      lab.lightness = curves.lightness(x, y, lab.lightness);
      srgb_of_lab(lab, out + 3 * x);
    }
  };
}

RowMaker equalised(const Image& source, Job& job) {
  const PictureRows rows(source);
  std::vector<float> rgb(3 * static_cast<size_t>(source.width)), luma(rgb.size() / 3);
  Equaliser curve(source.width, source.height, [&](int y) {
    if (y % 64 == 0) job.check_cancelled();
    rows.stored(y, rgb.data());
    for (size_t x = 0; x < luma.size(); ++x) luma[x] = luma_of(&rgb[3 * x]);
    return luma.data();
  });
  return [curve = std::move(curve), width = source.width](int, const float* in, float* out) {
    for (int x = 0; x < width; ++x, in += 3, out += 3) {
      const float before = luma_of(in), added = curve.luma(before) - before;
      for (int c = 0; c < 3; ++c) out[c] = in[c] + added;
    }
  };
}

/// Throws Error{resource} when `method` needs more than is allowed.
void check_memory(const std::string& method, uint64_t needed, const EnhanceControls& controls) {
  constexpr uint64_t kMebibyte = uint64_t{1} << 20;
  if (needed <= controls.memory_bytes) return;
  throw Error(ErrorCode::resource, method + " works on the whole photograph and needs " +
                                       std::to_string(needed / kMebibyte + 1) + " MiB of " +
                                       std::to_string(controls.memory_bytes / kMebibyte))
      .with_hint("allow more memory, or take a method that works row by row");
}

RowMaker retinex(const Image& source, const EnhanceControls& controls, Job& job) {
  check_memory("msr", Retinex::bytes(source.width, source.height), controls);
  const PictureRows rows(source);
  std::vector<float> rgb(3 * static_cast<size_t>(source.width));
  Retinex found(
      source.width, source.height,
      [&](int y) {
        rows.stored(y, rgb.data());
        return rgb.data();
      },
      {}, job);
  return [found = std::move(found)](int y, const float* in, float* out) { found.row(y, in, out); };
}

RowMaker fused(const Image& source, const EnhanceControls& controls, Job& job) {
  const size_t row = 3 * static_cast<size_t>(source.width);
  std::vector<float> rgb;
  const uint64_t needed = exposure_fusion_bytes(source.width, source.height) +
                          row * static_cast<size_t>(source.height) * sizeof(float);
  check_memory("exposure-fusion", needed, controls);
  rgb.resize(row * static_cast<size_t>(source.height));
  const PictureRows rows(source);
  for (int y = 0; y < source.height; ++y) rows.stored(y, &rgb[row * static_cast<size_t>(y)]);
  return [result = exposure_fusion(rgb, source.width, source.height, job), row](int y, const float*,
                                                                                float* out) {
    std::copy_n(&result[row * static_cast<size_t>(y)], row, out);
  };
}

/// Illumination t of a photograph no larger than kLimeSide, and of any by its coefficients.
struct Brightest {
  std::vector<double> values;
  Tensor luma;  // [1,1,h,w]
};

Brightest brightest_of(const Image& source, Job& job) {
  Brightest seen;
  seen.values.resize(static_cast<size_t>(source.width) * static_cast<size_t>(source.height));
  seen.luma = at::empty({1, 1, source.height, source.width}, at::kFloat);
  float* luma = seen.luma.mutable_data_ptr<float>();
  size_t i = 0;
  visit_shown(source, job, [&](int, const float* rgb) {
    for (int x = 0; x < source.width; ++x, ++i, rgb += 3) {
      seen.values[i] = double{std::max({rgb[0], rgb[1], rgb[2]})};
      luma[i] = luma_of(rgb);
    }
  });
  return seen;
}

/// A row of t as it divides, before the strength.
void divisor(const float* logarithm, int width, float* out) {
  for (int x = 0; x < width; ++x) {
    out[x] = std::max(static_cast<float>(kMapFloor),
                      std::exp(static_cast<float>(kLimeGamma) * logarithm[x]));
  }
}

/// Bilinear between the pixels of a plane [height*width] whose borders repeat.
class Bilinear {
 public:
  Bilinear(const Tensor& plane, int width, int height)
      : plane_(plane.contiguous()),
        across_(float(plane.size(3)) / float(width)),
        down_(float(plane.size(2)) / float(height)) {}

  float at(int x, int y) const {
    const auto [left, right, part_x] = between(x, across_, plane_.size(3));
    const auto [top, bottom, part_y] = between(y, down_, plane_.size(2));
    const float* values = plane_.const_data_ptr<float>();
    const float* const upper = values + top * plane_.size(3);
    const float* const lower = values + bottom * plane_.size(3);
    const float above = upper[left] + part_x * (upper[right] - upper[left]);
    const float below = lower[left] + part_x * (lower[right] - lower[left]);
    return above + part_y * (below - above);
  }

 private:
  struct Between {
    int64_t low, high;
    float part;
  };
  static Between between(int position, float scale, int64_t size) {
    const float at = std::clamp((float(position) + 0.5f) * scale - 0.5f, 0.f, float(size - 1));
    const auto low = static_cast<int64_t>(at);
    return {low, std::min(low + 1, size - 1), at - float(low)};
  }

  Tensor plane_;
  float across_, down_;
};

RowMaker lime(const Image& source, Job& job) {
  const bool small = std::max(source.width, source.height) <= kLimeSide;
  Image view = small ? Image() : thumbnail(source, kLimeSide);
  if (!small) view.metadata.icc = source.metadata.icc;
  const Image& solved = small ? source : view;
  const Brightest seen = brightest_of(solved, job);
  const std::vector<double> t =
      lime_illumination(seen.values, solved.width, solved.height, {}, job);
  const Tensor logarithm = at::empty({1, 1, solved.height, solved.width}, at::kFloat);
  float* out = logarithm.mutable_data_ptr<float>();
  // Rounding of the solver may leave a black pixel a trifle below 0.
  for (size_t i = 0; i < t.size(); ++i) out[i] = float(std::log(std::max(t[i], 1e-6)));
  const int width = source.width;
  if (small) {
    return [logarithm, width](int y, const float*, float* row) {
      divisor(logarithm.const_data_ptr<float>() + int64_t{y} * width, width, row);
    };
  }
  const GuidedCoefficients guided =
      guided_coefficients(logarithm, seen.luma, kGuideRadius, kGuideEpsilon);
  auto rows = std::make_shared<PictureRows>(source);
  const Bilinear slope(guided.slope, width, source.height),
      offset(guided.offset, width, source.height);
  const float lowest = *std::min_element(out, out + t.size());
  const float highest = *std::max_element(out, out + t.size());
  std::vector<float> rgb(3 * static_cast<size_t>(width));
  return [=](int y, const float*, float* row) mutable {
    rows->shown(y, rgb.data());
    for (int x = 0; x < width; ++x) {
      row[x] = std::clamp(slope.at(x, y) * luma_of(&rgb[3 * size_t(x)]) + offset.at(x, y), lowest,
                          highest);
    }
    divisor(row, width, row);
  };
}

/// Puts rows into a copy of the source and keeps account of what became of it.
class Writer {
 public:
  Writer(const Image& source, const EnhanceControls& controls, EnhanceMeasures& measures)
      : source_(source), controls_(controls), measures_(measures), result_(source) {
    if (controls.mask.defined()) mask_ = controls.mask.contiguous();
    map_min_ = std::numeric_limits<double>::infinity();
  }

  Image run(const RowMaker& make, bool divides, Job& job) {
    const PictureRows rows(source_);
    std::vector<float> rgb(3 * static_cast<size_t>(source_.width)), made(rgb.size());
    for (int y = 0; y < source_.height; ++y) {
      if (y % 64 == 0) job.check_cancelled();
      rows.stored(y, rgb.data());
      make(y, rgb.data(), made.data());
      if (divides) note_map(made.data());
      const auto start = static_cast<size_t>(y) * static_cast<size_t>(source_.width) *
                         static_cast<size_t>(source_.channels);
      if (source_.depth == 16) {
        write(y, rgb.data(), made.data(), divides, result_.u16.data() + start);
      } else {
        write(y, rgb.data(), made.data(), divides, result_.u8.data() + start);
      }
    }
    report(divides);
    return std::move(result_);
  }

 private:
  template <class T>
  void write(int y, const float* rgb, const float* made, bool divides, T* out) {
    constexpr float kTop = std::numeric_limits<T>::max();
    const int colours = source_.is_grey() ? 1 : 3;
    for (int x = 0; x < source_.width; ++x, rgb += 3, out += source_.channels) {
      const float strength = strength_at(x, y);
      float after[3] = {rgb[0], rgb[1], rgb[2]};
      if (strength > 0) {
        const float gain = divides ? std::pow(made[x], -strength) : 1;
        for (int c = 0; c < colours; ++c) {
          const float value =
              divides ? rgb[c] * gain : rgb[c] + strength * (made[3 * x + c] - rgb[c]);
          if (!std::isfinite(value)) throw Error(ErrorCode::numeric, "the result is not finite");
          out[c] = static_cast<T>(std::clamp(value, 0.f, 1.f) * kTop + 0.5f);
          after[c] = float(out[c]) / kTop;
        }
        if (colours == 1) after[1] = after[2] = after[0];
      }
      luma_before_ += luma_of(rgb);
      luma_after_ += luma_of(after);
      clipped_before_ += std::max({rgb[0], rgb[1], rgb[2]}) >= 1;
      clipped_after_ += std::max({after[0], after[1], after[2]}) >= 1;
    }
  }

  float strength_at(int x, int y) const {
    const auto strength = static_cast<float>(controls_.strength);
    if (!mask_.defined()) return strength;
    return strength * mask_.const_data_ptr<float>()[int64_t{y} * source_.width + x];
  }

  void note_map(const float* map) {
    for (int x = 0; x < source_.width; ++x) {
      map_min_ = std::min(map_min_, double{map[x]});
      map_max_ = std::max(map_max_, double{map[x]});
      map_sum_ += map[x];
      map_median_.add(map[x]);
    }
  }

  void report(bool divides) {
    const double share = 1 / (double(source_.width) * source_.height);
    if (divides) {
      measures_.map_min = map_min_;
      measures_.map_max = map_max_;
      measures_.map_mean = map_sum_ * share;
      measures_.map_median = map_median_.value();
    }
    measures_.luma_before = luma_before_ * share;
    measures_.luma_after = luma_after_ * share;
    measures_.clipped_before = static_cast<double>(clipped_before_) * share;
    measures_.clipped_after = static_cast<double>(clipped_after_) * share;
  }

  const Image& source_;
  const EnhanceControls& controls_;
  EnhanceMeasures& measures_;
  Image result_;
  Tensor mask_;
  MapMedian map_median_;
  double luma_before_ = 0, luma_after_ = 0, map_min_ = 0, map_max_ = 0, map_sum_ = 0;
  int64_t clipped_before_ = 0, clipped_after_ = 0;
};

RowMaker maker_of(const std::string& name, const Image& source, const EnhanceControls& controls,
                  Job& job) {
  if (name == "gamma") return power(source.width, kGamma);
  if (name == "auto-gamma") return auto_gamma(source, job);
  if (name == "equalise") return equalised(source, job);
  if (name == "clahe") return clahe(source, job);
  if (name == "msr") return retinex(source, controls, job);
  if (name == "lime") return lime(source, job);
  if (name == "exposure-fusion") return fused(source, controls, job);
  return power(source.width, 1);
}

}  // namespace

const std::vector<std::string>& classical_method_names() {
  static const std::vector<std::string> kNames{
      "identity", "gamma", "auto-gamma", "equalise", "clahe", "msr", "lime", "exposure-fusion"};
  return kNames;
}

Image ClassicalMethod::enhance(const Image& source, const EnhanceControls& controls, Job& job,
                               EnhanceMeasures& measures) const {
  check_strength(controls.strength);
  if (controls.mask.defined() &&
      controls.mask.sizes() != at::IntArrayRef{1, 1, source.height, source.width}) {
    throw Error(ErrorCode::usage, "a mask must have the size of the upright photograph");
  }
  const RowMaker make = maker_of(name_, source, controls, job);
  return Writer(source, controls, measures).run(make, name_ == "lime", job);
}

}  // namespace vane
