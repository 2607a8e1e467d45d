// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/clip/clip_config.h"

namespace vane {
namespace {

using Json = nlohmann::json;

Json read_json(const std::filesystem::path& file, const Limits& limits) {
  const auto source = MappedFile::open(file, std::min<uint64_t>(limits.json_bytes, 16u << 20),
                                       static_cast<int>(ErrorCode::checkpoint));
  const auto bytes = source->view();
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const auto depth_cap = static_cast<int>(limits.json_depth);
  try {
    Json json =
        Json::parse(text, text + bytes.size(), [depth_cap](int depth, Json::parse_event_t, Json&) {
          if (depth > depth_cap) {
            throw Error(ErrorCode::checkpoint, "the JSON is nested too deeply");
          }
          return true;
        });
    if (!json.is_object()) throw Error(ErrorCode::checkpoint, "the JSON is not an object");
    return json;
  } catch (const Json::exception& fault) {
    throw Error(ErrorCode::checkpoint, std::string("not a valid JSON file: ") + fault.what())
        .in_file(file);
  } catch (Error& error) {
    error.set_file_if_empty(file);
    throw;
  }
}

/// One JSON object of a configuration, read key by key; what nobody asked for is an error.
class Section {
 public:
  Section(const Json& json, std::string name) : name_(std::move(name)) {
    if (json.is_null()) return;
    if (!json.is_object()) fail("is not an object", "");
    for (const auto& [key, value] : json.items()) {
      if (!value.is_null()) values_[key] = value;
    }
  }

  bool has(const std::string& key) const { return values_.contains(key); }

  int64_t integer(const std::string& key, int64_t fallback, int64_t low = 1,
                  int64_t high = 1 << 20) {
    const Json* value = take(key);
    if (!value) return fallback;
    const bool whole =
        value->is_number_integer() ||
        (value->is_number_float() && std::floor(value->get<double>()) == value->get<double>() &&
         std::abs(value->get<double>()) < 1e15);
    if (!whole) fail("is not an integer", key);
    const auto number = static_cast<int64_t>(value->get<double>());
    if (number < low || number > high) {
      fail("is " + std::to_string(number) + ", outside " + std::to_string(low) + ".." +
               std::to_string(high),
           key);
    }
    return number;
  }

  double number(const std::string& key, double fallback) {
    const Json* value = take(key);
    if (!value) return fallback;
    if (!value->is_number()) fail("is not a number", key);
    return value->get<double>();
  }

  bool boolean(const std::string& key, bool fallback) {
    const Json* value = take(key);
    if (!value) return fallback;
    if (!value->is_boolean()) fail("is neither true nor false", key);
    return value->get<bool>();
  }

  std::string text(const std::string& key, const std::string& fallback) {
    const Json* value = take(key);
    if (!value) return fallback;
    if (!value->is_string()) fail("is not a text", key);
    return value->get<std::string>();
  }

  Json raw(const std::string& key) {
    const Json* value = take(key);
    return value ? *value : Json();
  }

  /// Keys that change nothing at inference.
  void ignore(std::initializer_list<const char*> keys) {
    for (const char* key : keys) values_.erase(key);
  }

  /// A key that Vane understands and does not build unless it has its neutral value.
  void refuse_unless(const std::string& key, const Json& neutral) {
    const Json* value = take(key);
    if (value && *value != neutral) fail("asks for something that is not supported", key);
  }

  void finish() const {
    if (values_.empty()) return;
    std::vector<std::string> keys;
    for (const auto& [key, value] : values_) keys.push_back(key);
    fail("is not a known key; ignoring it would change the embeddings", keys.front());
  }

  [[noreturn]] void fail(const std::string& what, const std::string& key) const {
    throw Error(ErrorCode::checkpoint, "this setting " + what)
        .at_key(key.empty() ? name_ : name_ + "." + key);
  }

