// SPDX-License-Identifier: Apache-2.0
#pragma once
// How each channel of a latent moves what a CLIP sees (StyleCLIP's global directions, Patashnik et
// al. 2021), by regression over samples instead of 200 pictures for every channel.

#include <vector>

#include "editing/latent/edit_channels.h"
#include "editing/latent/prior_sample.h"
#include "engine/base/job.h"
#include "engine/tensor/fwd.h"

namespace vane {

struct Relevance {
  /// [C,D]: the direction in which a deviation of the channel moves the embedding, of length 1 when
  /// that is certain and 0 when it is no more than noise.
  Tensor rows;
  /// [C]: how far it moves the embedding.
  Tensor lengths;
  /// Share of the embeddings' variance that the channels explain, by generalised cross-validation.
  double explained = 0;
};

/// Ridge regression x [N,C] (mean 0, deviation 1) -> unit embeddings [N,D], with the penalty that
/// generalised cross-validation likes best (Golub, Heath & Wahba 1979). The rows are made unit as
/// StyleCLIP's are, times sqrt(1 - 2 noise^2/length^2) with the noise that the residual leaves in a
/// row: twice it, for chance must not pass for an effect. Throws Error{usage} for fewer than 8
/// samples.
Relevance regress_relevance(const Tensor& x, const Tensor& features);

/// The same of a sample of the prior.
Relevance relevance_of(const StyleGenerator& generator, const EditChannels& channels,
                       const PriorSample& prior, Job& job);

/// What regression estimates, measured: the mean over `pictures` samples of the change of the
/// embedding when a channel is moved by +-`deviations`, [channels.size(),D], not normalised.
Tensor probe_relevance(const StyleGenerator& generator, const EditChannels& channels,
                       const PriorSample& prior, const ClipEncoder& clip,
                       const std::vector<int64_t>& which, int64_t pictures, double deviations,
                       Job& job);

/// StyleCLIP's step from relevance [C,D] and a unit direction [D] to coordinates [C]: the dot
/// products, zero below `beta`, over the largest. The strongest channel moves by one deviation.
/// Throws Error{usage} when nothing is left.
Tensor selected_channels(const Tensor& relevance, const Tensor& direction, double beta);

/// The largest of 0.29, 0.28, … 0.1 that leaves more than `least` channels (20 for faces, as
/// published), else the beta that leaves one more than that, or half of the relevant ones when they
/// are fewer.
double automatic_beta(const Tensor& relevance, const Tensor& direction, int64_t least = 20);

/// Spearman's, ties sharing their mean rank; 0 when one side does not vary.
double rank_correlation(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace vane
