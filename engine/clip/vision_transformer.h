// SPDX-License-Identifier: Apache-2.0
#pragma once
// The image tower of the ViT models (clip sheet 1.2).

#include <string>
#include <vector>

#include "engine/clip/attention.h"
#include "engine/clip/clip_config.h"
#include "engine/clip/parameters.h"

namespace vane {

/// Attention pooling of SigLIP: one learned query over all tokens, then a residual MLP.
/// Source: Zhai et al. 2023; transformers modeling_siglip.py (SiglipMultiheadAttentionPoolingHead).
struct ProbePool {
  BlockShape shape;
  Activation activation = Activation::gelu_tanh;
  Tensor probe;                           // [1,1,D]
  Tensor in_proj_weight, in_proj_bias;    // [3D,D], [3D]: rows q, k, v
  Tensor out_proj_weight, out_proj_bias;  // [D,D], [D]
  LayerNorm ln;
  Tensor c_fc_weight, c_fc_bias, c_proj_weight, c_proj_bias;
};

/// Tensors of a vision transformer; D = config.width, E = embed_dim, g = config.grid().
struct VisionTransformer {
  VisionConfig config;
  int64_t embed_dim = 512;
  Tensor conv1;                 // [D,3,p,p]
  Tensor conv1_bias;            // [D] or undefined
  Tensor class_embedding;       // [D]; undefined without a class token
  Tensor positional_embedding;  // [1+g*g,D], row 0 belongs to the class token; [g*g,D] without one
  LayerNorm ln_pre, ln_post;
  std::vector<ResidualBlock> blocks;
  ProbePool attn_pool;  // for Pool::attention
  Tensor proj;          // [D,E]; undefined: the embedding is the pooled row itself
};

/// An empty tower of that architecture: shapes known, tensors undefined until visited.
VisionTransformer make_vision_transformer(const VisionConfig& config, int64_t embed_dim);
/// Shows every tensor as PREFIXconv1.weight, PREFIXtransformer.resblocks.0.ln_1.weight, …
void visit_parameters(VisionTransformer& tower, const std::string& prefix,
                      const ParameterVisitor& visit);

/// Raw embedding [N,E] of [N,3,H,W], H and W multiples of the patch size. Sizes other than the
/// configured one use bicubically resized positions. Differentiable in the input and in every
/// parameter. Without taps the last block is evaluated for the class token only.
Tensor vision_transformer(const VisionTransformer& tower, const Tensor& input,
                          VisionTaps* taps = nullptr);

/// Residual stream [N,1+h*w,D] in front of the last block, for the training-free dense variants
/// (clip sheet 6).
Tensor before_last_block(const VisionTransformer& tower, const Tensor& input);
/// ln_post and projection of tokens [N,T,D] -> raw [N,T,E].
Tensor project_tokens(const VisionTransformer& tower, const Tensor& tokens);

/// Positions [1+g*g,D] (or [g*g,D]) for another grid: class row kept, the rest bicubic with
/// antialiasing, as open_clip does.
Tensor resize_positions(const Tensor& positions, int64_t rows, int64_t columns,
                        bool class_token = true);

}  // namespace vane
