// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/strength.h"

#include <algorithm>
#include <cmath>

#include "editing/latent/guide_views.h"
#include "editing/latent/relevance.h"
#include "engine/base/error.h"
#include "engine/tensor/image_tensor.h"
#include "guidance/stage_distance.h"

namespace vane {
namespace {

constexpr double kBackgroundWeight = 3;
// Alphas that are looked at: quarters of the reach of a candidate, up to 2.5 times that.
constexpr int kSteps = 10;
constexpr double kStep = 0.25;
constexpr int kHalvings = 5;
constexpr int kRefinements = 6;
constexpr double kNearEnough = 0.03, kMostOfIt = 0.97;
constexpr int64_t kStrangers = 16;
constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

/// Gains against one source, which is looked at once.
class GainMeter {
 public:
  GainMeter(const LatentScene& scene, const Direction& direction)
      : scene_(scene), direction_(direction.vector), source_(features({})) {}

  double gain(const LatentMove& move) const {
    return at::mv(features(move) - source_, direction_).mean().item<double>();
  }

 private:
  Tensor features(const LatentMove& move) const {
    return scene_.clip->image_features(guide_views(scene_.preview(move)));
  }

  const LatentScene& scene_;
  Tensor direction_, source_;
};

double background_change(const LatentScene& scene, const LatentMove& move) {
  const Tensor change =
      (scene.preview(move).clamp(0, 1) - scene.preview({}).clamp(0, 1)).abs().mean(1, true);
  if (scene.mask.defined()) {
    const Tensor outside = 1 - scene.mask;
    return ((change * outside).sum() / outside.sum().clamp_min(1e-6)).item<double>();
  }
  const int64_t side = change.size(2), band = std::max<int64_t>(1, side / 8);
  const double top = change.narrow(2, 0, band).sum().item<double>();
  const Tensor below = change.narrow(2, band, side - band);
  const double flanks = below.narrow(3, 0, band).sum().item<double>() +
                        below.narrow(3, side - band, band).sum().item<double>();
  return (top + flanks) / static_cast<double>(band * (side + 2 * (side - band)));
}

double identity_of(const LatentScene& scene, const IdentityMeasure& identity,
                   const LatentMove& move) {
  if (!scene.mask.defined()) {
    return identity.of(
        moved_picture(*scene.generator, scene.w_plus, move, identity.side).clamp(0, 1));
  }
  LatentScene larger = scene;
  larger.side = identity.side;
  larger.mask = at::upsample_bilinear2d(scene.mask, {identity.side, identity.side}, false);
  return identity.of(larger.preview(move).clamp(0, 1));
}

/// The way of one candidate to the gain, without identities.
struct Way {
  std::vector<StrengthPoint> points;
  double alpha = 0;
  bool reaches = false;
};

/// Between a strength that gains too little and one that gains enough, by false position.
double where_gain_is(const GainMeter& meter, const LatentMove& move, double wanted,
                     StrengthPoint low, StrengthPoint high) {
  double alpha = high.alpha;
  for (int i = 0; i < kRefinements; ++i) {
    const double share =
        std::clamp((wanted - low.gain) / std::max(high.gain - low.gain, 1e-12), 0.05, 0.95);
    alpha = low.alpha + share * (high.alpha - low.alpha);
    const double gain = meter.gain(scaled(move, alpha));
    if (std::abs(gain - wanted) < kNearEnough * wanted) break;
    (gain < wanted ? low : high) = {alpha, gain, kNotMeasured, kNotMeasured};
  }
  return alpha;
}

Way way_of(const GainMeter& meter, const LatentCandidate& candidate, double wanted, Job& job) {
  Way way;
  way.points.push_back({0, 0, kNotMeasured, kNotMeasured});
  double best = 0;
  for (int step = 1; step <= kSteps; ++step) {
    job.check_cancelled();
    const double alpha = step * kStep * candidate.reach;
    const double gain = meter.gain(scaled(candidate.move, alpha));
    const StrengthPoint before = way.points.back();
    way.points.push_back({alpha, gain, kNotMeasured, kNotMeasured});
    best = std::max(best, gain);
    if (gain >= wanted) {
      way.alpha = where_gain_is(meter, candidate.move, wanted, before, way.points.back());
      way.reaches = true;
      return way;
    }
    if (gain < best / 2 && step > 4) break;  // past what the move can do
  }
  // Beyond that share of what can be had, more costs much and gains little.
  for (const StrengthPoint& point : way.points) {
    if (point.gain < kMostOfIt * best) continue;
    way.alpha = point.alpha;
    break;
  }
  return way;
}

}  // namespace

IdentityMeasure clip_identity_measure(const LatentScene& scene) {
  const std::shared_ptr<const ClipEncoder> clip = scene.clip;
  const bool has_stages = clip->modified_resnet_tower() != nullptr;
  const auto distance = [clip, has_stages](const Tensor& a, const Tensor& b) {
    if (has_stages) return stage_distance(stage_view(*clip, a), stage_view(*clip, b));
    return 1 - (clip->image_features(a) * clip->image_features(b)).sum(1);
  };
  const Tensor source = moved_picture(*scene.generator, scene.w_plus, {}, scene.side).clamp(0, 1);
  double strangers = 0;
  const int64_t count = std::min(kStrangers, scene.prior->latents.w.size(0));
  for (int64_t i = 0; i < count; ++i) {
    const Tensor w = scene.prior->latents.w_plus(*scene.generator, i, 1);
    const Tensor other = scene.generator->synthesise_at(w, scene.side).clamp(0, 1);
    strangers += distance(source, other).item<double>() / static_cast<double>(count);
  }
  strangers = std::max(strangers, 1e-9);
  return {[=](const Tensor& edited) {
            return std::clamp(1 - distance(source, edited).item<double>() / strangers, 0.0, 1.0);
          },
          scene.side};
}

double wanted_gain(const LatentScene& scene, const Direction& direction, double deviations) {
  const Tensor source = guide_views(moved_picture(*scene.generator, scene.w_plus, {}, scene.side));
  const double score =
      at::mv(scene.clip->image_features(source), direction.vector).mean().item<double>();
  const double mean = at::mv(scene.prior->features, direction.vector).mean().item<double>();
  const double deviation = scene.prior->deviation_along(direction.vector);
  return std::max(mean + deviations * deviation - score, deviations * deviation / 3);
}

double edit_cost(const StrengthPoint& point) {
  return 1 - point.identity + kBackgroundWeight * point.background;
}

StrengthPoint measured(const LatentScene& scene, const Direction& direction,
                       const IdentityMeasure& identity, const LatentMove& move, double alpha) {
  const LatentMove at_alpha = scaled(move, alpha);
  return {alpha, GainMeter(scene, direction).gain(at_alpha), identity_of(scene, identity, at_alpha),
          background_change(scene, at_alpha)};
}

ChosenStrength choose_strength(const LatentScene& scene, const Direction& direction,
                               const std::vector<LatentCandidate>& candidates,
                               const IdentityMeasure& identity, double least_identity, Job& job) {
  const GainMeter meter(scene, direction);
  ChosenStrength chosen;
  bool is_first = true;
  for (const LatentCandidate& candidate : candidates) {
    job.progress(&candidate - candidates.data(), std::ssize(candidates), "choosing the strength");
    Way way = way_of(meter, candidate, scene.options.gain, job);
    StrengthPoint point = measured(scene, direction, identity, candidate.move, way.alpha);
    bool falls_short = !way.reaches;
    if (point.identity < least_identity) {
      double low = 0, high = way.alpha;
      for (int i = 0; i < kHalvings; ++i) {
        job.check_cancelled();
        const double middle = (low + high) / 2;
        const double left = identity_of(scene, identity, scaled(candidate.move, middle));
        (left >= least_identity ? low : high) = middle;
      }
      point = measured(scene, direction, identity, candidate.move, low);
      falls_short = true;
    }
    const bool is_better = is_first || (falls_short != chosen.falls_short ? !falls_short
                                        : falls_short ? point.gain > chosen.point.gain
                                                      : edit_cost(point) < edit_cost(chosen.point));
    if (!is_better) continue;
    is_first = false;
    chosen = {candidate, point, falls_short, std::move(way.points)};
  }
  if (is_first) throw Error(ErrorCode::internal, "the method offers no move");
  return chosen;
}

double monotonicity(const std::vector<StrengthPoint>& points) {
  std::vector<double> alphas, gains;
  for (const StrengthPoint& point : points) {
    alphas.push_back(point.alpha);
    gains.push_back(point.gain);
  }
  return rank_correlation(alphas, gains);
}

}  // namespace vane
