// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether a generator can do what a direction asks, before it is forced to.

#include "engine/base/job.h"
#include "generators/generator.h"
#include "guidance/clip_directional.h"

namespace vane {

struct Reach {
  /// Best cosine between a single move's change in CLIP space and the direction.
  double alignment = 0;
  /// The same for directions that photographs are known to be able to take: darker, brighter, black
  /// and white, more colourful, warmer. The scale of `alignment` differs from model to model.
  double reference = 0;
  /// 0 when no single move goes that way any better than by chance, 1 when one goes about as
  /// straight as the reference; what an edit is multiplied by.
  double factor = 1;
};

/// Tries every Generator::moves() of `start` both ways, at its natural step and at two and a half
/// times that, on the whole picture. An optimiser finds a change that pleases CLIP for any phrase
/// at all; single sliders cannot be bent like that, so they tell an edit from a trick. A text
/// direction of almost no length (two phrases that mean the same to the model) lowers the factor as
/// well. Throws Cancelled.
Reach reach_of(const Generator& generator, const Latent& start, const DirectionalGuide& guide,
               int64_t view_long_side, Job& job);

}  // namespace vane
