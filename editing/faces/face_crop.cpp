// SPDX-License-Identifier: Apache-2.0
#include "editing/faces/face_crop.h"

#include <algorithm>
#include <cmath>

#include "editing/faces/padded_photo.h"
#include "engine/base/error.h"

namespace vane {
namespace {

CropPoint eye_of(const FaceLandmarks& face, size_t first) {
  const FaceLandmarks::Point eye = face.mean_of(first, 6);
  return {eye.x, eye.y};
}

/// Points across a target pixel: one or more a pixel of the photograph.
int density(double side, int size) { return std::max(4, static_cast<int>(std::ceil(side / size))); }

}  // namespace

FaceCrop FaceCrop::of(const FaceLandmarks& face) {
  const CropPoint left = eye_of(face, 36), right = eye_of(face, 42);
  const CropPoint eyes{(left.x + right.x) / 2, (left.y + right.y) / 2};
  const auto &a = face.points[48], &b = face.points[54];
  const CropPoint mouth{(double(a.x) + b.x) / 2 - eyes.x, (double(a.y) + b.y) / 2 - eyes.y};
  const CropPoint eye{right.x - left.x, right.y - left.y};
  const CropPoint along{eye.x + mouth.y, eye.y - mouth.x};
  const double length = std::hypot(along.x, along.y);
  const double half = std::max(2.0 * std::hypot(eye.x, eye.y), 1.8 * std::hypot(mouth.x, mouth.y));
  if (!(length > 1e-6 * half) || !std::isfinite(half)) {
    throw Error(ErrorCode::input, "the eyes and the mouth do not form a face");
  }
  return {{eyes.x + 0.1 * mouth.x, eyes.y + 0.1 * mouth.y},
          {along.x / length * half, along.y / length * half}};
}

CropPoint FaceCrop::to_photo(CropPoint p) const {
  const double u = 2 * p.x - 1, v = 2 * p.y - 1;
  return {middle_.x + u * half_.x - v * half_.y, middle_.y + u * half_.y + v * half_.x};
}

CropPoint FaceCrop::to_crop(CropPoint p) const {
  const double dx = p.x - middle_.x, dy = p.y - middle_.y;
  const double scale = 0.5 / (half_.x * half_.x + half_.y * half_.y);
  return {0.5 + scale * (dx * half_.x + dy * half_.y), 0.5 + scale * (dy * half_.x - dx * half_.y)};
}

double FaceCrop::side() const { return 2 * std::hypot(half_.x, half_.y); }

std::array<CropPoint, 4> FaceCrop::quad() const {
  return {to_photo({0, 0}), to_photo({0, 1}), to_photo({1, 1}), to_photo({1, 0})};
}

Image crop_face(const Image& photo, const FaceCrop& crop, int size) {
  if (size < 1 || size > 8192) {
    throw Error(ErrorCode::usage, "a crop has 1 to 8192 pixels across");
  }
  const PaddedPhoto source(photo, crop);
  const int dense = density(crop.side(), size), points = size * dense;
  const LanczosTaps taps = lanczos_taps(points, size);
  RgbField row(points, 1), result(size, size);
  // Rows of points, reduced across, that the next rows of the result still need.
  const int kept = 6 * dense + 2;
  RgbField narrow(size, kept);
  int done = 0;
  for (int y = 0; y < size; ++y) {
    const std::vector<float>& down = taps.weights[size_t(y)];
    const int first = taps.first[size_t(y)], end = first + static_cast<int>(down.size());
    for (; done < end; ++done) {
      source.sample_row(crop.to_photo({0.5 / points, (done + 0.5) / points}),
                        crop.to_photo({1.5 / points, (done + 0.5) / points}), row);
      for (int x = 0; x < size; ++x) {
        const Rgb* point = &row.pixels[size_t(taps.first[size_t(x)])];
        Rgb sum{};
        for (const float w : taps.weights[size_t(x)]) {
          for (size_t c = 0; c < 3; ++c) sum[c] += w * (*point)[c];
          ++point;
        }
        narrow.at(x, done % kept) = sum;
      }
    }
    for (int k = first; k < end; ++k) {
      const float w = down[size_t(k - first)];
      for (int x = 0; x < size; ++x) {
        for (size_t c = 0; c < 3; ++c) result.at(x, y)[c] += w * narrow.at(x, k % kept)[c];
      }
    }
  }
  Image picture = image_of(result, photo.depth);
  if (!photo.is_grey()) picture.metadata.icc = photo.metadata.icc;
  return picture;
}

}  // namespace vane
