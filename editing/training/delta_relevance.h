// SPDX-License-Identifier: Apache-2.0
#pragma once
// How each channel of StyleSpace turns a CLIP embedding: by regression over pairs, which is cheap,
// and by probing one channel after another, which checks it. Source: StyleCLIP's global directions
// (StyleGAN sheet, 6.4) and sheet, section 8.3.

#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"
#include "generators/mappers/delta_model.h"

namespace vane {

/// Ridge regression of embedding steps [N,E] on standardised style steps [N,channels]:
/// [channels,E]. `ridge` is relative to the mean square of a step.
Tensor regressed_relevance(const Tensor& style_steps, const Tensor& embedding_steps, double ridge);

/// The `count` orthonormal directions [channels,count] (at most E) of the styles [N,channels] that
/// explain most of the image embeddings [N,E], strongest first: left singular vectors of the
/// covariance of both with the embeddings whitened, as in reduced-rank regression.
Tensor visible_styles(const Tensor& styles, const Tensor& embeddings, int64_t count);

/// Mean over the latents `w` ([N,W] or [N,rows,W]) of unit(e(mean + 5 scales) - e(mean - 5 scales))
/// of the channels, all others untouched: [count,E]. e is the unit embedding of the picture at
/// `side`.
Tensor probed_relevance(const DeltaModel& model, const StyleGenerator& generator,
                        const ClipEncoder& clip, const Tensor& w,
                        const std::vector<int64_t>& channels, int64_t side);

/// Spearman's rank correlation of two vectors of one length.
double rank_correlation(const Tensor& a, const Tensor& b);

}  // namespace vane
