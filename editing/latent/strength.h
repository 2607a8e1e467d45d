// SPDX-License-Identifier: Apache-2.0
#pragma once
// How far to go: the gain of a move against what it costs, and the strength that reaches what was
// asked for at the least cost.

#include <functional>
#include <vector>

#include "editing/latent/latent_method.h"
#include "engine/base/job.h"
#include "engine/tensor/fwd.h"
#include "guidance/direction.h"

namespace vane {

/// One strength of an edit, measured on previews.
struct StrengthPoint {
  /// Multiple of the move.
  double alpha = 0;
  /// <e - s, d> of the unit embeddings of edit and source, mean over guide_views(),
  /// as the guiding CLIP sees them.
  double gain = 0;
  /// 1 the same, 0 a stranger; see IdentityMeasure.
  double identity = 1;
  /// Mean absolute change of the samples where nothing should: outside the mask, or without one in
  /// the outer eighth of the picture at the left, the top and the right.
  double background = 0;
};

/// How much of who is shown is left in an edit [1,3,side,side] of a source that it was made for;
/// 1 for the source.
struct IdentityMeasure {
  std::function<double(const Tensor& edited)> of;
  int64_t side = 0;  // of the pictures that it wants
};

/// 1 - distance of the stages of a ResNet CLIP over that of strangers (the mean over pairs of
/// neighbouring samples of the prior), within [0,1]; of embeddings for a CLIP without them.
IdentityMeasure clip_identity_measure(const LatentScene& scene);

/// The gain along the direction that takes the source to `deviations` above the mean of what the
/// generator makes by itself, but a third of `deviations` at least: who smiles already shall smile
/// a little more.
double wanted_gain(const LatentScene& scene, const Direction& direction, double deviations);

/// What loses identity and disturbs the background: (1 - identity) + 3 background.
double edit_cost(const StrengthPoint& point);

StrengthPoint measured(const LatentScene& scene, const Direction& direction,
                       const IdentityMeasure& identity, const LatentMove& move, double alpha);

struct ChosenStrength {
  LatentCandidate candidate;
  /// The strength, with what it gains and costs.
  StrengthPoint point;
  /// No strength that was looked at gains what was asked for without losing who is shown.
  bool falls_short = false;
  /// All that were looked at to choose it, by alpha; those without identity (NaN) cost nothing to
  /// look at.
  std::vector<StrengthPoint> tried;
};

/// For each candidate the smallest alpha that gains `scene.options.gain`, by steps of a quarter of
/// its reach and false position between two; then the candidate that costs least. Where identity
/// would fall below `least_identity`, the strength is brought back to where it does not. A
/// candidate that falls short is taken only when all do: the one that gains most, near its
/// best.
ChosenStrength choose_strength(const LatentScene& scene, const Direction& direction,
                               const std::vector<LatentCandidate>& candidates,
                               const IdentityMeasure& identity, double least_identity, Job& job);

/// Spearman's rank correlation of alpha with the gain over the points: 1 when more is more.
double monotonicity(const std::vector<StrengthPoint>& points);

}  // namespace vane
