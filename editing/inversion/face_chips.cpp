// SPDX-License-Identifier: Apache-2.0
#include "editing/inversion/face_chips.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr int64_t kChip = 150;
constexpr double kPadding = 0.25;

/// A landmark of the mean face, whose brows, nose and lips fill the unit square.
struct MeanPoint {
  int64_t landmark;
  double x, y;
};
/// Nose, eyes, upper lip (dlib, get_face_chip_details).
constexpr std::array<MeanPoint, 33> kMeanFace{{
    {27, 0.490127, 0.203352}, {28, 0.490127, 0.307009}, {29, 0.490127, 0.409805},
    {30, 0.490127, 0.515625}, {31, 0.36688, 0.587326},  {32, 0.426036, 0.609345},
    {33, 0.490127, 0.628106}, {34, 0.554217, 0.609345}, {35, 0.613373, 0.587326},
    {36, 0.121737, 0.216423}, {37, 0.187122, 0.178758}, {38, 0.265825, 0.179852},
    {39, 0.334606, 0.231733}, {40, 0.260918, 0.245099}, {41, 0.182743, 0.244077},
    {42, 0.645647, 0.231733}, {43, 0.714428, 0.179852}, {44, 0.793132, 0.178758},
    {45, 0.858516, 0.216423}, {46, 0.79751, 0.244077},  {47, 0.719335, 0.245099},
    {48, 0.254149, 0.780233}, {49, 0.340985, 0.745405}, {50, 0.428858, 0.727388},
    {51, 0.490127, 0.742578}, {52, 0.551395, 0.727388}, {53, 0.639268, 0.745405},
    {54, 0.726104, 0.780233}, {60, 0.290379, 0.784792}, {61, 0.428096, 0.778746},
    {62, 0.490127, 0.785343}, {63, 0.552157, 0.778746}, {64, 0.689874, 0.784792},
}};

/// Where the chip lies in a picture: sample (u, v) of the chip is at middle + R (u, v), seen from
/// the chip's middle; R is the rotation by (cosine, sine) times `step`. Whole numbers are the
/// middles of samples.
struct Frame {
  double x = 0, y = 0;
  double cosine = 1, sine = 0, step = 1;

  /// In the picture that `halved` makes. dlib takes a quarter of a sample more in x and less in y
  /// than is right; so do those who want its embeddings.
  Frame in_half() const {
    Frame half = *this;
    half.x = x / 2 - 1.25, half.y = y / 2 - 0.75;
    half.step = step / 2;
    return half;
  }
  /// Width of the chip in samples of the picture.
  double width() const { return step * double(kChip - 1) + 1; }
};

/// Least squares (Umeyama 1991) of the plane without mirroring. `points` [68,2] of a picture.
Frame frame_of(const Tensor& points, double width, double height) {
  const auto at = points.accessor<double, 2>();
  const auto n = static_cast<double>(kMeanFace.size());
  const auto chip_point = [](double v) {
    return (kPadding + v) / (2 * kPadding + 1) * double(kChip);
  };
  double fx = 0, fy = 0, tx = 0, ty = 0;
  for (const auto& [i, x, y] : kMeanFace) {
    fx += chip_point(x) / n, fy += chip_point(y) / n;
    tx += (at[i][0] * width - 0.5) / n, ty += (at[i][1] * height - 0.5) / n;
  }
  // The similarity is multiplication by a complex number.
  double real = 0, imaginary = 0, square = 0;
  for (const auto& [i, x, y] : kMeanFace) {
    const double u = chip_point(x) - fx, v = chip_point(y) - fy;
    const double p = at[i][0] * width - 0.5 - tx, q = at[i][1] * height - 0.5 - ty;
    real += u * p + v * q;
    imaginary += u * q - v * p;
    square += u * u + v * v;
  }
  real /= square, imaginary /= square;
  const double scale = std::hypot(real, imaginary);
  if (!(scale > 1e-6) || !std::isfinite(scale + tx + ty)) {
    throw Error(ErrorCode::usage, "the landmarks of a face say neither where nor how large it is");
  }
  Frame frame;
  frame.cosine = real / scale, frame.sine = imaginary / scale;
  const double u = kChip / 2.0 - fx, v = kChip / 2.0 - fy;
  frame.x = tx + real * u - imaginary * v;
  frame.y = ty + imaginary * u + real * v;
  // dlib brings the middles of the corner samples to those of a rectangle of 150 scaled samples.
  frame.step = (kChip * scale - 1) / double(kChip - 1);
  return frame;
}

/// [N,3,H,W] -> [N,3,(H-3)/2,(W-3)/2]: binomial over 5 x 5, every other sample from the third on.
Tensor halved(const Tensor& pictures) {
  const Tensor row = at::tensor({1.0, 4.0, 6.0, 4.0, 1.0}, pictures.options()) / 16;
  const Tensor kernel = at::outer(row, row).expand({3, 1, 5, 5});
  return at::conv2d(pictures, kernel, {}, {2, 2}, at::IntArrayRef{0, 0}, {1, 1}, 3);
}

/// [1,3,150,150] of a picture [1,3,H,W].
Tensor sampled(const Tensor& picture, const Frame& frame) {
  const double height = double(picture.size(2)), width = double(picture.size(3));
  const Tensor steps =
      (at::arange(kChip, picture.options().dtype(at::kDouble)) - (kChip - 1) / 2.0) * frame.step;
  const Tensor u = steps.unsqueeze(0), v = steps.unsqueeze(1);
  const Tensor x = frame.x + frame.cosine * u - frame.sine * v;
  const Tensor y = frame.y + frame.sine * u + frame.cosine * v;
  const Tensor grid =
      at::stack({(2 * x + 1) / width - 1, (2 * y + 1) / height - 1}, 2).unsqueeze(0);
  constexpr int64_t bilinear = 0, zeros = 0;
  return at::grid_sampler_2d(picture, grid.to(picture.scalar_type()), bilinear, zeros, false);
}

}  // namespace

Tensor face_chips(const Tensor& pictures, const Tensor& landmarks) {
  if (pictures.dim() != 4 || pictures.size(1) != 3 || pictures.size(0) < 1 ||
      landmarks.sizes() != at::IntArrayRef{pictures.size(0), 68, 2}) {
    throw Error(ErrorCode::usage, "faces are cut out of [N,3,H,W] by landmarks [N,68,2]");
  }
  const Tensor points = landmarks.detach().to(at::kDouble).contiguous();
  std::vector<Tensor> levels{pictures}, chips;
  for (int64_t i = 0; i < pictures.size(0); ++i) {
    Frame frame = frame_of(points[i], double(pictures.size(3)), double(pictures.size(2)));
    size_t level = 0;
    // dlib looks at the half to come, and compares what that has: from twice the chip on.
    while (frame.in_half().width() > kChip && levels[level].size(2) > 8 &&
           levels[level].size(3) > 8) {
      frame = frame.in_half();
      if (++level == levels.size()) levels.push_back(halved(levels.back()));
    }
    chips.push_back(sampled(levels[level].narrow(0, i, 1), frame));
  }
  return at::cat(chips);
}

}  // namespace vane
