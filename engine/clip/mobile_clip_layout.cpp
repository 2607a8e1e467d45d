// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/mobile_clip_layout.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/error.h"

namespace vane {
namespace {

struct Rename {
  std::string_view apple, open_clip;
};

// Starts of names. Apple numbers blocks, downsamplings and positions of all stages in one row.
constexpr std::array<Rename, 17> kStarts{{
    {"image_encoder.model.patch_embed.", "visual.trunk.stem."},
    {"image_encoder.model.network.0.", "visual.trunk.stages.0.blocks."},
    {"image_encoder.model.network.1.", "visual.trunk.stages.1.downsample."},
    {"image_encoder.model.network.2.", "visual.trunk.stages.1.blocks."},
    {"image_encoder.model.network.3.", "visual.trunk.stages.2.downsample."},
    {"image_encoder.model.network.4.", "visual.trunk.stages.2.blocks."},
    {"image_encoder.model.network.5.", "visual.trunk.stages.3.downsample."},
    {"image_encoder.model.network.6.pe.", "visual.trunk.stages.3.pos_emb.pos_enc."},
    {"image_encoder.model.network.6.", "visual.trunk.stages.3.pos_emb."},
    {"image_encoder.model.network.7.", "visual.trunk.stages.3.blocks."},
    {"image_encoder.model.conv_exp.", "visual.trunk.final_conv."},
    {"image_encoder.model.head.proj", "visual.trunk.head.fc.weight"},
    {"text_encoder.embedding_layer.", "token_embedding."},
    {"text_encoder.positional_embedding.pos_embed.pos_embed", "positional_embedding"},
    {"text_encoder.transformer.", "transformer.resblocks."},
    {"text_encoder.final_layer_norm.", "ln_final."},
    {"text_encoder.projection_layer", "text_projection"},
}};

constexpr std::array<Rename, 8> kImageParts{{
    {".rbr_conv.", ".conv_kxk."},
    {".rbr_scale.", ".conv_scale."},
    {".rbr_skip.", ".identity."},
    {".lkb_origin.", ".large_conv."},
    {".lkb_reparam.", ".reparam_conv."},
    {".convffn.", ".mlp."},
    {".se.reduce.", ".se.fc1."},
    {".se.expand.", ".se.fc2."},
}};

constexpr std::array<Rename, 7> kTextParts{{
    {".pre_norm_mha.0.", ".ln_1."},
    {".pre_norm_mha.1.qkv_proj.weight", ".attn.in_proj_weight"},
    {".pre_norm_mha.1.qkv_proj.bias", ".attn.in_proj_bias"},
    {".pre_norm_mha.1.out_proj.", ".attn.out_proj."},
    {".pre_norm_ffn.0.", ".ln_2."},
    {".pre_norm_ffn.1.", ".mlp.c_fc."},
    {".pre_norm_ffn.4.", ".mlp.c_proj."},
}};

constexpr std::string_view kGamma = ".gamma";

void replace_parts(std::string& name, std::span<const Rename> rules, bool to_apple) {
  for (const Rename& rule : rules) {
    const std::string_view from = to_apple ? rule.open_clip : rule.apple;
    const std::string_view to = to_apple ? rule.apple : rule.open_clip;
    const size_t found = name.find(from);
    if (found != std::string::npos) name.replace(found, from.size(), to);
  }
}

/// Name with its known start replaced; nothing else of it touched.
std::string with_start(std::string_view name, bool to_apple) {
  for (const Rename& rule : kStarts) {
    const std::string_view from = to_apple ? rule.open_clip : rule.apple;
    if (!name.starts_with(from)) continue;
    return std::string(to_apple ? rule.apple : rule.open_clip) +
           std::string(name.substr(from.size()));
  }
  return std::string(name);
}

std::string open_clip_name(std::string_view apple) {
  std::string name = with_start(apple, false);
  if (apple.starts_with("text_encoder.")) {
    replace_parts(name, kTextParts, false);
  } else {
    replace_parts(name, kImageParts, false);
    const size_t dot = name.rfind('.');
    const bool scale = std::string_view(name).substr(dot + 1).starts_with("layer_scale");
    if (dot != std::string::npos && scale) name += kGamma;
  }
  return name;
}

/// Refuses the members of the family whose towers are others, by their names.
void refuse_other_towers(const TensorTable& table) {
  for (const TensorRecord& record : table.tensors) {
    const std::string_view name = record.name;
    const char* model = nullptr;
    if (name.starts_with("image_encoder.model.patch_emb.")) {
      model = "MobileCLIP-B has a ViT with a convolutional stem, which";
    } else if (name.starts_with("text_encoder.transformer.") &&
               name.find(".pre_norm_") == std::string_view::npos) {
      model = "MobileCLIP-S0 has a text tower with RepMixer blocks, which";
    }
    if (!model) continue;
    throw Error(ErrorCode::checkpoint, std::string(model) + " is not supported")
        .in_file(table.path)
        .at_key(record.name)
        .with_hint("supported: MobileCLIP-S1 and -S2, MobileCLIP2-S0, -S2, -S3 and -S4");
  }
}

/// float32 zeros owned by the table.
TensorRecord zeros(TensorTable& table, const std::string& name, int64_t count) {
  auto buffer = std::make_shared<std::vector<std::byte>>(static_cast<size_t>(count) *
                                                         dtype_bytes(DType::f32));
  TensorRecord record{name, DType::f32, {count}, {1}, *buffer};
  table.owners.push_back(std::move(buffer));
  return record;
}

}  // namespace

void add_mobile_clip(const TensorTable& source, TensorTable& target) {
  refuse_other_towers(source);
  for (const TensorRecord& record : source.tensors) {
    if (record.name.ends_with("num_batches_tracked")) continue;
    TensorRecord copy = record;
    copy.name = open_clip_name(record.name);
    if (copy.name == "positional_embedding") {
      while (copy.shape.size() > 2 && copy.shape.front() == 1) {
        copy.shape.erase(copy.shape.begin());
        copy.strides.erase(copy.strides.begin());
      }
    }
    if (copy.name == "visual.trunk.head.fc.weight" && copy.shape.size() == 2) {
      std::swap(copy.shape[0], copy.shape[1]);
      std::swap(copy.strides[0], copy.strides[1]);
      target.tensors.push_back(zeros(target, "visual.trunk.head.fc.bias", copy.shape[0]));
    }
    target.tensors.push_back(std::move(copy));
  }
}

std::string name_in_mobile_clip(std::string_view open_clip) {
  std::string name = with_start(open_clip, true);
  if (open_clip.starts_with("visual.")) {
    replace_parts(name, kImageParts, true);
    if (name.ends_with(kGamma)) name.resize(name.size() - kGamma.size());
  } else {
    replace_parts(name, kTextParts, true);
  }
  return name;
}

}  // namespace vane
