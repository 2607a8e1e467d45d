// SPDX-License-Identifier: Apache-2.0
#pragma once
// The image tower of MobileCLIP (clip sheet 1.6): FastViT in the sizes MCi0 to MCi4.
// Sources: Vasu et al. 2023, "FastViT", section 3; Vasu et al. 2024, "MobileCLIP", section 4;
// Faghri et al. 2025, "MobileCLIP2".

#include <array>
#include <string>
#include <vector>

#include "engine/clip/clip_config.h"
#include "engine/clip/parameters.h"

namespace vane {

/// A convolution with everything that stands beside it in training already added up.
struct FoldedConv {
  Tensor weight;  // [O,I/groups,k,k]
  Tensor bias;    // [O]
};

/// x * sigmoid(expand(relu(reduce(mean of x)))).
struct SqueezeExcite {
  Tensor reduce_weight, reduce_bias;  // [R,C,1,1], [R]; undefined: x itself
  Tensor expand_weight, expand_bias;  // [C,R,1,1], [C]
};

/// x = mixer(x) or x += gamma_1 * attention(norm(x)); then x += gamma_2 * fc2(gelu(fc1(conv(x)))).
struct FastVitBlock {
  FoldedConv mixer;  // 3x3 depthwise; in blocks without attention
  /// [C]; statistics of batch normalisation, undefined where it is a layer normalisation.
  Tensor norm_weight, norm_bias, running_mean, running_var;
  Tensor qkv;                                         // [3C,C]: rows q, k, v
  Tensor proj_weight, proj_bias;                      // [C,C], [C]
  Tensor gamma_1;                                     // [C,1,1]
  FoldedConv conv;                                    // 7x7 depthwise
  Tensor fc1_weight, fc1_bias, fc2_weight, fc2_bias;  // 1x1 convolutions
  Tensor gamma_2;                                     // [C,1,1]
};

struct FastVitStage {
  FastVitStageShape shape;
  /// Not in the first stage: 7x7 depthwise with stride 2, then 1x1.
  FoldedConv down_spatial, down_pointwise;
  SqueezeExcite down_excite;
  FoldedConv positions;  // 7x7 depthwise, where the shape asks for it
  std::vector<FastVitBlock> blocks;
};

/// Tensors of the tower; C = width of the last stage, F = config.fast_vit.final_width.
struct FastVit {
  VisionConfig config;
  int64_t embed_dim = 512;
  std::array<FoldedConv, 3> stem;  // 3x3 stride 2; 3x3 depthwise stride 2; 1x1
  std::vector<FastVitStage> stages;
  FoldedConv final_conv;  // [F,1,3,3], F/C outputs for each input
  SqueezeExcite final_excite;
  Tensor head_weight, head_bias;  // [E,F], [E]
};

FastVit make_fast_vit(const VisionConfig& config, int64_t embed_dim);
/// Shows every tensor as in a reparameterised timm model: PREFIXstem.0.reparam_conv.weight, …
/// The convolution of a block's MLP, which timm never folds, is PREFIX…mlp.conv.reparam_conv.
void visit_parameters(FastVit& tower, const std::string& prefix, const ParameterVisitor& visit);

/// Raw embedding [N,E] of [N,3,H,W], at least 32 pixels a side. Differentiable in the input and in
/// every parameter. `taps->stages`: stem and stages; `taps->tokens`: the map of the last
/// stage [N,C,h,w].
Tensor fast_vit(const FastVit& tower, const Tensor& input, VisionTaps* taps = nullptr);

}  // namespace vane
