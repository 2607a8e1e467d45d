// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/fast_vit.h"

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr double kNormEpsilon = 1e-5;  // of both kinds of normalisation
constexpr int64_t kHeadWidth = 32;

Tensor convolution(const FoldedConv& conv, const Tensor& x, int64_t stride = 1) {
  const int64_t groups = x.size(1) / conv.weight.size(1), padding = conv.weight.size(2) / 2;
  return at::conv2d(x, conv.weight, conv.bias, stride, padding, 1, groups);
}

Tensor excite(const SqueezeExcite& layer, const Tensor& x) {
  if (!layer.reduce_weight.defined()) return x;
  const Tensor reduced =
      at::relu(at::conv2d(x.mean({2, 3}, true), layer.reduce_weight, layer.reduce_bias));
  return x * at::sigmoid(at::conv2d(reduced, layer.expand_weight, layer.expand_bias));
}

/// Normalised cells [N,h*w,C] of a map [N,C,h,w].
Tensor normalised_cells(const FastVitBlock& block, const Tensor& x) {
  if (!block.running_mean.defined()) {
    return at::layer_norm(x.flatten(2).transpose(1, 2), {x.size(1)}, block.norm_weight,
                          block.norm_bias, kNormEpsilon);
  }
  return at::batch_norm(x, block.norm_weight, block.norm_bias, block.running_mean,
                        block.running_var, false, 0.1, kNormEpsilon, false)
      .flatten(2)
      .transpose(1, 2);
}

Tensor attention(const FastVitBlock& block, const Tensor& x) {
  const int64_t n = x.size(0), channels = x.size(1), cells = x.size(2) * x.size(3);
  const Tensor tokens = normalised_cells(block, x);
  const Tensor qkv = at::linear(tokens, block.qkv)
                         .view({n, cells, 3, channels / kHeadWidth, kHeadWidth})
                         .permute({2, 0, 3, 1, 4});
  const Tensor mixed =
      at::scaled_dot_product_attention(qkv.select(0, 0), qkv.select(0, 1), qkv.select(0, 2));
  const Tensor joined = mixed.transpose(1, 2).reshape({n, cells, channels});
  return at::linear(joined, block.proj_weight, block.proj_bias).transpose(1, 2).reshape(x.sizes());
}

Tensor block_output(const FastVitBlock& block, const Tensor& input) {
  const Tensor x = block.qkv.defined() ? input + block.gamma_1 * attention(block, input)
                                       : convolution(block.mixer, input);
  const Tensor hidden =
      at::gelu(at::conv2d(convolution(block.conv, x), block.fc1_weight, block.fc1_bias));
  return x + block.gamma_2 * at::conv2d(hidden, block.fc2_weight, block.fc2_bias);
}

Tensor stage_output(const FastVitStage& stage, Tensor x) {
  if (stage.down_spatial.weight.defined()) {
    x = at::gelu(excite(stage.down_excite, convolution(stage.down_spatial, x, 2)));
    x = at::gelu(convolution(stage.down_pointwise, x));
  }
  if (stage.positions.weight.defined()) x = convolution(stage.positions, x);
  for (const FastVitBlock& block : stage.blocks) x = block_output(block, x);
  return x;
}

void visit_conv(FoldedConv& conv, const std::string& name, const std::vector<int64_t>& shape,
                const ParameterVisitor& visit) {
  visit(name + ".reparam_conv.weight", conv.weight, shape);
  visit(name + ".reparam_conv.bias", conv.bias, {shape[0]});
}

void visit_excite(SqueezeExcite& layer, const std::string& name, int64_t width, int64_t reduced,
                  const ParameterVisitor& visit) {
  if (reduced == 0) return;
  visit(name + ".fc1.weight", layer.reduce_weight, {reduced, width, 1, 1});
  visit(name + ".fc1.bias", layer.reduce_bias, {reduced});
  visit(name + ".fc2.weight", layer.expand_weight, {width, reduced, 1, 1});
  visit(name + ".fc2.bias", layer.expand_bias, {width});
}

