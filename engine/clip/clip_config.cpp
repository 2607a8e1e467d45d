// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/clip_config.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/error.h"
#include "engine/clip/fast_vit_load.h"

namespace vane {
namespace {

using Json = nlohmann::ordered_json;

const TensorRecord& need(const TensorTable& table, const std::string& name, size_t rank) {
  const TensorRecord* record = table.find(name);
  if (!record || record->shape.size() != rank) {
    throw Error(ErrorCode::checkpoint,
                record ? "this tensor has an unexpected rank" : "this tensor is missing")
        .in_file(table.path)
        .at_key(name);
  }
  return *record;
}

/// Numbers N of "PREFIXN.…" are 0..count-1. Returns count.
int64_t count_numbered(const TensorTable& table, const std::string& prefix) {
  std::set<int64_t> numbers;
  for (const TensorRecord& record : table.tensors) {
    if (!record.name.starts_with(prefix)) continue;
    numbers.insert(std::strtoll(record.name.c_str() + prefix.size(), nullptr, 10));
  }
  return static_cast<int64_t>(numbers.size());
}

/// Blocks of PREFIX0., PREFIX1., …; pruned models have another inner width in every block.
std::vector<BlockShape> infer_blocks(const TensorTable& table, const std::string& prefix,
                                     int64_t head_width) {
  std::vector<BlockShape> blocks;
  const int64_t count = count_numbered(table, prefix);
  for (int64_t i = 0; i < count; ++i) {
    const std::string base = prefix + std::to_string(i) + ".";
    BlockShape shape;
    shape.inner = need(table, base + "attn.in_proj_weight", 2).shape[0] / 3;
    shape.hidden = need(table, base + "mlp.c_fc.weight", 2).shape[0];
    shape.heads = std::max<int64_t>(1, shape.inner / head_width);
    if (shape.heads * head_width != shape.inner) shape.heads = 1;
    blocks.push_back(shape);
  }
  return blocks;
}

int64_t square_root(int64_t value) {
  return static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(value))));
}

void infer_vit(const TensorTable& table, ClipConfig& config) {
  VisionConfig& vision = config.vision;
  vision.kind = VisionConfig::Kind::vit;
  const TensorRecord& conv = need(table, "visual.conv1.weight", 4);
  vision.width = conv.shape[0];
  vision.patch_size = conv.shape[3];
  vision.blocks = infer_blocks(table, "visual.transformer.resblocks.", vision.head_width);
  vision.image_size =
      square_root(need(table, "visual.positional_embedding", 2).shape[0] - 1) * vision.patch_size;
  vision.ln_pre = table.contains("visual.ln_pre.weight");
  vision.layer_scale = table.contains("visual.transformer.resblocks.0.ls_1.gamma");
  config.embed_dim = need(table, "visual.proj", 2).shape[1];
}

void infer_resnet(const TensorTable& table, ClipConfig& config) {
  VisionConfig& vision = config.vision;
  vision.kind = VisionConfig::Kind::modified_resnet;
  vision.width = need(table, "visual.conv3.weight", 4).shape[0];
  vision.blocks.clear();
  for (size_t stage = 0; stage < 4; ++stage) {
    vision.depths[stage] = count_numbered(table, "visual.layer" + std::to_string(stage + 1) + ".");
  }
  vision.image_size =
      square_root(need(table, "visual.attnpool.positional_embedding", 2).shape[0] - 1) * 32;
  config.embed_dim = need(table, "visual.attnpool.c_proj.weight", 2).shape[0];
}

void infer_text(const TensorTable& table, ClipConfig& config) {
  TextConfig& text = config.text;
  const TensorRecord& tokens = need(table, "token_embedding.weight", 2);
  text.vocab_size = tokens.shape[0];
  text.width = tokens.shape[1];
  text.context_length = need(table, "positional_embedding", 2).shape[0];
  text.blocks = infer_blocks(table, "transformer.resblocks.", 64);
  text.layer_scale = table.contains("transformer.resblocks.0.ls_1.gamma");
  text.projection = table.contains("text_projection");
  text.projection_bias = table.contains("text_projection.bias");
  const int64_t dim = text.projection ? need(table, "text_projection", 2).shape[1] : text.width;
  if (!config.has_vision) config.embed_dim = dim;
}

std::string_view resize_name(ClipPreprocess::Resize resize) {
  switch (resize) {
    case ClipPreprocess::Resize::shortest:
      return "shortest";
    case ClipPreprocess::Resize::squash:
      return "squash";
    case ClipPreprocess::Resize::longest:
      return "longest";
  }
  return "shortest";
}

double mlp_ratio(const std::vector<BlockShape>& blocks, int64_t width) {
  return blocks.empty() ? 4.0 : double(blocks.front().hidden) / double(width);
}

/// Keys that only some models carry; the defaults are left out, as open_clip writes them.
template <class TowerConfig>
void write_common(const TowerConfig& tower, Json& json) {
  if (tower.layer_scale) json["ls_init_value"] = tower.layer_scale_init;
  if (tower.epsilon != 1e-5) json["norm_kwargs"] = {{"eps", tower.epsilon}};
  if (tower.activation == Activation::gelu_tanh) json["act_kwargs"] = {{"approximate", "tanh"}};
}

