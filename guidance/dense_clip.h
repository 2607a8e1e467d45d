// SPDX-License-Identifier: Apache-2.0
#pragma once
// Training-free dense CLIP: an embedding for every patch of a picture.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/clip/attention.h"
#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// How the last block of a vision transformer is changed, so that its patches keep to themselves
/// (clip sheet 6). q, k, v come from ln_1 of its input; s = 1/sqrt(head width).
///
/// | variant   | attention                          | residual and MLP |
/// |-----------|------------------------------------|------------------|
/// | vanilla   | softmax(s q k^T)                   | yes              |
/// | maskclip  | identity                           | no               |
/// | sclip     | softmax(s q q^T) + softmax(s k k^T)| yes              |
/// | clearclip | softmax(s q q^T)                   | no               |
/// | naclip    | softmax(s k k^T + G)               | no               |
///
/// G_ij = exp(-d^2 / (2 sigma^2)), d the distance of two patches in patches, sigma 5; 0 in the row
/// and column of the class token. Sources: Zhou et al. 2022 (MaskCLIP), Wang et al. 2024 (SCLIP),
/// Lan et al. 2024 (ClearCLIP), Hajimiri et al. 2025 (NACLIP).
enum class DenseVariant { vanilla, maskclip, sclip, clearclip, naclip };

/// "vanilla", "maskclip", "sclip", "clearclip", "naclip". Throws Error{usage} for another word.
DenseVariant dense_variant(std::string_view name);
/// The variant that a tower does best: naclip for vision transformers, maskclip (the only one) for
/// ResNets.
DenseVariant best_dense_variant(const ClipEncoder& clip);

struct DenseOptions {
  /// Standard deviation of NACLIP's neighbourhood, in patches.
  double sigma = 5;
};

/// Attention matrix of a variant over the class token and rows x columns patches: queries, keys
/// [N,heads,1+h*w,d] -> [N,heads,1+h*w,1+h*w]. Rows sum to 1, for sclip to 2.
Tensor dense_attention(DenseVariant variant, const AttentionHeads& heads, int64_t rows,
                       int64_t columns, const DenseOptions& options = {});

/// Unit embeddings [N,h,w,E] of the patches of network input [N,3,H,W], one entry a variant; all
/// variants share the pass through the blocks before the last. H and W are multiples of the patch
/// size (at least 32 for a ResNet), not necessarily those that the model was trained with.
/// A ModifiedResNet has the maskclip form only: c_proj(v_proj(.)) at every position.
/// Throws Error{usage} for a model without a tower that can be looked into, or another variant of a
/// ResNet.
std::vector<Tensor> dense_features(const ClipEncoder& clip, const Tensor& input,
                                   std::span<const DenseVariant> variants,
                                   const DenseOptions& options = {});
Tensor dense_features(const ClipEncoder& clip, const Tensor& input, DenseVariant variant,
                      const DenseOptions& options = {});

/// Relevancy of unit features [...,E] for unit queries [K,E] against unit negatives [M,E]:
/// min_i exp(10 <f,q>) / (exp(10 <f,q>) + exp(10 <f,c_i>)) -> [...,K] in (0,1). The factor 10 is
/// part of the definition (Kerr et al. 2023, LERF, section 3.4).
Tensor relevancy(const Tensor& features, const Tensor& queries, const Tensor& negatives);
/// LERF's canonical negatives: "object", "things", "stuff", "texture".
const std::vector<std::string>& canonical_negatives();

}  // namespace vane
