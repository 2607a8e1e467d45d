// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/attention.h"

#include <cmath>
#include <limits>

namespace vane {
namespace {

// QuickGELU is silu(1.702 z) / 1.702, and both factors ride along in the matrix products: one
// vectorised pass instead of three.
constexpr double kQuickGelu = 1.702;

Tensor split_heads(const Tensor& x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

AfterLinear after_hidden(Activation activation) {
  switch (activation) {
    case Activation::quick_gelu:
      return AfterLinear::silu;
    case Activation::gelu:
      return AfterLinear::gelu;
    case Activation::gelu_tanh:
      return AfterLinear::gelu_tanh;
  }
  return AfterLinear::nothing;
}

/// Row `token` of each [N,T,D] -> [N,1,D].
Tensor row_of(const Tensor& x, const Tensor& token) {
  if (!token.defined()) return x.slice(1, 0, 1);
  return x.gather(1, token.view({-1, 1, 1}).expand({x.size(0), 1, x.size(2)}));
}

}  // namespace

bool is_buffer(const std::string& name) {
  return name.ends_with(".running_mean") || name.ends_with(".running_var");
}

Tensor LayerNorm::operator()(const Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, epsilon);
}

void visit_parameters(ResidualBlock& block, int64_t width, bool layer_scale,
                      const std::string& prefix, const ParameterVisitor& visit) {
  const int64_t inner = block.shape.inner, hidden = block.shape.hidden;
  visit(prefix + "ln_1.weight", block.ln_1.weight, {width});
  visit(prefix + "ln_1.bias", block.ln_1.bias, {width});
  visit(prefix + "attn.in_proj_weight", block.in_proj_weight, {3 * inner, width});
  visit(prefix + "attn.in_proj_bias", block.in_proj_bias, {3 * inner});
  visit(prefix + "attn.out_proj.weight", block.out_proj_weight, {width, inner});
  visit(prefix + "attn.out_proj.bias", block.out_proj_bias, {width});
  if (layer_scale) visit(prefix + "ls_1.gamma", block.gamma_1, {width});
  visit(prefix + "ln_2.weight", block.ln_2.weight, {width});
  visit(prefix + "ln_2.bias", block.ln_2.bias, {width});
  visit(prefix + "mlp.c_fc.weight", block.c_fc_weight, {hidden, width});
  visit(prefix + "mlp.c_fc.bias", block.c_fc_bias, {hidden});
  visit(prefix + "mlp.c_proj.weight", block.c_proj_weight, {width, hidden});
  visit(prefix + "mlp.c_proj.bias", block.c_proj_bias, {width});
  if (layer_scale) visit(prefix + "ls_2.gamma", block.gamma_2, {width});
}

AttentionHeads attention_heads(const ResidualBlock& block, const Tensor& x) {
  const int64_t heads = block.shape.heads;
  const Tensor packed = block.in_proj(block.ln_1(x), block.in_proj_weight, block.in_proj_bias);
  const Tensor split = packed.view({x.size(0), x.size(1), 3, heads, block.shape.inner / heads})
                           .permute({2, 0, 3, 1, 4});
  return {split[0], split[1], split[2]};
}

Tensor attention_output(const ResidualBlock& block, const Tensor& heads) {
  const Tensor joined =
      heads.transpose(1, 2).reshape({heads.size(0), heads.size(2), block.shape.inner});
  return block.out_proj(joined, block.out_proj_weight, block.out_proj_bias);
}

Tensor mlp_branch(const ResidualBlock& block, const Tensor& x) {
  const double factor = block.activation == Activation::quick_gelu ? kQuickGelu : 1.0;
  const Tensor hidden = block.c_fc(block.ln_2(x), block.c_fc_weight, block.c_fc_bias,
                                   after_hidden(block.activation), {factor, factor});
  const Tensor out = block.c_proj(hidden, block.c_proj_weight, block.c_proj_bias,
                                  AfterLinear::nothing, {1.0 / factor, 1.0});
  return block.gamma_2.defined() ? out * block.gamma_2 : out;
}

Tensor finish_block(const ResidualBlock& block, const Tensor& x, const Tensor& attended) {
  Tensor branch = attention_output(block, attended);
  if (block.gamma_1.defined()) branch = branch * block.gamma_1;
  const Tensor middle = x + branch;
  return middle + mlp_branch(block, middle);
}

Tensor residual_block(const ResidualBlock& block, const Tensor& x, bool causal) {
  const AttentionHeads heads = attention_heads(block, x);
  return finish_block(
      block, x,
      at::scaled_dot_product_attention(heads.query, heads.key, heads.value, {}, 0.0, causal));
}

Tensor residual_block_explicit(const ResidualBlock& block, const Tensor& x, bool causal,
                               Tensor* attention) {
  const AttentionHeads heads = attention_heads(block, x);
  const double scale = 1.0 / std::sqrt(static_cast<double>(heads.query.size(-1)));
  Tensor scores = at::matmul(heads.query * scale, heads.key.transpose(-2, -1));
  if (causal) {
    const int64_t length = x.size(1);
    const Tensor future = at::ones({length, length}, scores.options().dtype(at::kBool)).triu(1);
    scores = scores.masked_fill(future, -std::numeric_limits<double>::infinity());
  }
  *attention = at::softmax(scores, -1);
  return finish_block(block, x, at::matmul(*attention, heads.value));
}

Tensor residual_block_one_query(const ResidualBlock& block, const Tensor& x, const Tensor& token,
                                bool causal) {
  const int64_t heads = block.shape.heads, inner = block.shape.inner;
  const Tensor normed = block.ln_1(x);
  const Tensor query =
      split_heads(at::linear(row_of(normed, token), block.in_proj_weight.slice(0, 0, inner),
                             block.in_proj_bias.slice(0, 0, inner)),
                  heads);
  const Tensor packed =
      at::linear(normed, block.in_proj_weight.slice(0, inner), block.in_proj_bias.slice(0, inner));
  const Tensor split =
      packed.view({x.size(0), x.size(1), 2, heads, inner / heads}).permute({2, 0, 3, 1, 4});
  std::optional<Tensor> visible;
  if (causal && token.defined()) {
    visible =
        (at::arange(x.size(1), token.options()).view({1, 1, 1, -1}) <= token.view({-1, 1, 1, 1}));
  }
  const Tensor attended = at::scaled_dot_product_attention(query, split[0], split[1], visible);
  return finish_block(block, row_of(x, token), attended).squeeze(1);
}

}  // namespace vane
