// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a CLIP sees in what a generator makes by itself: measured once, then kept.

#include "editing/latent/edit_channels.h"
#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"

namespace vane {

struct PriorSample {
  MixedLatents latents;
  Tensor features;  // [N,D] unit, of the pictures of the latents at `side`
  int64_t side = 0;

  /// Deviation of the pictures' projections onto a unit direction [D]: the generator's own measure
  /// of how far apart pictures lie along it.
  double deviation_along(const Tensor& direction) const;
};

/// `count` mixed latents and what `clip` sees in their pictures. Features are kept in
/// cache_folder()/latent-prior by generator, CLIP and side; those that are there are not computed
/// again, and a stop keeps what was done. Throws Cancelled.
PriorSample prior_sample(const StyleGenerator& generator, const ClipEncoder& clip, int64_t count,
                         int64_t side, Job& job);

}  // namespace vane
