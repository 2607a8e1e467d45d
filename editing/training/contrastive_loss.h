// SPDX-License-Identifier: Apache-2.0
#pragma once
// The loss that a CLIP is trained with.

#include <vector>

#include "engine/data/captioned_source.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// float [N,N]: 1 where caption j is true of picture i (the diagonal always is).
Tensor true_pairs(const std::vector<CaptionedPicture>& batch);

/// Symmetric InfoNCE (Radford et al. 2021, figure 3) with soft targets: each picture should find
/// every true caption of the batch with equal probability, and each caption every picture it is
/// true of. With true pairs on the diagonal only it is the published loss.
///
/// `image`, `text` raw [N,D]; `logit_scale` 0-dim natural logarithm; -> 0-dim.
Tensor contrastive_loss(const Tensor& image, const Tensor& text, const Tensor& logit_scale,
                        const Tensor& pairs);

}  // namespace vane
