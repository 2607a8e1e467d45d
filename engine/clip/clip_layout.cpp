// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/clip_layout.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>

#include "engine/base/error.h"
#include "engine/clip/fast_vit_load.h"
#include "engine/clip/mobile_clip_layout.h"

namespace vane {
namespace {

bool any_starts_with(const TensorTable& table, std::string_view prefix) {
  return std::any_of(table.tensors.begin(), table.tensors.end(),
                     [&](const TensorRecord& t) { return t.name.starts_with(prefix); });
}

/// One replacement at the start or inside of a name.
struct Rename {
  std::string_view hugging_face, open_clip;
};

// Hugging Face -> open_clip; clip sheet 2.2. `pre_layrnorm` is how the key is really spelled.
constexpr std::array<Rename, 15> kRenames{{
    {"vision_model.embeddings.class_embedding", "visual.class_embedding"},
    {"vision_model.embeddings.patch_embedding.", "visual.conv1."},
    {"vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"},
    {"vision_model.pre_layrnorm.", "visual.ln_pre."},
    {"vision_model.post_layernorm.", "visual.ln_post."},
    {"vision_model.encoder.layers.", "visual.transformer.resblocks."},
    {"visual_projection.weight", "visual.proj"},
    {"text_model.embeddings.token_embedding.", "token_embedding."},
    {"text_model.embeddings.position_embedding.weight", "positional_embedding"},
    {"text_model.encoder.layers.", "transformer.resblocks."},
    {"text_model.final_layer_norm.", "ln_final."},
    {"text_projection.weight", "text_projection"},
    {"text_projection.bias", "text_projection.bias"},
    {"logit_scale", "logit_scale"},
    {"logit_bias", "logit_bias"},
}};

// What SigLIP has beside the names above; it also puts its projection of text elsewhere.
constexpr std::array<Rename, 7> kSiglipRenames{{
    {"vision_model.head.probe", "visual.attn_pool.probe"},
    {"vision_model.head.attention.", "visual.attn_pool.attn."},
    {"vision_model.head.layernorm.", "visual.attn_pool.ln."},
    {"vision_model.head.mlp.fc1.", "visual.attn_pool.mlp.c_fc."},
    {"vision_model.head.mlp.fc2.", "visual.attn_pool.mlp.c_proj."},
    {"text_model.head.weight", "text_projection"},
    {"text_model.head.bias", "text_projection.bias"},
}};

// Inside a block, behind its number.
constexpr std::array<Rename, 5> kBlockRenames{{
    {"layer_norm1.", "ln_1."},
    {"layer_norm2.", "ln_2."},
    {"self_attn.out_proj.", "attn.out_proj."},
    {"mlp.fc1.", "mlp.c_fc."},
    {"mlp.fc2.", "mlp.c_proj."},
}};

/// Name behind a known start, or nothing.
std::optional<std::string> renamed(std::string_view name) {
  for (const Rename& rule : kSiglipRenames) {
    if (name.starts_with(rule.hugging_face)) {
      return std::string(rule.open_clip) + std::string(name.substr(rule.hugging_face.size()));
    }
  }
  for (const Rename& rule : kRenames) {
    if (!name.starts_with(rule.hugging_face)) continue;
    std::string_view rest = name.substr(rule.hugging_face.size());
    if (!rule.hugging_face.ends_with('.') && !rest.empty()) continue;
    std::string result(rule.open_clip);
    if (rule.hugging_face.ends_with("layers.")) {
      const size_t dot = rest.find('.');
      if (dot == std::string_view::npos) return std::nullopt;
      result += rest.substr(0, dot + 1);
      rest = rest.substr(dot + 1);
      for (const Rename& inner : kBlockRenames) {
        if (rest.starts_with(inner.hugging_face)) {
          return result + std::string(inner.open_clip) +
                 std::string(rest.substr(inner.hugging_face.size()));
        }
      }
    }
    return result + std::string(rest);
  }
  return std::nullopt;
}

void transpose(TensorRecord& record) {
  if (record.shape.size() == 2) {
    std::swap(record.shape[0], record.shape[1]);
    std::swap(record.strides[0], record.strides[1]);
  }
}

std::vector<int64_t> row_major(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * std::max<int64_t>(shape[i], 1);
  return strides;
}

/// Joins contiguous records along axis 0 into a buffer owned by `table`.
TensorRecord joined(TensorTable& table, const std::vector<TensorRecord>& parts,
                    const std::string& name) {
  const TensorRecord& first = parts.front();
  size_t bytes = 0;
  std::vector<int64_t> shape = first.shape;
  if (shape.empty()) throw Error(ErrorCode::checkpoint, "a scalar cannot be joined").at_key(name);
  shape[0] = 0;
  for (const TensorRecord& part : parts) {
    std::vector<int64_t> expected = first.shape;
    if (part.shape.size() == expected.size()) expected[0] = part.shape[0];
    if (part.dtype != first.dtype || part.shape != expected || !part.is_contiguous()) {
      throw Error(ErrorCode::checkpoint,
                  "its type or shape does not match " + first.name + ", which it is joined with")
          .at_key(part.name);
    }
    shape[0] += part.shape[0];
    bytes += static_cast<size_t>(part.numel()) * dtype_bytes(part.dtype);
  }
  auto buffer = std::make_shared<std::vector<std::byte>>(bytes);
  size_t offset = 0;
  for (const TensorRecord& part : parts) {
    const size_t size = static_cast<size_t>(part.numel()) * dtype_bytes(part.dtype);
    if (size > 0) std::memcpy(buffer->data() + offset, part.bytes.data(), size);
    offset += size;
  }
  TensorRecord result{name, first.dtype, shape, row_major(shape), *buffer};
  table.owners.push_back(std::move(buffer));
  return result;
}

const TensorRecord& piece(const TensorTable& table, const std::string& name) {
  const TensorRecord* record = table.find(name);
  if (!record) {
    throw Error(ErrorCode::checkpoint, "this tensor is missing")
        .in_file(table.path)
        .at_key(name)
        .with_hint("the file is incomplete; download or export it again");
  }
  return *record;
}

void add_hugging_face(const TensorTable& source, TensorTable& target) {
  for (const TensorRecord& record : source.tensors) {
    if (record.name.ends_with(".position_ids")) continue;
    const size_t attention = record.name.find(".self_attn.");
    const std::string_view part = attention == std::string::npos
                                      ? std::string_view{}
                                      : std::string_view(record.name).substr(attention + 11);
    if (part.starts_with("k_proj.") || part.starts_with("v_proj.") || part.starts_with("q_proj.")) {
      // The whole of q, k, v is made when the first of them turns up.
      const std::string base = record.name.substr(0, attention + 11);
      const std::string kind(part.substr(7));
      const std::string name = *renamed(base.substr(0, attention + 1) + "ln");
      const std::string block = name.substr(0, name.size() - 2);
      const std::string packed =
          block + (kind == "weight" ? "attn.in_proj_weight" : "attn.in_proj_bias");
      const bool done = std::any_of(target.tensors.rbegin(), target.tensors.rend(),
                                    [&](const TensorRecord& t) { return t.name == packed; });
      if (done) continue;
      target.tensors.push_back(
          joined(target,
                 {piece(source, base + "q_proj." + kind), piece(source, base + "k_proj." + kind),
                  piece(source, base + "v_proj." + kind)},
                 packed));
      continue;
    }
    TensorRecord copy = record;
    copy.name = renamed(record.name).value_or(record.name);
    if (copy.name == "visual.proj" || copy.name == "text_projection") transpose(copy);
    target.tensors.push_back(std::move(copy));
  }
}

/// Names of the open_clip family with their wrappers taken off.
std::string unwrapped(std::string_view name) {
  for (const std::string_view prefix :
       {"_image_encoder.", "_text_encoder.", "_logit_scale.", "text."}) {
    if (name.starts_with(prefix)) return std::string(name.substr(prefix.size()));
  }
  return std::string(name);
}

void add_open_clip(const TensorTable& source, TensorTable& target) {
  // Facts of OpenAI archives that are no parameters, masks and counters.
  static const std::set<std::string, std::less<>> kNoParameters{
      "input_resolution", "context_length", "vocab_size", "attn_mask"};
  for (const TensorRecord& record : source.tensors) {
    TensorRecord copy = record;
    copy.name = unwrapped(record.name);
    if (kNoParameters.contains(copy.name) || copy.name.ends_with("num_batches_tracked")) continue;
    if (copy.name == "text_projection.weight") {
      copy.name = "text_projection";
      transpose(copy);
    }
    target.tensors.push_back(std::move(copy));
  }
}

/// Long-CLIP keeps two position tables: rows below 20 come from the first, the rest from the
/// second.
void join_long_clip(TensorTable& table) {
  constexpr int64_t kKept = 20;
  const TensorRecord* first = table.find("positional_embedding");
  const TensorRecord* second = table.find("positional_embedding_res");
  if (!second) return;
  if (!first || first->shape != second->shape || first->shape.size() != 2 ||
      first->shape[0] <= kKept) {
    throw Error(ErrorCode::checkpoint, "the two position tables of Long-CLIP do not match")
        .in_file(table.path)
        .at_key("positional_embedding_res");
  }
  const size_t row = static_cast<size_t>(first->shape[1]) * dtype_bytes(first->dtype);
  const auto rows = [row](TensorRecord record, int64_t begin, int64_t end) {
    record.bytes = record.bytes.subspan(static_cast<size_t>(begin) * row,
                                        static_cast<size_t>(end - begin) * row);
    record.shape[0] = end - begin;
    return record;
  };
  TensorRecord whole =
      joined(table, {rows(*first, 0, kKept), rows(*second, kKept, second->shape[0])},
             "positional_embedding");
  std::erase_if(table.tensors, [](const TensorRecord& t) {
    return t.name == "positional_embedding" || t.name == "positional_embedding_res";
  });
  table.tensors.push_back(std::move(whole));
  table.reindex();
}

/// `module.` of parallel training and `_orig_mod.` of compiled models, when all names carry it.
TensorTable without_wrapper(TensorTable table) {
  for (const std::string_view prefix : {"_orig_mod.", "module.", "_orig_mod."}) {
    const bool all = !table.tensors.empty() &&
                     std::all_of(table.tensors.begin(), table.tensors.end(),
                                 [&](const TensorRecord& t) { return t.name.starts_with(prefix); });
    if (!all) continue;
    for (TensorRecord& record : table.tensors) record.name.erase(0, prefix.size());
    table.reindex();
  }
  return table;
}

}  // namespace

std::string clip_layout_of(const TensorTable& given) {
  const TensorTable table = without_wrapper(given);
  if (any_starts_with(table, "_image_encoder.") || any_starts_with(table, "_text_encoder.")) {
    return "tinyclip";
  }
  if (any_starts_with(table, "image_encoder.model.") ||
      any_starts_with(table, "text_encoder.embedding_layer.")) {
    return "mobileclip";
  }
  if (any_starts_with(table, "vision_model.head.") || table.contains("text_model.head.weight")) {
    return "siglip";
  }
  if (any_starts_with(table, "visual.trunk.attn_pool.")) return "siglip_timm";
  if (any_starts_with(table, "visual.trunk.") && !holds_fast_vit(table)) return "timm";
  if (table.contains("vision_model.embeddings.class_embedding") ||
      table.contains("text_model.embeddings.token_embedding.weight")) {
    return "hugging_face";
  }
  if (table.contains("positional_embedding_res")) return "long_clip";
  if (table.contains("input_resolution") && table.contains("visual.conv1.weight")) return "openai";
  const bool image =
      table.contains("visual.conv1.weight") || any_starts_with(table, "visual.trunk.stem.");
  const bool text =
      (table.contains("token_embedding.weight") && table.contains("ln_final.weight")) ||
      (table.contains("text.token_embedding.weight"));
  return image || text ? "open_clip" : "";
}

ClipTensors to_open_clip_names(const TensorTable& table) {
  ClipTensors result;
  result.layout = clip_layout_of(table);
  if (result.layout.empty()) {
    throw Error(ErrorCode::checkpoint, "these tensors are not those of a CLIP")
        .in_file(table.path)
        .with_hint("`vane models inspect` tells what the file holds");
  }
  if (result.layout == "siglip_timm") {
    throw Error(
        ErrorCode::checkpoint,
        "this is a SigLIP in the layout of open_clip (a timm trunk), which is not supported")
        .in_file(table.path)
        .with_hint("use the folder of the same model in the layout of Hugging Face (SiglipModel)");
  }
  if (result.layout == "timm") {
    throw Error(ErrorCode::checkpoint,
                "its image tower is one of timm's that is no FastViT (as in MobileCLIP-B), which "
                "is not supported")
        .in_file(table.path)
        .with_hint("supported: MobileCLIP-S1 and -S2, MobileCLIP2-S0, -S2, -S3 and -S4");
  }
  const TensorTable source = without_wrapper(table);
  result.table.metadata = source.metadata;
  result.table.format = source.format;
  result.table.path = source.path;
  result.table.owners = source.owners;
  if (result.layout == "hugging_face" || result.layout == "siglip") {
    add_hugging_face(source, result.table);
  } else if (result.layout == "mobileclip") {
    add_mobile_clip(source, result.table);
  } else {
    add_open_clip(source, result.table);
  }
  result.table.reindex();
  join_long_clip(result.table);
  return result;
}

std::string name_in_layout(std::string_view name, std::string_view layout) {
  if (layout == "tinyclip") {
    if (name == "logit_scale") return "_logit_scale.logit_scale";
    return (name.starts_with("visual.") ? "_image_encoder." : "_text_encoder.") + std::string(name);
  }
  if (layout == "mobileclip") return name_in_mobile_clip(name);
  if (layout == "siglip") {
    for (const Rename& rule : kSiglipRenames) {
      if (!name.starts_with(rule.open_clip)) continue;
      const std::string_view rest = name.substr(rule.open_clip.size());
      if (!rule.open_clip.ends_with('.') && !rest.empty()) continue;
      return std::string(rule.hugging_face) + std::string(rest);
    }
  } else if (layout != "hugging_face") {
    return std::string(name);
  }
  for (const Rename& rule : kRenames) {
    if (!name.starts_with(rule.open_clip)) continue;
    std::string_view rest = name.substr(rule.open_clip.size());
    if (!rule.open_clip.ends_with('.') && !rest.empty()) continue;
    std::string result(rule.hugging_face);
    if (rule.hugging_face.ends_with("layers.")) {
      const size_t dot = rest.find('.');
      result += rest.substr(0, dot + 1);
      rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
      for (const Rename& inner : kBlockRenames) {
        if (rest.starts_with(inner.open_clip)) {
          return result + std::string(inner.hugging_face) +
                 std::string(rest.substr(inner.open_clip.size()));
        }
      }
      if (rest == "attn.in_proj_weight") return result + "self_attn.{q,k,v}_proj.weight";
      if (rest == "attn.in_proj_bias") return result + "self_attn.{q,k,v}_proj.bias";
    }
    return result + std::string(rest);
  }
  return std::string(name);
}

}  // namespace vane
