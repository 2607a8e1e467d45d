// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a descent should begin: single sliders tried one by one.

#include "editing/optimise.h"

namespace vane {

/// Coordinate search over Generator::moves(), without gradients.
///
/// Every move is tried both ways from `start`. Those that lower the loss are then tried again in
/// the order of what they gained, each on top of the ones kept so far, doubling the step up to four
/// times as long as that helps. A gradient sees only the slope at the start; black and white, for
/// example, begins with a step that CLIP hardly notices. The descent that follows may take
/// everything back.
///
/// The crops are those of step 0 throughout. A stop request gives the best so far. Costs two
/// evaluations a move and a few for each one kept.
Latent search_start(const Generator& generator, const Latent& start, Objective& objective,
                    const Evaluation& evaluation, const OptimiseConfig& config, Job& job);

}  // namespace vane
