// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/relevance.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr int64_t kBatch = 32;

/// Ranks with ties sharing their mean.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<double> out;
  for (const double value : values) {
    double below = 0, equal = 0;
    for (const double other : values) {
      below += other < value ? 1 : 0;
      equal += other == value ? 1 : 0;
    }
    out.push_back(below + (equal - 1) / 2);
  }
  return out;
}

}  // namespace

Relevance regress_relevance(const Tensor& x, const Tensor& features) {
  const int64_t samples = x.size(0), channels = x.size(1);
  if (samples < 8) throw Error(ErrorCode::usage, "relevance needs 8 samples at least");
  const double n = static_cast<double>(samples);
  const Tensor x_double = (x - x.mean(0, true)).to(at::kDouble);
  const Tensor y = (features - features.mean(0, true)).to(at::kDouble);
  // Eigenvalues of the smaller of the two Gram matrices give every penalty at once.
  const bool by_channel = channels <= samples;
  const auto [values, vectors] =
      at::linalg_eigh(by_channel ? at::mm(x_double.t(), x_double) : at::mm(x_double, x_double.t()));
  const Tensor energy = values.clamp_min(0);
  // Left singular vectors times their response: of Y for each principal direction.
  const Tensor left =
      by_channel ? at::mm(x_double, vectors) / energy.clamp_min(1e-12).sqrt() : vectors;
  const Tensor response = at::mm(left.t(), y);
  const double total = y.square().sum().item<double>();
  double best = std::numeric_limits<double>::infinity(), penalty = n, residual = total;
  double freedom = n;
  for (double candidate = n / 256; candidate <= 64 * n; candidate *= 2) {
    const Tensor shrink = energy / (energy + candidate);
    // |Y - fit|^2 = |Y|^2 - sum (2 s - s^2) |response|^2.
    const double rest =
        total -
        ((2 * shrink - shrink.square()).unsqueeze(1) * response.square()).sum().item<double>();
    const double left_over = n - 1 - shrink.sum().item<double>();
    const double score = rest * n / (left_over * left_over);
    if (score >= best) continue;
    best = score;
    penalty = candidate;
    residual = rest;
    freedom = left_over;
  }
  const Tensor weights = energy.clamp_min(1e-12).sqrt() / (energy + penalty);
  const Tensor right =
      by_channel ? vectors : at::mm(x_double.t(), vectors) / energy.clamp_min(1e-12).sqrt();
  const Tensor rows = at::mm(right, weights.unsqueeze(1) * response);  // [C,D]
  // Covariance of a row under noise of the residual's size in each embedding coordinate.
  const Tensor variance = at::mv(right.square(), weights.square()) * (residual / freedom);
  const Tensor length_squared = rows.square().sum(1).clamp_min(1e-30);
  const Tensor certainty = (1 - 2 * variance / length_squared).clamp_min(0).sqrt();
  Relevance relevance;
  relevance.rows =
      (rows * (certainty / length_squared.sqrt()).unsqueeze(1)).to(at::kFloat).contiguous();
  relevance.lengths = length_squared.sqrt().to(at::kFloat);
  relevance.explained = total > 0 ? 1 - best * n / total : 0;
  return relevance;
}

Relevance relevance_of(const StyleGenerator& generator, const EditChannels& channels,
                       const PriorSample& prior, Job& job) {
  std::vector<Tensor> x;
  const int64_t samples = prior.features.size(0);
  for (int64_t first = 0; first < samples; first += kBatch) {
    job.check_cancelled();
    x.push_back(
        channels.coordinates(generator, prior.latents, first, std::min(kBatch, samples - first)));
  }
  job.progress(0, 0, "regressing");
  return regress_relevance(at::cat(x), prior.features);
}

Tensor probe_relevance(const StyleGenerator& generator, const EditChannels& channels,
                       const PriorSample& prior, const ClipEncoder& clip,
                       const std::vector<int64_t>& which, int64_t pictures, double deviations,
                       Job& job) {
  std::vector<Tensor> rows;
  for (const int64_t channel : which) {
    job.progress(std::ssize(rows), std::ssize(which), "probing");
    Tensor coordinates = at::zeros({channels.count()});
    coordinates[channel] = deviations;
    const LatentMove up = channels.move(coordinates), down = scaled(up, -1);
    Tensor change = at::zeros({clip.info().embed_dim});
    for (int64_t i = 0; i < pictures; ++i) {
      job.check_cancelled();
      const Tensor w = prior.latents.w_plus(generator, i, 1);
      const auto seen = [&](const LatentMove& move) {
        return clip.image_features(moved_picture(generator, w, move, prior.side).clamp(0, 1))[0];
      };
      change += seen(up) - seen(down);
    }
    rows.push_back(change / static_cast<double>(pictures));
  }
  return at::stack(rows);
}

Tensor selected_channels(const Tensor& relevance, const Tensor& direction, double beta) {
  const Tensor along = at::mv(relevance, direction);
  const Tensor size = along.abs();
  const double most = size.max().item<double>();
  if (most == 0 || most < beta) {
    throw Error(
        ErrorCode::usage,
        fmt::format("no channel of the generator follows this direction by beta {:.3g}; the "
                    "most is {:.3g}",
                    beta, most))
        .with_hint("a smaller --beta keeps more channels; other words may follow better");
  }
  return at::where(size >= beta, along, at::zeros_like(along)) / most;
}

double automatic_beta(const Tensor& relevance, const Tensor& direction, int64_t least) {
  const Tensor size = std::get<0>(at::sort(at::mv(relevance, direction).abs(), 0, true));
  for (int hundredths = 29; hundredths >= 10; --hundredths) {
    const double beta = hundredths / 100.0;
    if ((size >= beta).sum().item<int64_t>() > least) return beta;
  }
  const int64_t relevant = (size > 0).sum().item<int64_t>();
  return size[relevant > least ? least : relevant / 2].item<double>();
}

double rank_correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const std::vector<double> a = ranks(x), b = ranks(y);
  const double middle = (static_cast<double>(a.size()) - 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - middle) * (b[i] - middle);
    aa += (a[i] - middle) * (a[i] - middle);
    bb += (b[i] - middle) * (b[i] - middle);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

}  // namespace vane
