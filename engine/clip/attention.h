// SPDX-License-Identifier: Apache-2.0
#pragma once
// The pre-norm residual block that both transformer towers of CLIP are made of.

#include <cstdint>
#include <string>

#include "engine/clip/packed_linear.h"
#include "engine/clip/parameters.h"
#include "engine/tensor/fwd.h"

namespace vane {

enum class Activation {
  quick_gelu,  // x * sigmoid(1.702 x)
  gelu,        // exact, with erf
  gelu_tanh,   // tanh approximation
};

/// y = (x - mean) / sqrt(var + epsilon) * weight + bias over the last axis.
struct LayerNorm {
  Tensor weight, bias;
  double epsilon = 1e-5;
  Tensor operator()(const Tensor& x) const;
};

/// Sizes of one block. `inner` = heads * head width; differs from `width` only in pruned models.
struct BlockShape {
  int64_t heads = 12, inner = 768, hidden = 3072;
};

/// x += gamma_1 * out_proj(attention(ln_1(x))); x += gamma_2 * c_proj(act(c_fc(ln_2(x)))).
/// Source: openai/CLIP clip/model.py; LayerScale as in open_clip transformer.py.
struct ResidualBlock {
  BlockShape shape;
  Activation activation = Activation::quick_gelu;
  LayerNorm ln_1, ln_2;
  Tensor in_proj_weight, in_proj_bias;    // [3*inner,D], [3*inner]: rows q, k, v
  Tensor out_proj_weight, out_proj_bias;  // [D,inner], [D]
  Tensor c_fc_weight, c_fc_bias;          // [hidden,D]
  Tensor c_proj_weight, c_proj_bias;      // [D,hidden]
  Tensor gamma_1, gamma_2;                // [D] or undefined
  PackedLinear in_proj, out_proj, c_fc, c_proj;
};

/// Shows the tensors of a block of `width` as PREFIXln_1.weight, PREFIXattn.in_proj_weight, …
void visit_parameters(ResidualBlock& block, int64_t width, bool layer_scale,
                      const std::string& prefix, const ParameterVisitor& visit);

/// Queries, keys and values of ln_1(x): each [N,heads,T,head width].
struct AttentionHeads {
  Tensor query, key, value;
};

/// x [N,T,D], the residual stream before the block.
AttentionHeads attention_heads(const ResidualBlock& block, const Tensor& x);
/// out_proj of heads [N,heads,T,head width] -> [N,T,D], without LayerScale and residual.
Tensor attention_output(const ResidualBlock& block, const Tensor& heads);
/// gamma_2 * MLP(ln_2(x)), without the residual.
Tensor mlp_branch(const ResidualBlock& block, const Tensor& x);
/// x plus the attention branch given attended heads (LayerScale applied), then plus the MLP branch.
Tensor finish_block(const ResidualBlock& block, const Tensor& x, const Tensor& attended);

/// One block over all tokens. x [N,T,D] -> [N,T,D].
Tensor residual_block(const ResidualBlock& block, const Tensor& x, bool causal);
/// The same, with the softmax written out so that gradients of the attention itself can be taken:
/// `attention` receives [N,heads,T,T].
Tensor residual_block_explicit(const ResidualBlock& block, const Tensor& x, bool causal,
                               Tensor* attention);
/// One block evaluated for a single query token of each row: what a tower needs from its last block
/// when only one token is pooled. `token` int64 [N]; undefined means token 0 of every row. A causal
/// block lets the query see the tokens up to itself. -> [N,D].
Tensor residual_block_one_query(const ResidualBlock& block, const Tensor& x, const Tensor& token,
                                bool causal);

}  // namespace vane
