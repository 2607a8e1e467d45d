// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/vision_transformer.h"

#include <cmath>

#include "engine/base/error.h"
#include "engine/clip/patch_sequence.h"

namespace vane {
namespace {

/// Patch convolution as one matrix product: kernel and stride are equal, so every input sample is
/// used once, and both directions are a plain gemm. [N,3,H,W] -> [N,h*w,D].
Tensor embed_patches(const VisionTransformer& tower, const Tensor& input) {
  const int64_t p = tower.config.patch_size, n = input.size(0), channels = input.size(1);
  const int64_t rows = input.size(2) / p, columns = input.size(3) / p;
  const Tensor patches = input.reshape({n, channels, rows, p, columns, p})
                             .permute({0, 2, 4, 1, 3, 5})
                             .reshape({n, rows * columns, channels * p * p});
  return at::linear(patches, tower.conv1.view({tower.config.width, channels * p * p}),
                    tower.conv1_bias);
}

/// Class token, positions and first normalisation around patches [N,rows*columns,D].
Tensor placed(const VisionTransformer& tower, const Tensor& patches, int64_t rows,
              int64_t columns) {
  const int64_t grid = tower.config.grid();
  const Tensor positions =
      rows == grid && columns == grid
          ? tower.positional_embedding
          : resize_positions(tower.positional_embedding, rows, columns, tower.config.class_token);
  Tensor x = patches;
  if (tower.config.class_token) {
    const Tensor class_token =
        tower.class_embedding.view({1, 1, -1}).expand({patches.size(0), 1, tower.config.width});
    x = at::cat({class_token, x}, 1);
  }
  x = x + positions;
  return tower.config.ln_pre ? tower.ln_pre(x) : x;
}

Tensor embed(const VisionTransformer& tower, const Tensor& image) {
  const int64_t p = tower.config.patch_size, size = tower.config.image_size;
  const bool configured = image.dim() == 4 && image.size(2) == size && image.size(3) == size;
  if (image.dim() != 4 || image.size(1) != 3 || image.size(2) < p || image.size(3) < p ||
      (!configured && (image.size(2) % p != 0 || image.size(3) % p != 0))) {
    throw Error(ErrorCode::usage, "a vision transformer with patches of " + std::to_string(p) +
                                      " needs input [N,3,H,W] of multiples of that size");
  }
  // Some models are trained at sizes that are no multiple (384 with patches of 14): the convolution
  // never reaches the last rows and columns.
  const Tensor input = image.slice(2, 0, image.size(2) / p * p)
                           .slice(3, 0, image.size(3) / p * p)
                           .to(tower.conv1.device())
                           .contiguous();
  return placed(tower, embed_patches(tower, input), input.size(2) / p, input.size(3) / p);
}

Tensor activated(Activation activation, const Tensor& x) {
  if (activation == Activation::quick_gelu) return x * at::sigmoid(1.702 * x);
  return at::gelu(x, activation == Activation::gelu_tanh ? "tanh" : "none");
}

/// Tokens [N,T,D] after ln_post -> [N,D].
Tensor attend(const ProbePool& pool, const Tensor& tokens) {
  const int64_t n = tokens.size(0), length = tokens.size(1), width = tokens.size(2);
  const int64_t heads = pool.shape.heads, head_width = width / heads;
  const Tensor query = at::linear(pool.probe, pool.in_proj_weight.slice(0, 0, width),
                                  pool.in_proj_bias.slice(0, 0, width))
                           .view({1, 1, heads, head_width})
                           .transpose(1, 2)
                           .expand({n, heads, 1, head_width});
  const Tensor packed =
      at::linear(tokens, pool.in_proj_weight.slice(0, width), pool.in_proj_bias.slice(0, width))
          .view({n, length, 2, heads, head_width})
          .permute({2, 0, 3, 1, 4});
  const Tensor attended =
      at::scaled_dot_product_attention(query, packed[0], packed[1]).reshape({n, width});
  const Tensor x = at::linear(attended, pool.out_proj_weight, pool.out_proj_bias);
  const Tensor hidden =
      activated(pool.activation, at::linear(pool.ln(x), pool.c_fc_weight, pool.c_fc_bias));
  return x + at::linear(hidden, pool.c_proj_weight, pool.c_proj_bias);
}

void visit_parameters(ProbePool& pool, int64_t width, const std::string& prefix,
                      const ParameterVisitor& visit) {
  const int64_t hidden = pool.shape.hidden;
  visit(prefix + "probe", pool.probe, {1, 1, width});
  visit(prefix + "attn.in_proj_weight", pool.in_proj_weight, {3 * width, width});
  visit(prefix + "attn.in_proj_bias", pool.in_proj_bias, {3 * width});
  visit(prefix + "attn.out_proj.weight", pool.out_proj_weight, {width, width});
  visit(prefix + "attn.out_proj.bias", pool.out_proj_bias, {width});
  visit(prefix + "ln.weight", pool.ln.weight, {width});
  visit(prefix + "ln.bias", pool.ln.bias, {width});
  visit(prefix + "mlp.c_fc.weight", pool.c_fc_weight, {hidden, width});
  visit(prefix + "mlp.c_fc.bias", pool.c_fc_bias, {hidden});
  visit(prefix + "mlp.c_proj.weight", pool.c_proj_weight, {width, hidden});
  visit(prefix + "mlp.c_proj.bias", pool.c_proj_bias, {width});
}

Tensor into_joint_space(const VisionTransformer& tower, const Tensor& x) {
  return tower.proj.defined() ? at::matmul(x, tower.proj) : x;
}

/// Pools the tokens after the last block. -> [N,D], after ln_post.
Tensor pooled(const VisionTransformer& tower, const Tensor& x) {
  if (tower.config.pool == VisionConfig::Pool::attention) {
    return attend(tower.attn_pool, tower.ln_post(x));
  }
  const bool average = tower.config.pool == VisionConfig::Pool::average;
  const int64_t first = tower.config.class_token ? 1 : 0;
  const auto pick = [average, first](const Tensor& tokens) {
    return average ? tokens.slice(1, first).mean(1) : tokens.select(1, 0);
  };
  // For the class token the order makes no difference, and one row is cheaper to normalise.
  if (tower.config.final_ln_after_pool || !average) return tower.ln_post(pick(x));
  return pick(tower.ln_post(x));
}

/// Embedded tokens [N,T,D] through all blocks -> raw embedding [N,E].
Tensor through_blocks(const VisionTransformer& tower, Tensor x, VisionTaps* taps) {
  const bool one_query =
      !taps && tower.config.pool == VisionConfig::Pool::token && !tower.blocks.empty();
  const size_t whole = tower.blocks.size() - (one_query ? 1 : 0);
  for (size_t i = 0; i < whole; ++i) {
    x = residual_block(tower.blocks[i], x, false);
    if (taps) taps->stages.push_back(x);
  }
  if (one_query) {
    x = tower.ln_post(residual_block_one_query(tower.blocks.back(), x, {}, false));
    return into_joint_space(tower, x);
  }
  if (taps) taps->tokens = tower.ln_post(x);
  return into_joint_space(tower, pooled(tower, x));
}

}  // namespace

VisionTransformer make_vision_transformer(const VisionConfig& config, int64_t embed_dim) {
  VisionTransformer tower;
  tower.config = config;
  tower.embed_dim = embed_dim;
  tower.ln_pre.epsilon = tower.ln_post.epsilon = config.epsilon;
  for (const BlockShape& shape : config.blocks) {
    ResidualBlock block;
    block.shape = shape;
    block.activation = config.activation;
    block.ln_1.epsilon = block.ln_2.epsilon = config.epsilon;
    tower.blocks.push_back(std::move(block));
  }
  if (config.pool == VisionConfig::Pool::attention && !config.blocks.empty()) {
    tower.attn_pool.shape = config.blocks.back();
    tower.attn_pool.activation = config.activation;
    tower.attn_pool.ln.epsilon = config.epsilon;
  }
  return tower;
}

void visit_parameters(VisionTransformer& tower, const std::string& prefix,
                      const ParameterVisitor& visit) {
  const VisionConfig& config = tower.config;
  const int64_t width = config.width, grid = config.grid();
  visit(prefix + "conv1.weight", tower.conv1, {width, 3, config.patch_size, config.patch_size});
  if (config.patch_bias) visit(prefix + "conv1.bias", tower.conv1_bias, {width});
  if (config.class_token) visit(prefix + "class_embedding", tower.class_embedding, {width});
  visit(prefix + "positional_embedding", tower.positional_embedding,
        {(config.class_token ? 1 : 0) + grid * grid, width});
  if (config.ln_pre) {
    visit(prefix + "ln_pre.weight", tower.ln_pre.weight, {width});
    visit(prefix + "ln_pre.bias", tower.ln_pre.bias, {width});
  }
  for (size_t i = 0; i < tower.blocks.size(); ++i) {
    visit_parameters(tower.blocks[i], width, config.layer_scale,
                     prefix + "transformer.resblocks." + std::to_string(i) + ".", visit);
  }
  visit(prefix + "ln_post.weight", tower.ln_post.weight, {width});
  visit(prefix + "ln_post.bias", tower.ln_post.bias, {width});
  if (config.pool == VisionConfig::Pool::attention) {
    visit_parameters(tower.attn_pool, width, prefix + "attn_pool.", visit);
  }
  if (config.projection) visit(prefix + "proj", tower.proj, {width, tower.embed_dim});
}

Tensor vision_transformer(const VisionTransformer& tower, const Tensor& input, VisionTaps* taps) {
  return through_blocks(tower, embed(tower, input), taps);
}

Tensor vision_transformer_of_patches(const VisionTransformer& tower, const Tensor& patches) {
  const int64_t grid = tower.config.grid();
  if (patches.dim() != 3 || patches.size(1) != grid * grid ||
      patches.size(2) != tower.config.width) {
    throw Error(ErrorCode::usage, "this vision transformer takes embedded patches [N," +
                                      std::to_string(grid * grid) + "," +
                                      std::to_string(tower.config.width) + "]");
  }
  return through_blocks(tower, placed(tower, patches.to(tower.conv1.device()), grid, grid),
                        nullptr);
}

Tensor before_last_block(const VisionTransformer& tower, const Tensor& input) {
  Tensor x = embed(tower, input);
  for (size_t i = 0; i + 1 < tower.blocks.size(); ++i) {
    x = residual_block(tower.blocks[i], x, false);
  }
  return x;
}

Tensor project_tokens(const VisionTransformer& tower, const Tensor& tokens) {
  return into_joint_space(tower, tower.ln_post(tokens));
}

Tensor resize_positions(const Tensor& positions, int64_t rows, int64_t columns, bool class_token) {
  const int64_t width = positions.size(1), first = class_token ? 1 : 0;
  const auto grid = static_cast<int64_t>(std::lround(std::sqrt(double(positions.size(0) - first))));
  if (grid * grid + first != positions.size(0)) {
    throw Error(ErrorCode::checkpoint, "positions of " + std::to_string(positions.size(0)) +
                                           " rows are not a square grid" +
                                           (class_token ? " and a class row" : ""));
  }
  const Tensor map =
      positions.slice(0, first).reshape({1, grid, grid, width}).permute({0, 3, 1, 2}).contiguous();
  const Tensor resized = at::_upsample_bicubic2d_aa(map, {rows, columns}, false);
  return at::cat({positions.slice(0, 0, first),
                  resized.permute({0, 2, 3, 1}).reshape({rows * columns, width})});
}

}  // namespace vane
