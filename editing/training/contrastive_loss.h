// SPDX-License-Identifier: Apache-2.0
#pragma once
// The loss that a CLIP is trained with.

#include <vector>

#include "engine/data/captioned_source.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// float [N,N+E]: 1 where caption j is true of picture i (the diagonal always is). The last E
/// captions are `others`, which belong to no picture.
Tensor true_pairs(const std::vector<CaptionedPicture>& batch, const std::vector<Caption>& others);

/// Symmetric InfoNCE (Radford et al. 2021, figure 3) with soft targets: each picture should find
/// every true caption of the batch with equal probability, and each caption every picture it is
/// true of; a caption true of no picture is only something to be told from. With true pairs on the
/// diagonal only it is the published loss.
///
/// `image` raw [N,D], `text` raw [M,D], `pairs` [N,M]; `logit_scale` 0-dim natural logarithm; ->
/// 0-dim.
Tensor contrastive_loss(const Tensor& image, const Tensor& text, const Tensor& logit_scale,
                        const Tensor& pairs);

/// Mean of softplus(-scale (cos(image_i, text_i) - cos(image_i, foil_i))), scale =
/// exp(logit_scale): the two-way choice between a picture's caption and a false one like it (after
/// the hard negatives of Yuksekgonul et al. 2023, section 4). `image`, `text`, `foil` raw [N,D] ->
/// 0-dim.
Tensor foil_loss(const Tensor& image, const Tensor& text, const Tensor& foil,
                 const Tensor& logit_scale);

/// Mean over all ordered pairs of pictures with degree_i - degree_j > `apart` of
/// softplus(-(score_i - score_j)), score = exp(logit_scale) (cos(image, more) - cos(image, less)):
/// of two pictures, the one that shows more of something scores higher (after Burges et al. 2005,
/// RankNet). What lies between yes and no, which captions never tell, is ordered by this alone.
/// `image` raw [N,D], `more`, `less` raw [D], `degrees` [N] -> 0-dim; 0 without such a pair.
Tensor ranking_loss(const Tensor& image, const Tensor& more, const Tensor& less,
                    const Tensor& degrees, double apart, const Tensor& logit_scale);

/// Mean of 1 - cos(image_i - image_j, text_i - text_j) over the pairs of each run of `group`
/// neighbours whose captions are not true of each other's picture; a batch without such a pair
/// gives 0. Neighbours share a scene, so this teaches what DeltaSpace needs (Lyu et al. 2023,
/// section 3.2): that the change of a picture and the change of its text are one direction.
///
/// `image` [N,D], `text` [M,D] with M >= N, raw; `pairs` [N,M] -> 0-dim.
Tensor delta_loss(const Tensor& image, const Tensor& text, const Tensor& pairs, int64_t group);

}  // namespace vane
