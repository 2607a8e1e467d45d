// SPDX-License-Identifier: Apache-2.0
#include "guidance/colour_refine.h"

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr int64_t kCells = 64;
constexpr int64_t kBins = 12;  // of each colour channel
constexpr int kRounds = 6;
// Colours count twice as much as a single pixel's likelihood, but never outvote a sure prior.
constexpr double kColourWeight = 2, kLargestRatio = 3, kLeastPrior = 0.03;
constexpr int64_t kRadiusShare = 64;  // shorter side / radius of the smoothing

Tensor box_mean(const Tensor& map, int64_t radius) {
  const Tensor padded = at::replication_pad2d(map.unsqueeze(0), {radius, radius, radius, radius});
  const int64_t side = 2 * radius + 1;
  return at::avg_pool2d(padded.unsqueeze(0), {side, side}, {1, 1})[0][0];
}

// Share of every colour among the weighted pixels, blurred over neighbouring colours.
Tensor colour_shares(const Tensor& colours, const Tensor& weights) {
  const Tensor counts = at::bincount(colours, weights.flatten(), kBins * kBins * kBins)
                            .view({1, 1, kBins, kBins, kBins});
  const Tensor blurred =
      at::avg_pool3d(at::replication_pad3d(counts[0], {1, 1, 1, 1, 1, 1}).unsqueeze(0), {3, 3, 3},
                     {1, 1, 1})
          .flatten();
  const Tensor smooth = blurred + counts.flatten() + 1e-3;
  return smooth / smooth.sum();
}

Tensor log_odds(const Tensor& p) { return (p / (1 - p)).log(); }

}  // namespace

double otsu_threshold(const Tensor& map) {
  const Tensor values = map.to(at::kDouble).flatten().contiguous();
  const double low = values.min().item<double>(), high = values.max().item<double>();
  if (!(high > low)) return low;
  std::vector<double> count(kCells, 0.0);
  const double* data = values.const_data_ptr<double>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    const auto cell = static_cast<int64_t>((data[i] - low) / (high - low) * kCells);
    count[static_cast<size_t>(std::min(cell, kCells - 1))] += 1;
  }
  double total = 0;
  for (size_t i = 0; i < count.size(); ++i) total += static_cast<double>(i) * count[i];
  const auto pixels = static_cast<double>(values.numel());
  double below = 0, sum = 0, best = -1;
  size_t split = 0;
  for (size_t i = 0; i + 1 < count.size(); ++i) {
    below += count[i];
    sum += static_cast<double>(i) * count[i];
    const double gap = total * below / pixels - sum;
    const double between =
        below > 0 && below < pixels ? gap * gap / (below * (pixels - below)) : -1;
    if (between > best) {
      best = between;
      split = i;
    }
  }
  return low + (static_cast<double>(split) + 1) * (high - low) / kCells;
}

Tensor refine_by_colours(const Tensor& prior, const Tensor& image) {
  const at::NoGradGuard no_grad;
  if (image.dim() != 4 || image.size(0) != 1 || image.size(1) != 3 || prior.dim() != 2 ||
      image.size(2) != prior.size(0) || image.size(3) != prior.size(1)) {
    throw Error(ErrorCode::usage, "a prior [H,W] is refined by a picture [1,3,H,W] of its size");
  }
  const Tensor bins = (image[0].to(at::kDouble).clamp(0, 1) * (kBins - 1e-3)).to(at::kLong);
  const Tensor colours = ((bins[0] * kBins + bins[1]) * kBins + bins[2]).flatten();
  const Tensor given = log_odds(prior.to(at::kDouble).clamp(kLeastPrior, 1 - kLeastPrior));
  const int64_t radius =
      std::max<int64_t>(1, std::min(prior.size(0), prior.size(1)) / kRadiusShare);
  Tensor posterior = prior.to(at::kDouble);
  for (int round = 0; round < kRounds; ++round) {
    const Tensor ratio =
        colour_shares(colours, posterior).log() - colour_shares(colours, 1 - posterior).log();
    const Tensor evidence =
        ratio.index_select(0, colours).view(prior.sizes()).clamp(-kLargestRatio, kLargestRatio);
    const Tensor odds = box_mean(box_mean(kColourWeight * evidence + given, radius), radius);
    posterior = at::sigmoid(odds);
  }
  return posterior.to(prior.scalar_type());
}

}  // namespace vane
