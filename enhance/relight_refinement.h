// SPDX-License-Identifier: Apache-2.0
#pragma once
// Test-time refinement: the light that the network found for one photograph, moved a little for
// that photograph alone, by RAVE's loss and without any truth.

#include <memory>

#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "generators/relight/relight_fields.h"
#include "guidance/direction.h"

namespace vane {

struct RefinementOptions {
  int64_t steps = 30;
  /// Adam's step of the stops; that of the haze is a fortieth of it.
  double learning_rate = 0.03;
  /// Prices beside RAVE's loss: of the squared distance to the prediction (haze counted in
  /// fortieths), and of the total variation of the stops.
  double closeness = 0.2, smoothness = 0.01;
  /// The change is bilinear between knots so many pixels apart: single pixels would speak to the
  /// encoder only.
  int64_t cell = 8;
  /// Stops stay within this of the prediction, haze within a fortieth of it; both within what the
  /// network can say, (-1,5) and (0,0.1).
  double reach = 1;
};

struct Refinement {
  RelightEstimate light;
  /// The objective at the prediction, and at `light`, where it is lowest of all that was seen.
  double before = 0, after = 0;
};

/// Minimises (<n(E(y)), r> - tau)^2 + closeness mean (light - predicted)^2 + smoothness TV(stops),
/// y the small rendering at strength 1, by Adam. No random numbers: the same light every time.
/// Throws Error{usage} for a direction without tau, Error{checkpoint} for one of another model,
/// Error{numeric} when the objective is not finite, Cancelled between steps.
Refinement refined_light(const std::shared_ptr<const ClipEncoder>& clip, const Direction& residual,
                         const RelightView& view, const RelightEstimate& predicted,
                         const RefinementOptions& options, Job& job);

}  // namespace vane
