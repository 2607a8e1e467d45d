// SPDX-License-Identifier: Apache-2.0
#include "guidance/tone_statistics.h"

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr double kTop = 255;
constexpr double kDarkBelow = 5, kBrightAbove = 250;

double number(const Tensor& value) { return value.item<double>(); }

}  // namespace

ToneStatistics tone_statistics(const Tensor& image) {
  const at::NoGradGuard no_grad;
  if (image.dim() != 4 || image.size(0) != 1 || image.size(1) != 3 || image.numel() == 0) {
    throw Error(ErrorCode::usage, "tone statistics are of one colour picture");
  }
  const Tensor levels = at::floor(at::clamp(image.to(at::kDouble), 0, 1) * kTop + 0.5);
  const Tensor red = levels.select(1, 0), green = levels.select(1, 1), blue = levels.select(1, 2);
  const Tensor luma = 0.299 * red + 0.587 * green + 0.114 * blue;
  const Tensor rounded = at::floor(luma + 0.5);
  ToneStatistics seen;
  seen.mean_luma = number(luma.mean()) / kTop;
  seen.dark = number((rounded < kDarkBelow).to(at::kDouble).mean());
  seen.bright = number((rounded > kBrightAbove).to(at::kDouble).mean());
  const Tensor counts = at::bincount(rounded.flatten().to(at::kLong)).to(at::kDouble);
  const Tensor shares = counts.index({counts > 0}) / static_cast<double>(rounded.numel());
  seen.entropy = std::max(0.0, -number((shares * at::log2(shares)).sum()));
  const Tensor rg = red - green, yb = (red + green) / 2 - blue;
  const auto variance = [](const Tensor& t) { return number(t.var(false)); };
  seen.colourfulness = std::sqrt(variance(rg) + variance(yb)) +
                       0.3 * std::hypot(number(rg.mean()), number(yb.mean()));
  return seen;
}

}  // namespace vane