Json vision_json(const VisionConfig& vision) {
  Json json;
  json["image_size"] = vision.image_size;
  if (vision.kind == VisionConfig::Kind::modified_resnet) {
    json["layers"] = vision.depths;
    json["width"] = vision.width;
    json["patch_size"] = nullptr;
  } else {
    json["layers"] = vision.blocks.size();
    json["width"] = vision.width;
    json["patch_size"] = vision.patch_size;
    json["mlp_ratio"] = mlp_ratio(vision.blocks, vision.width);
    if (!vision.ln_pre) json["no_ln_pre"] = true;
    if (vision.pool == VisionConfig::Pool::average) json["pool_type"] = "avg";
    if (vision.final_ln_after_pool) json["final_ln_after_pool"] = true;
  }
  json["head_width"] = vision.head_width;
  write_common(vision, json);
  return json;
}

Json text_json(const TextConfig& text) {
  Json json;
  json["context_length"] = text.context_length;
  json["vocab_size"] = text.vocab_size;
  json["width"] = text.width;
  json["heads"] = text.blocks.empty() ? 1 : text.blocks.front().heads;
  json["layers"] = text.blocks.size();
  json["mlp_ratio"] = mlp_ratio(text.blocks, text.width);
  if (!text.causal) json["no_causal_mask"] = true;
  if (text.pool == TextConfig::Pool::first) json["pool_type"] = "first";
  if (text.pool == TextConfig::Pool::last) json["pool_type"] = "last";
  if (text.projection_bias) json["proj_bias"] = true;
  if (!text.projection) json["proj_type"] = "none";
  write_common(text, json);
  return json;
}

}  // namespace

std::vector<BlockShape> ClipConfig::uniform_blocks(int64_t layers, int64_t width, int64_t heads,
                                                   double ratio) {
  const BlockShape shape{heads, width, static_cast<int64_t>(double(width) * ratio)};
  return std::vector<BlockShape>(static_cast<size_t>(layers), shape);
}

ClipPreprocess mobile_clip_preprocess(bool five_stages) {
  ClipPreprocess preprocess;
  preprocess.image_size = 256;
  preprocess.bicubic = false;
  if (five_stages) return preprocess;
  preprocess.mean = {0, 0, 0};
  preprocess.std = {1, 1, 1};
  return preprocess;
}

void as_mobile_clip(ClipConfig& config) {
  config.vision.image_size = 256;
  config.vision.activation = config.text.activation = Activation::gelu;
  config.text.causal = false;
  config.text.projection = true;
  config.preprocess = mobile_clip_preprocess(config.vision.fast_vit.stages.size() == 5);
}

ClipConfig infer_clip_config(const TensorTable& table, Activation activation) {
  ClipConfig config;
  const bool fast_vit = holds_fast_vit(table);
  config.has_vision = fast_vit || table.contains("visual.conv1.weight");
  config.has_text = table.contains("token_embedding.weight") || table.contains("ln_final.weight");
  config.logit_bias = table.contains("logit_bias");
  config.vision.activation = config.text.activation = activation;
  if (config.has_vision) {
    if (fast_vit) {
      const int64_t dim = infer_fast_vit(table, config.vision);
      if (dim > 0) config.embed_dim = dim;
    } else if (table.contains("visual.attnpool.c_proj.weight")) {
      infer_resnet(table, config);
    } else {
      infer_vit(table, config);
    }
    config.preprocess.image_size = static_cast<int>(config.vision.image_size);
  }
  if (config.has_text) infer_text(table, config);
  if (fast_vit) as_mobile_clip(config);
  if ((config.has_vision && config.vision.kind == VisionConfig::Kind::vit &&
       config.vision.blocks.empty()) ||
      (config.has_text && config.text.blocks.empty())) {
    throw Error(ErrorCode::checkpoint, "a tower has no blocks").in_file(table.path);
  }
  return config;
}

std::string open_clip_config_json(const ClipConfig& config) {
  Json model;
  model["embed_dim"] = config.embed_dim;
  const Activation activation =
      config.has_vision ? config.vision.activation : config.text.activation;
  if (activation == Activation::quick_gelu) model["quick_gelu"] = true;
  if (config.logit_bias) model["init_logit_bias"] = 0.0;
  model["vision_cfg"] = vision_json(config.vision);
  model["text_cfg"] = text_json(config.text);
  Json preprocess;
  preprocess["mean"] = config.preprocess.mean;
  preprocess["std"] = config.preprocess.std;
  preprocess["interpolation"] = config.preprocess.bicubic ? "bicubic" : "bilinear";
  preprocess["resize_mode"] = resize_name(config.preprocess.resize);
  return Json{{"model_cfg", model}, {"preprocess_cfg", preprocess}}.dump(2) + "\n";
}

std::string_view activation_name(Activation activation) {
  switch (activation) {
    case Activation::quick_gelu:
      return "quick_gelu";
    case Activation::gelu:
      return "gelu";
    case Activation::gelu_tanh:
      return "gelu_tanh";
  }
  return "gelu";
}

}  // namespace vane