void visit_block(FastVitBlock& block, const FastVitStageShape& shape, const std::string& base,
                 const ParameterVisitor& visit) {
  const int64_t width = shape.width, hidden = shape.hidden;
  if (shape.attention) {
    visit(base + "norm.weight", block.norm_weight, {width});
    visit(base + "norm.bias", block.norm_bias, {width});
    if (!shape.layer_norm) {
      visit(base + "norm.running_mean", block.running_mean, {width});
      visit(base + "norm.running_var", block.running_var, {width});
    }
    visit(base + "token_mixer.qkv.weight", block.qkv, {3 * width, width});
    visit(base + "token_mixer.proj.weight", block.proj_weight, {width, width});
    visit(base + "token_mixer.proj.bias", block.proj_bias, {width});
    visit(base + "layer_scale_1.gamma", block.gamma_1, {width, 1, 1});
  } else {
    visit_conv(block.mixer, base + "token_mixer", {width, 1, 3, 3}, visit);
  }
  visit_conv(block.conv, base + "mlp.conv", {width, 1, 7, 7}, visit);
  visit(base + "mlp.fc1.weight", block.fc1_weight, {hidden, width, 1, 1});
  visit(base + "mlp.fc1.bias", block.fc1_bias, {hidden});
  visit(base + "mlp.fc2.weight", block.fc2_weight, {width, hidden, 1, 1});
  visit(base + "mlp.fc2.bias", block.fc2_bias, {width});
  visit(base + (shape.attention ? "layer_scale_2.gamma" : "layer_scale.gamma"), block.gamma_2,
        {width, 1, 1});
}

void visit_stage(FastVitStage& stage, bool downsample, const std::string& base,
                 const ParameterVisitor& visit) {
  const int64_t width = stage.shape.width;
  if (downsample) {
    visit_conv(stage.down_spatial, base + "downsample.proj.0", {width, 1, 7, 7}, visit);
    visit_excite(stage.down_excite, base + "downsample.proj.0.se", width, stage.shape.excite,
                 visit);
    visit_conv(stage.down_pointwise, base + "downsample.proj.1", {width, width, 1, 1}, visit);
  }
  if (stage.shape.positions) {
    visit_conv(stage.positions, base + "pos_emb", {width, 1, 7, 7}, visit);
  }
  for (size_t i = 0; i < stage.blocks.size(); ++i) {
    visit_block(stage.blocks[i], stage.shape, base + "blocks." + std::to_string(i) + ".", visit);
  }
}

}  // namespace

FastVit make_fast_vit(const VisionConfig& config, int64_t embed_dim) {
  FastVit tower;
  tower.config = config;
  tower.embed_dim = embed_dim;
  for (const FastVitStageShape& shape : config.fast_vit.stages) {
    FastVitStage stage;
    stage.shape = shape;
    stage.blocks.resize(static_cast<size_t>(shape.depth));
    tower.stages.push_back(std::move(stage));
  }
  return tower;
}

void visit_parameters(FastVit& tower, const std::string& prefix, const ParameterVisitor& visit) {
  const FastVitShape& shape = tower.config.fast_vit;
  const std::string trunk = prefix + "trunk.";
  const int64_t first = shape.stages[0].width;
  visit_conv(tower.stem[0], trunk + "stem.0", {first, 3, 3, 3}, visit);
  visit_conv(tower.stem[1], trunk + "stem.1", {first, 1, 3, 3}, visit);
  visit_conv(tower.stem[2], trunk + "stem.2", {first, first, 1, 1}, visit);
  for (size_t s = 0; s < tower.stages.size(); ++s) {
    visit_stage(tower.stages[s], s > 0, trunk + "stages." + std::to_string(s) + ".", visit);
  }
  visit_conv(tower.final_conv, trunk + "final_conv", {shape.final_width, 1, 3, 3}, visit);
  visit_excite(tower.final_excite, trunk + "final_conv.se", shape.final_width, shape.final_excite,
               visit);
  visit(trunk + "head.fc.weight", tower.head_weight, {tower.embed_dim, shape.final_width});
  visit(trunk + "head.fc.bias", tower.head_bias, {tower.embed_dim});
}

Tensor fast_vit(const FastVit& tower, const Tensor& input, VisionTaps* taps) {
  if (input.dim() != 4 || input.size(1) != 3 || input.size(2) < 32 || input.size(3) < 32) {
    throw Error(ErrorCode::usage, "a FastViT needs input [N,3,H,W] of at least 32 pixels");
  }
  Tensor x = input.to(tower.stem[0].weight.device());
  x = at::gelu(convolution(tower.stem[0], x, 2));
  x = at::gelu(convolution(tower.stem[1], x, 2));
  x = at::gelu(convolution(tower.stem[2], x));
  if (taps) taps->stages.push_back(x);
  for (const FastVitStage& stage : tower.stages) {
    x = stage_output(stage, x);
    if (taps) taps->stages.push_back(x);
  }
  if (taps) taps->tokens = x;
  x = at::gelu(excite(tower.final_excite, convolution(tower.final_conv, x)));
  return at::linear(x.mean({2, 3}), tower.head_weight, tower.head_bias);
}

}  // namespace vane
