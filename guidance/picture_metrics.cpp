// SPDX-License-Identifier: Apache-2.0
#include "guidance/picture_metrics.h"

#include <limits>
#include <numbers>

#include "engine/base/error.h"
#include "engine/tensor/image_tensor.h"
#include "guidance/edit_metrics.h"

namespace vane {
namespace {

void check_pictures(const Tensor& a, const Tensor& b) {
  if (a.dim() != 4 || a.size(0) != 1 || a.size(1) != 3 || a.numel() == 0 ||
      a.sizes() != b.sizes()) {
    throw Error(ErrorCode::usage, "metrics need two colour pictures of one size");
  }
}

Tensor eight_bit(const Tensor& image) {
  return at::floor(at::clamp(image.to(at::kDouble), 0, 1) * 255 + 0.5);
}

Tensor weighted(const Tensor& image, double r, double g, double b) {
  return (r * image.select(1, 0) + g * image.select(1, 1) + b * image.select(1, 2)).unsqueeze(1);
}

double psnr_of_levels(const Tensor& a, const Tensor& b) { return psnr(a / 255, b / 255); }

}  // namespace

double psnr_rgb(const Tensor& reference, const Tensor& test) {
  const at::NoGradGuard no_grad;
  check_pictures(reference, test);
  return psnr_of_levels(eight_bit(reference), eight_bit(test));
}

double psnr_y(const Tensor& reference, const Tensor& test) {
  const at::NoGradGuard no_grad;
  check_pictures(reference, test);
  const auto luma = [](const Tensor& image) {
    return at::floor(weighted(image.to(at::kDouble), 65.481, 128.553, 24.966) + 16.5);
  };
  return psnr_of_levels(luma(reference), luma(test));
}

double ssim_luma(const Tensor& reference, const Tensor& test) {
  const at::NoGradGuard no_grad;
  check_pictures(reference, test);
  const auto luma = [](const Tensor& image) {
    return weighted(image.to(at::kDouble), 0.299, 0.587, 0.114);
  };
  return ssim(luma(reference), luma(test));
}

double lightness_order_error(const Tensor& reference, const Tensor& test) {
  const at::NoGradGuard no_grad;
  check_pictures(reference, test);
  constexpr double kShorter = 50;
  const int64_t height = reference.size(2), width = reference.size(3);
  const double ratio = std::min(1.0, kShorter / static_cast<double>(std::min(height, width)));
  const auto reduced = [&](int64_t side) {
    return std::max<int64_t>(1, std::llround(ratio * static_cast<double>(side)));
  };
  constexpr int64_t kMostPixels = 100'000;
  if (reduced(height) * reduced(width) > kMostPixels) {
    throw Error(ErrorCode::usage, "the picture is too long and narrow for LOE")
        .with_hint("leave loe out of --metric");
  }
  const auto lightness = [&](const Tensor& image) {
    const Tensor brightest = image.to(at::kDouble).amax(1, true);
    // Rounded, so that equal levels stay equal whatever the arithmetic of the reduction.
    return at::round(resize_area(brightest, reduced(height), reduced(width)) * 65535).flatten();
  };
  const Tensor before = lightness(reference), after = lightness(test);
  const int64_t pixels = before.numel();
  int64_t changed = 0;
  constexpr int64_t kRows = 512;  // of the pixels x pixels comparison at a time
  for (int64_t start = 0; start < pixels; start += kRows) {
    const int64_t rows = std::min(kRows, pixels - start);
    const Tensor was = before.narrow(0, start, rows).unsqueeze(1) >= before.unsqueeze(0);
    const Tensor is = after.narrow(0, start, rows).unsqueeze(1) >= after.unsqueeze(0);
    changed += at::logical_xor(was, is).sum().item<int64_t>();
  }
  return static_cast<double>(changed) / static_cast<double>(pixels);
}

Tensor ciede2000(const Tensor& lab_a, const Tensor& lab_b) {
  const at::NoGradGuard no_grad;
  constexpr double kDegree = std::numbers::pi / 180, kTurn = 2 * std::numbers::pi;
  const Tensor first = lab_a.to(at::kDouble), second = lab_b.to(at::kDouble);
  const Tensor l1 = first.select(1, 0), l2 = second.select(1, 0);
  const Tensor b1 = first.select(1, 2), b2 = second.select(1, 2);
  const auto seventh = [](const Tensor& chroma) {
    const Tensor power = chroma.pow(7);
    return at::sqrt(power / (power + std::pow(25.0, 7)));
  };
  const Tensor mean_chroma =
      (at::hypot(first.select(1, 1), b1) + at::hypot(second.select(1, 1), b2)) / 2;
  const Tensor stretch = 1 + 0.5 * (1 - seventh(mean_chroma));
  const Tensor a1 = stretch * first.select(1, 1), a2 = stretch * second.select(1, 1);
  const Tensor c1 = at::hypot(a1, b1), c2 = at::hypot(a2, b2);
  const auto hue = [&](const Tensor& a, const Tensor& b) {
    const Tensor angle = at::atan2(b, a);
    return at::where(angle < 0, angle + kTurn, angle);
  };
  const Tensor h1 = hue(a1, b1), h2 = hue(a2, b2);
  const Tensor grey = c1 * c2 == 0;
  Tensor turn = h2 - h1;
  turn = at::where(turn > std::numbers::pi, turn - kTurn, turn);
  turn = at::where(turn < -std::numbers::pi, turn + kTurn, turn);
  turn = at::where(grey, at::zeros_like(turn), turn);
  const Tensor far = (h1 - h2).abs() > std::numbers::pi, sum = h1 + h2;
  Tensor hue_mean =
      at::where(far, at::where(sum < kTurn, (sum + kTurn) / 2, (sum - kTurn) / 2), sum / 2);
  hue_mean = at::where(grey, sum, hue_mean);
  const Tensor l_mean = (l1 + l2) / 2, c_mean = (c1 + c2) / 2;
  const Tensor t = 1 - 0.17 * at::cos(hue_mean - 30 * kDegree) + 0.24 * at::cos(2 * hue_mean) +
                   0.32 * at::cos(3 * hue_mean + 6 * kDegree) -
                   0.20 * at::cos(4 * hue_mean - 63 * kDegree);
  const Tensor middle = (l_mean - 50).square();
  const Tensor lightness = (l2 - l1) / (1 + 0.015 * middle / at::sqrt(20 + middle));
  const Tensor chroma = (c2 - c1) / (1 + 0.045 * c_mean);
  const Tensor hues = 2 * at::sqrt(c1 * c2) * at::sin(turn / 2) / (1 + 0.015 * c_mean * t);
  const Tensor bend = 60 * kDegree * at::exp(-((hue_mean / kDegree - 275) / 25).square());
  const Tensor rotation = -2 * seventh(c_mean) * at::sin(bend);
  return at::sqrt(at::clamp_min(
      lightness.square() + chroma.square() + hues.square() + rotation * chroma * hues, 0));
}

ColourDifference delta_e_2000(const Tensor& reference, const Tensor& test) {
  const at::NoGradGuard no_grad;
  check_pictures(reference, test);
  const Tensor difference = ciede2000(srgb_to_lab(reference), srgb_to_lab(test)).flatten();
  const Tensor sorted = std::get<0>(at::sort(difference));
  const int64_t place = (sorted.numel() - 1) * 95 / 100;
  return {difference.mean().item<double>(), sorted[place].item<double>()};
}

double chroma_angle(const Tensor& reference, const Tensor& test) {
  const at::NoGradGuard no_grad;
  check_pictures(reference, test);
  const Tensor a = reference.to(at::kDouble), b = test.to(at::kDouble);
  const Tensor length_a = at::sqrt(a.square().sum(1)), length_b = at::sqrt(b.square().sum(1));
  const Tensor seen = at::logical_and(length_a > 0, length_b > 0);
  if (!seen.any().item<bool>()) return std::numeric_limits<double>::quiet_NaN();
  // The sine keeps precision where the angle is small.
  const Tensor sine = at::sqrt(at::linalg_cross(a, b, 1).square().sum(1));
  const Tensor angle = at::atan2(sine, (a * b).sum(1)) * (180 / std::numbers::pi);
  return at::masked_select(angle, seen).mean().item<double>();
}

}  // namespace vane
