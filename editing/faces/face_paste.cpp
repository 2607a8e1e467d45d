// SPDX-License-Identifier: Apache-2.0
#include "editing/faces/face_paste.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "editing/faces/covered_detail.h"
#include "editing/faces/rgb_field.h"
#include "editing/faces/seam_match.h"
#include "engine/base/error.h"

namespace vane {
namespace {

void check_crop(const Image& crop, const char* name) {
  if (crop.width != crop.height || crop.width < 8) {
    throw Error(ErrorCode::input, std::string(name) + " is not a square of 8 pixels or more")
        .with_hint("give the picture that `vane faces align` wrote, edited");
  }
}

/// Middle of pixel i of `size` pixels is at (i + 0.5) / size of the crop.
double index_at(double share, int size) { return share * size - 0.5; }

/// How much of the crop counts at a place of it.
class Feather {
 public:
  Feather(double width, const Image* mask) : width_(width) {
    if (mask) mask_ = rgb_field(*mask);
  }
  float at(CropPoint p) const {
    const double inside = std::min({p.x, p.y, 1 - p.x, 1 - p.y});
    if (inside <= 0) return 0;
    const double t = std::min(1.0, inside / width_);
    float weight = static_cast<float>(t * t * (3 - 2 * t));
    if (mask_) {
      const Rgb colour =
          sample_linear(*mask_, index_at(p.x, mask_->width), index_at(p.y, mask_->height));
      weight *= luma(colour);
    }
    return weight;
  }
  static float luma(const Rgb& c) { return 0.299f * c[0] + 0.587f * c[1] + 0.114f * c[2]; }

 private:
  double width_;
  std::optional<RgbField> mask_;
};

/// Edited less before; before in the size and depth of edited, so that equal pictures give 0.
RgbField difference_of(const Image& photo, const FaceCrop& crop, const Image& edited,
                       const Image* before) {
  RgbField result = rgb_field(edited);
  const Image own = crop_face(photo, crop, edited.width);
  RgbField start;
  if (before) {
    start = rgb_field(*before);
    if (start.width != result.width) start = resize_lanczos(start, result.width, result.height);
  } else {
    start = rgb_field(edited.depth == 8 && own.depth == 16 ? image_of(rgb_field(own), 8) : own);
  }
  for (size_t i = 0; i < result.pixels.size(); ++i) {
    for (size_t c = 0; c < 3; ++c) result.pixels[i][c] -= start.pixels[i][c];
  }
  if (before) drop_covered_detail(result, rgb_field(own), start);
  return result;
}

template <class Sample>
void blend_pixel(Sample* sample, int channels, const Rgb& value, float weight, bool add) {
  const float top = sizeof(Sample) == 2 ? 65535 : 255;
  const size_t colours = channels <= 2 ? 1 : 3;
  for (size_t c = 0; c < colours; ++c) {
    const float wanted = top * (colours == 1 ? Feather::luma(value) : value[c]);
    const float source = sample[c];
    const float result = source + weight * (add ? wanted : wanted - source);
    sample[c] = static_cast<Sample>(std::lround(std::clamp(result, 0.f, top)));
  }
}

}  // namespace

Image paste_face(const Image& photo, const FaceCrop& crop, const Image& edited,
                 const FacePasteOptions& options) {
  check_crop(edited, "the edited crop");
  if (options.before) check_crop(*options.before, "the crop before the edit");
  if (!(options.feather > 0 && options.feather <= 0.5)) {
    throw Error(ErrorCode::usage, "a feather is more than 0 and at most 0.5 of the crop");
  }
  const bool add = options.mode == PasteMode::difference;
  const Feather feather(options.feather, options.mask);
  RgbField change = add ? difference_of(photo, crop, edited, options.before) : rgb_field(edited);
  if (!add && options.match_seam) {
    RgbField weights(kSeamCells, kSeamCells);
    for (int y = 0; y < kSeamCells; ++y) {
      for (int x = 0; x < kSeamCells; ++x) {
        const float w = feather.at({(x + 0.5) / kSeamCells, (y + 0.5) / kSeamCells});
        weights.at(x, y) = {w, w, w};
      }
    }
    match_seam(change, rgb_field(crop_face(photo, crop, kSeamCells)), weights);
  }
  // The photograph is coarser than the crop: what its pixels cannot hold goes away first.
  const int target = std::max(1, static_cast<int>(std::ceil(crop.side())));
  if (target < change.width) change = resize_lanczos(change, target, target);

  Image result = photo;
  double low_x = 1e300, low_y = 1e300, high_x = -1e300, high_y = -1e300;
  for (const CropPoint& p : crop.quad()) {
    low_x = std::min(low_x, p.x), low_y = std::min(low_y, p.y);
    high_x = std::max(high_x, p.x), high_y = std::max(high_y, p.y);
  }
  const auto index = [](double v, int count) {
    return static_cast<int>(std::clamp(v, 0.0, double(count)));
  };
  const int left = index(std::floor(low_x), photo.width);
  const int right = index(std::ceil(high_x) + 1, photo.width);
  const int bottom = index(std::ceil(high_y) + 1, photo.height);
  for (int y = index(std::floor(low_y), photo.height); y < bottom; ++y) {
    for (int x = left; x < right; ++x) {
      const CropPoint p = crop.to_crop({double(x), double(y)});
      const float weight = feather.at(p);
      if (weight <= 0) continue;
      const Rgb value =
          sample_cubic(change, index_at(p.x, change.width), index_at(p.y, change.height));
      const size_t at =
          (size_t(y) * size_t(photo.width) + size_t(x)) * static_cast<size_t>(photo.channels);
      if (photo.depth == 16) {
        blend_pixel(&result.u16[at], photo.channels, value, weight, add);
      } else {
        blend_pixel(&result.u8[at], photo.channels, value, weight, add);
      }
    }
  }
  return result;
}

}  // namespace vane
