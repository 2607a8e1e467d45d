// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/modified_resnet.h"

#include "engine/base/error.h"
#include "engine/clip/vision_transformer.h"

namespace vane {
namespace {

constexpr double kNormEpsilon = 1e-5, kMomentum = 0.1;  // torch.nn.BatchNorm2d defaults

Tensor conv_norm(const ConvNorm& layer, const Tensor& x, int64_t stride, BatchNormMode mode) {
  const int64_t padding = layer.weight.size(2) / 2;
  if (mode == BatchNormMode::running && layer.folded_weight.defined()) {
    return at::conv2d(x, layer.folded_weight, layer.folded_bias, stride, padding);
  }
  const Tensor y = at::conv2d(x, layer.weight, {}, stride, padding);
  return at::batch_norm(y, layer.norm_weight, layer.norm_bias, layer.running_mean,
                        layer.running_var, mode == BatchNormMode::batch, kMomentum, kNormEpsilon,
                        false);
}

Tensor average_pool(const Tensor& x, int64_t size) {
  return size > 1 ? at::avg_pool2d(x, size, size) : x;
}

Tensor bottleneck(const Bottleneck& block, const Tensor& x, BatchNormMode mode) {
  Tensor y = at::relu(conv_norm(block.conv1, x, 1, mode));
  y = at::relu(conv_norm(block.conv2, y, 1, mode));
  y = conv_norm(block.conv3, average_pool(y, block.stride), 1, mode);
  const Tensor shortcut = block.has_downsample()
                              ? conv_norm(block.downsample, average_pool(x, block.stride), 1, mode)
                              : x;
  return at::relu(y + shortcut);
}

/// Positions [1+h*w,C] of the mean and of a map of that size. A square map of the stored number of
/// cells takes them as they are.
Tensor positions_for(const AttentionPool& pool, int64_t rows, int64_t columns) {
  const bool stored = rows == columns && 1 + rows * columns == pool.positional_embedding.size(0);
  return stored ? pool.positional_embedding
                : resize_positions(pool.positional_embedding, rows, columns);
}

Tensor attention_pool(const AttentionPool& pool, const Tensor& map) {
  const int64_t n = map.size(0), channels = map.size(1);
  const Tensor pixels = map.flatten(2).transpose(1, 2);
  const Tensor x =
      at::cat({pixels.mean(1, true), pixels}, 1) + positions_for(pool, map.size(2), map.size(3));
  const auto heads = [&](const Tensor& y) {
    return y.view({n, y.size(1), pool.heads, channels / pool.heads}).transpose(1, 2);
  };
  const Tensor query = heads(at::linear(x.slice(1, 0, 1), pool.q_weight, pool.q_bias));
  const Tensor key = heads(at::linear(x, pool.k_weight, pool.k_bias));
  const Tensor value = heads(at::linear(x, pool.v_weight, pool.v_bias));
  const Tensor attended = at::scaled_dot_product_attention(query, key, value);
  return at::linear(attended.transpose(1, 2).reshape({n, channels}), pool.c_weight, pool.c_bias);
}

void visit_conv_norm(ConvNorm& layer, const std::string& conv, const std::string& norm, int64_t out,
                     int64_t in, int64_t kernel, const ParameterVisitor& visit) {
  visit(conv + ".weight", layer.weight, {out, in, kernel, kernel});
  visit(norm + ".weight", layer.norm_weight, {out});
  visit(norm + ".bias", layer.norm_bias, {out});
  visit(norm + ".running_mean", layer.running_mean, {out});
  visit(norm + ".running_var", layer.running_var, {out});
}

void for_each_conv_norm(ModifiedResNet& tower, const std::function<void(ConvNorm&)>& apply) {
  for (ConvNorm& layer : tower.stem) apply(layer);
  for (std::vector<Bottleneck>& blocks : tower.layers) {
    for (Bottleneck& block : blocks) {
      apply(block.conv1);
      apply(block.conv2);
      apply(block.conv3);
      if (block.has_downsample()) apply(block.downsample);
    }
  }
}

}  // namespace

ModifiedResNet make_modified_resnet(const VisionConfig& config, int64_t embed_dim) {
  ModifiedResNet tower;
  tower.config = config;
  tower.embed_dim = embed_dim;
  tower.pool.heads = config.width * 32 / config.head_width;
  int64_t in = config.width;
  for (size_t stage = 0; stage < 4; ++stage) {
    const int64_t planes = config.width << stage;
    for (int64_t b = 0; b < config.depths[stage]; ++b) {
      Bottleneck block;
      block.in = in;
      block.planes = planes;
      block.stride = b == 0 && stage > 0 ? 2 : 1;
      tower.layers[stage].push_back(std::move(block));
      in = 4 * planes;
    }
  }
  return tower;
}

void visit_parameters(ModifiedResNet& tower, const std::string& prefix,
                      const ParameterVisitor& visit) {
  const int64_t w = tower.config.width, channels = 32 * w, grid = tower.config.grid();
  const std::array<std::array<int64_t, 2>, 3> stem{{{w / 2, 3}, {w / 2, w / 2}, {w, w / 2}}};
  for (size_t i = 0; i < 3; ++i) {
    const std::string number = std::to_string(i + 1);
    visit_conv_norm(tower.stem[i], prefix + "conv" + number, prefix + "bn" + number, stem[i][0],
                    stem[i][1], 3, visit);
  }
  for (size_t stage = 0; stage < 4; ++stage) {
    for (size_t b = 0; b < tower.layers[stage].size(); ++b) {
      Bottleneck& block = tower.layers[stage][b];
      const std::string base =
          prefix + "layer" + std::to_string(stage + 1) + "." + std::to_string(b) + ".";
      const int64_t p = block.planes;
      visit_conv_norm(block.conv1, base + "conv1", base + "bn1", p, block.in, 1, visit);
      visit_conv_norm(block.conv2, base + "conv2", base + "bn2", p, p, 3, visit);
      visit_conv_norm(block.conv3, base + "conv3", base + "bn3", 4 * p, p, 1, visit);
      if (block.has_downsample()) {
        visit_conv_norm(block.downsample, base + "downsample.0", base + "downsample.1", 4 * p,
                        block.in, 1, visit);
      }
    }
  }
  AttentionPool& pool = tower.pool;
  const std::string base = prefix + "attnpool.";
  visit(base + "positional_embedding", pool.positional_embedding, {1 + grid * grid, channels});
  visit(base + "q_proj.weight", pool.q_weight, {channels, channels});
  visit(base + "q_proj.bias", pool.q_bias, {channels});
  visit(base + "k_proj.weight", pool.k_weight, {channels, channels});
  visit(base + "k_proj.bias", pool.k_bias, {channels});
  visit(base + "v_proj.weight", pool.v_weight, {channels, channels});
  visit(base + "v_proj.bias", pool.v_bias, {channels});
  visit(base + "c_proj.weight", pool.c_weight, {tower.embed_dim, channels});
  visit(base + "c_proj.bias", pool.c_bias, {tower.embed_dim});
}

Tensor modified_resnet(const ModifiedResNet& tower, const Tensor& input, VisionTaps* taps,
                       BatchNormMode mode) {
  if (input.dim() != 4 || input.size(1) != 3 || input.size(2) < 32 || input.size(3) < 32) {
    throw Error(ErrorCode::usage, "a ModifiedResNet needs input [N,3,H,W] of at least 32 pixels");
  }
  const Tensor here = input.to(tower.stem[0].weight.device());
  Tensor x = at::relu(conv_norm(tower.stem[0], here, 2, mode));
  x = at::relu(conv_norm(tower.stem[1], x, 1, mode));
  x = average_pool(at::relu(conv_norm(tower.stem[2], x, 1, mode)), 2);
  if (taps) taps->stages.push_back(x);
  for (const std::vector<Bottleneck>& blocks : tower.layers) {
    for (const Bottleneck& block : blocks) x = bottleneck(block, x, mode);
    if (taps) taps->stages.push_back(x);
  }
  if (taps) taps->tokens = x;
  return attention_pool(tower.pool, x);
}

Tensor attention_pool_values(const AttentionPool& pool, const Tensor& map) {
  const Tensor positions = positions_for(pool, map.size(2), map.size(3)).slice(0, 1);
  const Tensor value =
      at::linear(map.flatten(2).transpose(1, 2) + positions, pool.v_weight, pool.v_bias);
  return at::linear(value, pool.c_weight, pool.c_bias);
}

void fold_batch_norms(ModifiedResNet& tower) {
  const at::NoGradGuard no_grad;
  for_each_conv_norm(tower, [](ConvNorm& layer) {
    const Tensor scale = layer.norm_weight * (layer.running_var + kNormEpsilon).rsqrt();
    layer.folded_weight = layer.weight * scale.view({-1, 1, 1, 1});
    layer.folded_bias = layer.norm_bias - layer.running_mean * scale;
  });
}

void clear_folded_batch_norms(ModifiedResNet& tower) {
  for_each_conv_norm(tower, [](ConvNorm& layer) {
    layer.folded_weight.reset();
    layer.folded_bias.reset();
  });
}

}  // namespace vane