 private:
  const Json* take(const std::string& key) {
    const auto found = values_.find(key);
    if (found == values_.end()) return nullptr;
    taken_.push_back(std::move(found->second));
    values_.erase(found);
    return &taken_.back();
  }

  std::string name_;
  std::map<std::string, Json> values_;
  std::deque<Json> taken_;
};

Activation gelu_of(Section& section, bool quick) {
  const Json kwargs = section.raw("act_kwargs");
  if (kwargs.is_null() || kwargs.empty()) return quick ? Activation::quick_gelu : Activation::gelu;
  if (kwargs == Json{{"approximate", "tanh"}} && !quick) return Activation::gelu_tanh;
  section.fail("asks for an activation that is not supported", "act_kwargs");
}

double epsilon_of(Section& section) {
  const Json kwargs = section.raw("norm_kwargs");
  if (kwargs.is_null() || kwargs.empty()) return 1e-5;
  if (kwargs.is_object() && kwargs.size() == 1 && kwargs.contains("eps") &&
      kwargs["eps"].is_number()) {
    return kwargs["eps"].get<double>();
  }
  section.fail("asks for a normalisation that is not supported", "norm_kwargs");
}

/// Settings of open_clip's custom attention block, which is not built here.
void refuse_custom_block(Section& section) {
  section.refuse_unless("block_type", "default");
  for (const char* key : {"qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner",
                          "scale_attn", "scale_fc"}) {
    section.refuse_unless(key, false);
  }
}

/// One size, or two equal ones.
int64_t square_size(Section& section, const std::string& key, int64_t fallback) {
  const Json value = section.raw(key);
  if (value.is_null()) return fallback;
  if (value.is_number_integer()) {
    const auto size = value.get<int64_t>();
    if (size >= 1 && size <= 65536) return size;
  }
  if (value.is_array() && value.size() == 2 && value[0] == value[1] &&
      value[0].is_number_integer() && value[0].get<int64_t>() >= 1) {
    return value[0].get<int64_t>();
  }
  section.fail("is not one size; only square inputs and patches are supported", key);
}

/// MobileCLIP's image tower, which open_clip builds with timm.
VisionConfig fast_vit_vision(Section& section) {
  static const std::set<std::string> kKnown{"fastvit_mci0", "fastvit_mci1", "fastvit_mci2",
                                            "fastvit_mci3", "fastvit_mci4"};
  const std::string name = section.text("timm_model_name", "");
  if (!kKnown.contains(name)) {
    section.fail("names the timm backbone \"" + name +
                     "\"; supported: fastvit_mci0 to fastvit_mci4 (MobileCLIP), "
                     "and ViT and ModifiedResNet without timm",
                 "timm_model_name");
  }
  VisionConfig vision;
  vision.kind = VisionConfig::Kind::fast_vit;
  vision.activation = Activation::gelu;
  vision.blocks.clear();
  const bool five = name == "fastvit_mci3" || name == "fastvit_mci4";
  vision.fast_vit.stages.resize(five ? 5 : 4);
  vision.image_size = square_size(section, "image_size", 224);
  section.refuse_unless("timm_pool", "avg");
  section.refuse_unless("timm_proj", "");
  section.ignore(
      {"timm_model_pretrained", "timm_proj_bias", "timm_drop", "timm_drop_path", "patch_dropout"});
  section.finish();
  return vision;
}

VisionConfig open_clip_vision(const Json& json, bool quick_gelu) {
  Section section(json, "vision_cfg");
  if (section.has("timm_model_name")) return fast_vit_vision(section);
  VisionConfig vision;
  vision.image_size = square_size(section, "image_size", 224);
  vision.width = section.integer("width", 768);
  vision.head_width = section.integer("head_width", 64);
  vision.activation = gelu_of(section, quick_gelu);
  vision.epsilon = epsilon_of(section);
  const double ratio = section.number("mlp_ratio", 4.0);
  const Json layers = section.raw("layers");
  if (layers.is_array()) {
    vision.kind = VisionConfig::Kind::modified_resnet;
    vision.blocks.clear();
    if (layers.size() != 4) section.fail("must have four depths", "layers");
    for (size_t i = 0; i < 4; ++i) {
      if (!layers[i].is_number_integer() || layers[i].get<int64_t>() < 1 ||
          layers[i].get<int64_t>() > 1000) {
        section.fail("must hold positive depths", "layers");
      }
      vision.depths[i] = layers[i].get<int64_t>();
    }
    section.ignore({"patch_size"});
  } else {
    if (!layers.is_null() && (!layers.is_number_integer() || layers.get<int64_t>() < 1 ||
                              layers.get<int64_t>() > 1000)) {
      section.fail("must be a positive number", "layers");
    }
    vision.patch_size = square_size(section, "patch_size", 16);
    vision.blocks =
        ClipConfig::uniform_blocks(layers.is_null() ? 12 : layers.get<int64_t>(), vision.width,
                                   vision.width / vision.head_width, ratio);
    if (vision.width % vision.head_width != 0) {
      section.fail("does not divide the width", "head_width");
    }
  }
  vision.layer_scale = section.has("ls_init_value");
  vision.layer_scale_init = section.number("ls_init_value", 1e-5);
  vision.ln_pre = !section.boolean("no_ln_pre", false);
  vision.final_ln_after_pool = section.boolean("final_ln_after_pool", false);
  const std::string pool = section.text("pool_type", "tok");
  if (pool == "avg") {
    vision.pool = VisionConfig::Pool::average;
  } else if (pool != "tok") {
    section.fail("asks for a pooling that is not supported", "pool_type");
  }
  section.refuse_unless("attentional_pool", false);
  section.refuse_unless("pos_embed_type", "learnable");
  refuse_custom_block(section);
  section.ignore({"patch_dropout", "output_tokens", "attn_pooler_queries", "attn_pooler_heads",
                  "n_queries", "timm_model_pretrained", "timm_pool", "timm_proj", "timm_proj_bias",
                  "timm_drop", "timm_drop_path"});
  section.finish();
  return vision;
}

TextConfig open_clip_text(const Json& json, bool quick_gelu) {
  Section section(json, "text_cfg");
  if (section.has("hf_model_name")) {
    section.fail("names a Hugging Face text tower; only CLIP text towers are supported",
                 "hf_model_name");
  }
  if (section.has("hf_tokenizer_name")) {
    section.fail("names another tokenizer; only the one of CLIP is supported", "hf_tokenizer_name");
  }
  TextConfig text;
  text.context_length = section.integer("context_length", 77, 2);
  text.vocab_size = section.integer("vocab_size", 49408, 2, 1 << 24);
  text.width = section.integer("width", 512);
  const int64_t heads = section.integer("heads", 8),
                layers = section.integer("layers", 12, 1, 1000);
  if (text.width % heads != 0) section.fail("does not divide the width", "heads");
  text.blocks =
      ClipConfig::uniform_blocks(layers, text.width, heads, section.number("mlp_ratio", 4.0));
  text.activation = gelu_of(section, quick_gelu);
  text.epsilon = epsilon_of(section);
  text.layer_scale = section.has("ls_init_value");
  text.layer_scale_init = section.number("ls_init_value", 1e-5);
  text.causal = !section.boolean("no_causal_mask", false);
  text.projection_bias = section.boolean("proj_bias", false);
  text.projection = section.text("proj_type", "linear") != "none";
  text.pad_id = section.integer("pad_id", 0, 0, 1 << 24);
  const std::string pool = section.text("pool_type", "argmax");
  const int64_t end = section.integer("eos_id", 2, 0, 1 << 24);
  if (pool == "first") {
    text.pool = TextConfig::Pool::first;
  } else if (pool == "last") {
    text.pool = TextConfig::Pool::last;
  } else if (pool != "argmax" && !(pool == "eos" && end == Tokenizer::kEnd)) {
    section.fail("asks for a pooling that is not supported", "pool_type");
  }
  section.refuse_unless("embed_cls", false);
  section.refuse_unless("tokenizer_mode", "clip");
  refuse_custom_block(section);
  section.ignore({"output_tokens", "tokenizer_kwargs", "final_ln_after_pool", "hf_model_pretrained",
                  "hf_proj_type", "hf_pooler_type"});
  section.finish();
  return text;
}

std::array<float, 3> three_floats(Section& section, const std::string& key,
                                  const std::array<float, 3>& fallback) {
  const Json value = section.raw(key);
  if (value.is_null()) return fallback;
  std::array<float, 3> result{};
  const bool right = value.is_array() && value.size() == 3 && value[0].is_number() &&
                     value[1].is_number() && value[2].is_number();
  if (!right) section.fail("is not three numbers", key);
  for (size_t i = 0; i < 3; ++i) result[i] = value[i].get<float>();
  return result;
}

void check_std(Section& section, const ClipPreprocess& preprocess, const std::string& key) {
  for (const float value : preprocess.std) {
    if (!(value > 0)) section.fail("must be positive", key);
  }
}

ClipPreprocess open_clip_preprocess(const Json& json, const ClipPreprocess& defaults) {
  Section section(json, "preprocess_cfg");
  ClipPreprocess preprocess = defaults;
  preprocess.mean = three_floats(section, "mean", preprocess.mean);
  preprocess.std = three_floats(section, "std", preprocess.std);
  check_std(section, preprocess, "std");
  const std::string filter =
      section.text("interpolation", defaults.bicubic ? "bicubic" : "bilinear");
  if (filter != "bicubic" && filter != "bilinear" && filter != "random") {
    section.fail("is not bicubic or bilinear", "interpolation");
  }
  preprocess.bicubic = filter != "bilinear";
  const std::string mode = section.text("resize_mode", "shortest");
  if (mode == "squash") {
    preprocess.resize = ClipPreprocess::Resize::squash;
  } else if (mode == "longest") {
    preprocess.resize = ClipPreprocess::Resize::longest;
  } else if (mode != "shortest") {
    section.fail("is not shortest, longest or squash", "resize_mode");
  }
  section.ignore({"size", "mode", "fill_color"});
  section.finish();
  return preprocess;
}

/// Tower of Hugging Face's CLIPVisionConfig or CLIPTextConfig. Their files carry dozens of settings
/// of generation and training, so only those that change the graph are looked at.
struct HuggingFaceTower {
  int64_t width, hidden, layers, heads;
  Activation activation;
  double epsilon;
};

/// What a reference class takes where the file is silent.
struct TowerDefaults {
  int64_t width, hidden, heads;
  const char* activation = "quick_gelu";
  double epsilon = 1e-5;
};

HuggingFaceTower hugging_face_tower(Section& section, const TowerDefaults& defaults) {
  HuggingFaceTower tower{};
  tower.width = section.integer("hidden_size", defaults.width);
  tower.hidden = section.integer("intermediate_size", defaults.hidden);
  tower.layers = section.integer("num_hidden_layers", 12, 1, 1000);
  tower.heads = section.integer("num_attention_heads", defaults.heads);
  if (tower.width % tower.heads != 0)
    section.fail("does not divide the width", "num_attention_heads");
  const std::string activation = section.text("hidden_act", defaults.activation);
  if (activation == "quick_gelu") {
    tower.activation = Activation::quick_gelu;
  } else if (activation == "gelu") {
    tower.activation = Activation::gelu;
  } else if (activation == "gelu_pytorch_tanh" || activation == "gelu_new") {
    tower.activation = Activation::gelu_tanh;
  } else {
    section.fail("names an activation that is not supported: " + activation, "hidden_act");
  }
  tower.epsilon = section.number("layer_norm_eps", defaults.epsilon);
  return tower;
}

template <class TowerConfig>
void apply(const HuggingFaceTower& tower, TowerConfig& config) {
  config.width = tower.width;
  config.activation = tower.activation;
  config.epsilon = tower.epsilon;
  config.blocks = std::vector<BlockShape>(static_cast<size_t>(tower.layers),
                                          BlockShape{tower.heads, tower.width, tower.hidden});
}

/// What all SigLIP models share (clip sheet 1.6): no class token, no ln_pre, a probe that attends
/// over the patches; text read whole and pooled at its last position; pictures squashed to [-1,1].
void as_siglip(ClipConfig& config) {
  config.vision.ln_pre = config.vision.class_token = config.vision.projection = false;
  config.vision.patch_bias = true;
  config.vision.pool = VisionConfig::Pool::attention;
  config.text.causal = false;
  config.text.pool = TextConfig::Pool::last;
  config.text.projection_bias = true;
  config.preprocess.mean = config.preprocess.std = {0.5f, 0.5f, 0.5f};
  config.preprocess.resize = ClipPreprocess::Resize::squash;
}

void read_preprocessor(const std::filesystem::path& file, const Limits& limits,
                       ClipPreprocess& preprocess) {
  const Json json = read_json(file, limits);
  Section section(json, file.filename().string());
  preprocess.mean = three_floats(section, "image_mean", preprocess.mean);
  preprocess.std = three_floats(section, "image_std", preprocess.std);
  check_std(section, preprocess, "image_std");
  const int64_t filter = section.integer("resample", 3, 0, 5);
  if (filter != 2 && filter != 3)
    section.fail("is neither bicubic (3) nor bilinear (2)", "resample");
  preprocess.bicubic = filter == 3;
  if (!section.boolean("do_normalize", true)) {
    preprocess.mean = {0, 0, 0};
    preprocess.std = {1, 1, 1};
  }
  const Json size = section.raw("size");
  const bool both = size.is_object() && size.contains("height") && size.contains("width");
  if (both || !section.boolean("do_center_crop", true)) {
    preprocess.resize = ClipPreprocess::Resize::squash;
  }
}

}  // namespace

ClipConfig read_open_clip_config(const std::filesystem::path& file, const Limits& limits) {
  const Json json = read_json(file, limits);
  try {
    const bool wrapped = json.contains("model_cfg");
    Section model(wrapped ? json["model_cfg"] : json, "model_cfg");
    ClipConfig config;
    config.embed_dim = model.integer("embed_dim", 512);
    const bool quick = model.boolean("quick_gelu", false);
    if (!model.has("vision_cfg")) model.fail("is missing", "vision_cfg");
    if (!model.has("text_cfg")) model.fail("is missing", "text_cfg");
    config.vision = open_clip_vision(model.raw("vision_cfg"), quick);
    config.text = open_clip_text(model.raw("text_cfg"), quick);
    config.logit_bias = model.has("init_logit_bias");
    model.refuse_unless("multimodal_cfg", Json());
    model.ignore({"init_logit_bias", "init_logit_scale", "custom_text", "nonscalar_logit_scale",
                  "cast_dtype", "output_dict"});
    model.finish();
    if (config.vision.kind == VisionConfig::Kind::fast_vit) {
      config.preprocess = mobile_clip_preprocess(config.vision.fast_vit.stages.size() == 5);
    }
    config.preprocess.image_size = static_cast<int>(config.vision.image_size);
    config.preprocess = open_clip_preprocess(
        wrapped && json.contains("preprocess_cfg") ? json["preprocess_cfg"] : Json(),
        config.preprocess);
    return config;
  } catch (Error& error) {
    error.set_file_if_empty(file);
    throw;
  }
}

ClipConfig read_hugging_face_config(const std::filesystem::path& file, const Limits& limits) {
  const Json json = read_json(file, limits);
  const std::filesystem::path preprocessor = file.parent_path() / "preprocessor_config.json";
  try {
    Section top(json, "config");
    const std::string type = top.text("model_type", "clip");
    if (type != "clip" && type != "clip_vision_model" && type != "clip_text_model") {
      top.fail("says \"" + type + "\"; only CLIP models are supported here", "model_type");
    }
    ClipConfig config;
    config.has_vision = type != "clip_text_model";
    config.has_text = type != "clip_vision_model";
    config.embed_dim = top.integer("projection_dim", 512);
    Section vision(config.has_text ? top.raw("vision_config") : json, "vision_config");
    apply(hugging_face_tower(vision, {768, 3072, 12}), config.vision);
    config.vision.image_size = square_size(vision, "image_size", 224);
    config.vision.patch_size = square_size(vision, "patch_size", 32);
    config.vision.head_width = config.vision.width / config.vision.blocks.front().heads;
    vision.refuse_unless("num_channels", 3);
    Section text(config.has_vision ? top.raw("text_config") : json, "text_config");
    apply(hugging_face_tower(text, {512, 2048, 8}), config.text);
    config.text.context_length = text.integer("max_position_embeddings", 77, 2);
    config.text.vocab_size = text.integer("vocab_size", 49408, 2, 1 << 24);
    config.preprocess.image_size = static_cast<int>(config.vision.image_size);
    config.preprocess.crop = ClipPreprocess::CropRounding::hugging_face;
    if (std::filesystem::exists(preprocessor)) {
      read_preprocessor(preprocessor, limits, config.preprocess);
    }
    return config;
  } catch (Error& error) {
    error.set_file_if_empty(file);
    throw;
  }
}

ClipConfig read_siglip_config(const std::filesystem::path& file, const Limits& limits) {
  const Json json = read_json(file, limits);
  const std::filesystem::path preprocessor = file.parent_path() / "preprocessor_config.json";
  const TowerDefaults defaults{768, 3072, 12, "gelu_pytorch_tanh", 1e-6};
  try {
    Section top(json, "config");
    const std::string type = top.text("model_type", "siglip");
    if (type != "siglip" && type != "siglip_vision_model" && type != "siglip_text_model") {
      top.fail("says \"" + type + "\"; the tensors are those of a SigLIP", "model_type");
    }
    ClipConfig config;
    config.has_vision = type != "siglip_text_model";
    config.has_text = type != "siglip_vision_model";
    config.logit_bias = true;
    as_siglip(config);
    Section vision(config.has_text ? top.raw("vision_config") : json, "vision_config");
    apply(hugging_face_tower(vision, defaults), config.vision);
    config.vision.image_size = square_size(vision, "image_size", 224);
    config.vision.patch_size = square_size(vision, "patch_size", 16);
    config.vision.head_width = config.vision.width / config.vision.blocks.front().heads;
    vision.refuse_unless("num_channels", 3);
    vision.refuse_unless("vision_use_head", true);
    Section text(config.has_vision ? top.raw("text_config") : json, "text_config");
    apply(hugging_face_tower(text, defaults), config.text);
    config.text.context_length = text.integer("max_position_embeddings", 64, 2);
    config.text.vocab_size = text.integer("vocab_size", 32000, 2, 1 << 24);
    const int64_t projected = text.integer("projection_size", config.text.width);
    config.embed_dim = config.has_vision ? config.vision.width : projected;
    if (config.has_text && projected != config.embed_dim) {
      text.fail("does not match the width of the image tower", "projection_size");
    }
    config.preprocess.image_size = static_cast<int>(config.vision.image_size);
    if (std::filesystem::exists(preprocessor)) {
      read_preprocessor(preprocessor, limits, config.preprocess);
      config.preprocess.resize = ClipPreprocess::Resize::squash;
    }
    return config;
  } catch (Error& error) {
    error.set_file_if_empty(file);
    throw;
  }
}

}  // namespace vane
