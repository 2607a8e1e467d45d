// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/clip_model.h"

#include <cmath>

#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/clip/clip_layout.h"
#include "engine/clip/fast_vit_load.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

constexpr double kInitialLogitScale = 2.6592600369327779;  // ln(1 / 0.07), Radford et al. 2021

Tensor normal(const std::vector<int64_t>& shape, double deviation, Rng rng) {
  const Tensor values = at::empty(shape);
  auto* data = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) data[i] = rng.normal() * float(deviation);
  return values;
}

Tensor uniform(const std::vector<int64_t>& shape, double bound, Rng rng) {
  const Tensor values = at::empty(shape);
  auto* data = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) data[i] = rng.uniform(-float(bound), float(bound));
  return values;
}

int64_t fan_in(const std::vector<int64_t>& shape) {
  int64_t product = 1;
  for (size_t i = 1; i < shape.size(); ++i) product *= shape[i];
  return product;
}

/// Initial values as open_clip draws them (transformer.py, modified_resnet.py): torch's defaults
/// for convolutions and linears, normal distributions of the published widths elsewhere.
struct Initialiser {
  const ClipConfig& config;
  const Rng& rng;

  Tensor operator()(const std::string& name, const std::vector<int64_t>& shape) const {
    const Rng stream = rng.fork(name);
    const auto ends = [&name](std::string_view tail) { return name.ends_with(tail); };
    if (name == "logit_scale") return at::full({}, kInitialLogitScale);
    if (name == "logit_bias") return at::full({}, -10.0);
    if (ends("gamma")) {
      const bool image = name.starts_with("visual.");
      return at::full(shape, image ? config.vision.layer_scale_init : config.text.layer_scale_init);
    }
    if (ends("running_mean")) return at::zeros(shape);
    if (ends("running_var")) return at::ones(shape);
    if (is_norm(name)) {
      // The last normalisation of a bottleneck starts at zero, so that the block starts as
      // identity.
      const bool last = name.starts_with("visual.layer") && ends(".bn3.weight");
      return ends(".bias") || last ? at::zeros(shape) : at::ones(shape);
    }
    return name.starts_with("visual.") ? vision(name, shape, stream) : text(name, shape, stream);
  }

  static bool is_norm(const std::string& name) {
    return name.find(".ln_") != std::string::npos || name.starts_with("ln_") ||
           name.find(".bn") != std::string::npos ||
           name.find(".downsample.1.") != std::string::npos;
  }

  Tensor vision(const std::string& name, const std::vector<int64_t>& shape,
                const Rng& stream) const {
    const auto ends = [&name](std::string_view tail) { return name.ends_with(tail); };
    const double width = double(config.vision.width), pool_width = 32 * width;
    if (ends("attnpool.positional_embedding"))
      return normal(shape, 1 / std::sqrt(pool_width), stream);
    if (name.find("attnpool.") != std::string::npos) {
      return ends("weight") ? normal(shape, 1 / std::sqrt(pool_width), stream)
                            : uniform(shape, 1 / std::sqrt(pool_width), stream);
    }
    if (ends("class_embedding") || ends("positional_embedding") || ends("visual.proj")) {
      return normal(shape, 1 / std::sqrt(width), stream);
    }
    if (ends("in_proj_bias") || ends("out_proj.bias")) return at::zeros(shape);
    if (ends("in_proj_weight")) {
      return uniform(shape, std::sqrt(6.0 / double(shape[0] + shape[1])), stream);  // Xavier
    }
    if (ends("c_fc.bias")) return uniform(shape, 1 / std::sqrt(width), stream);
    if (ends("c_proj.bias")) {
      return uniform(shape, 1 / std::sqrt(double(config.vision.blocks.front().hidden)), stream);
    }
    return uniform(shape, 1 / std::sqrt(double(fan_in(shape))), stream);
  }

  Tensor text(const std::string& name, const std::vector<int64_t>& shape, const Rng& stream) const {
    const auto ends = [&name](std::string_view tail) { return name.ends_with(tail); };
    const double width = double(config.text.width);
    const double residual = 1 / std::sqrt(width * 2 * double(config.text.blocks.size()));
    if (ends("token_embedding.weight")) return normal(shape, 0.02, stream);
    if (ends("positional_embedding")) return normal(shape, 0.01, stream);
    if (name == "text_projection" || ends("in_proj_weight")) {
      return normal(shape, 1 / std::sqrt(width), stream);
    }
    if (ends("out_proj.weight") || ends("c_proj.weight")) return normal(shape, residual, stream);
    if (ends("c_fc.weight")) return normal(shape, 1 / std::sqrt(2 * width), stream);
    if (ends("c_fc.bias")) return uniform(shape, 1 / std::sqrt(width), stream);
    if (ends("c_proj.bias")) {
      return uniform(shape, 1 / std::sqrt(double(config.text.blocks.front().hidden)), stream);
    }
    return at::zeros(shape);
  }
};

/// Text positions of another length: linear, as open_clip does.
Tensor stretch_positions(const Tensor& positions, int64_t rows) {
  return at::upsample_linear1d(positions.t().unsqueeze(0).contiguous(), {rows}, false)
      .squeeze(0)
      .t()
      .contiguous();
}

/// A position table, brought to the configured size when the file has another one.
Tensor take_positions(const Weights& weights, const std::string& name,
                      const std::vector<int64_t>& shape, bool class_token) {
  if (!weights.contains(name)) return weights.take(name, shape);
  const std::vector<int64_t> actual = weights.shape(name);
  if (actual.size() != 2 || actual[1] != shape[1] || actual[0] == shape[0]) {
    return weights.take(name, shape);
  }
  const Tensor table = weights.take(name, {-1, shape[1]});
  if (!name.starts_with("visual.")) return stretch_positions(table, shape[0]);
  const int64_t first = class_token ? 1 : 0;
  const auto grid = static_cast<int64_t>(std::lround(std::sqrt(double(actual[0] - first))));
  if (grid * grid + first != actual[0]) return weights.take(name, shape);
  const auto wanted = static_cast<int64_t>(std::lround(std::sqrt(double(shape[0] - first))));
  return resize_positions(table, wanted, wanted, class_token);
}

}  // namespace

ClipModel::ClipModel(const ClipConfig& given) : config(given) {
  if (config.has_vision) {
    if (config.vision.kind == VisionConfig::Kind::vit) {
      vit = make_vision_transformer(config.vision, config.embed_dim);
    } else if (config.vision.kind == VisionConfig::Kind::fast_vit) {
      fast_vit = make_fast_vit(config.vision, config.embed_dim);
    } else {
      resnet = make_modified_resnet(config.vision, config.embed_dim);
    }
  }
  if (config.has_text) text = make_text_transformer(config.text, config.embed_dim);
  config.preprocess.image_size = static_cast<int>(config.vision.image_size);
}

ClipModel ClipModel::random(const ClipConfig& config, const Rng& rng) {
  ClipModel model(config);
  const Initialiser initial{model.config, rng};
  model.visit([&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
    tensor = initial(name, shape);
  });
  model.refresh_facts();
  model.facts.layout = "open_clip";
  return model;
}

ClipModel ClipModel::from_table(const TensorTable& table, const ClipConfig& config,
                                const std::string& layout) {
  const at::NoGradGuard no_grad;
  ClipModel model(config);
  const Weights weights(table);
  weights.show_names_as([layout](const std::string& name) { return name_in_layout(name, layout); });
  BranchFolder folder(weights);
  model.visit([&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
    if (BranchFolder::takes(name)) {
      tensor = folder.take(name, shape);
    } else if (name == "logit_scale" || name == "logit_bias") {
      // Some training checkpoints hold them as [1]; towers exported alone have none.
      if (!weights.contains(name)) {
        tensor = at::full({}, name == "logit_scale" ? kInitialLogitScale : -10.0);
      } else {
        const bool scalar = weights.shape(name).empty();
        tensor = weights.take(name, scalar ? shape : std::vector<int64_t>{1}).reshape({});
      }
    } else if (name.ends_with("positional_embedding")) {
      tensor = take_positions(weights, name, shape, model.config.vision.class_token);
    } else {
      tensor = weights.take(name, shape);
    }
  });
  weights.finish();
  model.refresh_facts();
  model.facts.layout = layout;
  return model;
}

void ClipModel::visit(const ParameterVisitor& visitor) {
  if (vit) visit_parameters(*vit, "visual.", visitor);
  if (resnet) visit_parameters(*resnet, "visual.", visitor);
  if (fast_vit) visit_parameters(*fast_vit, "visual.", visitor);
  if (text) visit_parameters(*text, visitor);
  visitor("logit_scale", logit_scale, {});
  if (config.logit_bias) visitor("logit_bias", logit_bias, {});
}

std::map<std::string, Tensor> ClipModel::state_dict() const {
  std::map<std::string, Tensor> result;
  // Listing changes nothing; one visitor for reading and writing is worth the cast.
  const_cast<ClipModel*>(this)->visit([&](const std::string& name, Tensor& tensor,
                                          const std::vector<int64_t>&) { result[name] = tensor; });
  return result;
}

std::map<std::string, Tensor> ClipModel::parameters() const {
  std::map<std::string, Tensor> result = state_dict();
  std::erase_if(result, [](const auto& entry) { return is_buffer(entry.first); });
  return result;
}

void ClipModel::require_gradients(bool on) {
  if (resnet) clear_folded_batch_norms(*resnet);
  for (auto& [name, tensor] : parameters()) tensor.set_requires_grad(on);
}

void ClipModel::own_tensors() {
  const at::NoGradGuard no_grad;
  visit([](const std::string&, Tensor& tensor, const std::vector<int64_t>&) {
    tensor = tensor.clone();
  });
}

void ClipModel::move_to(const std::string& device) {
  const at::NoGradGuard no_grad;
  visit([&](const std::string&, Tensor& tensor, const std::vector<int64_t>&) {
    tensor = tensor.to(at::Device(device));
  });
  if (resnet) fold_batch_norms(*resnet);
}

void ClipModel::prepare_evaluation() {
  if (resnet) fold_batch_norms(*resnet);
  refresh_facts();
}

void ClipModel::refresh_facts() {
  const bool is_resnet = resnet.has_value();
  facts.vision_kind = is_resnet ? "modified_resnet" : fast_vit ? "fast_vit" : "vit";
  facts.embed_dim = config.embed_dim;
  facts.context_length = config.text.context_length;
  facts.quick_gelu =
      (config.has_vision && !is_resnet ? config.vision.activation : config.text.activation) ==
      Activation::quick_gelu;
  facts.logit_scale = std::exp(logit_scale.item<float>());
  facts.logit_bias.reset();
  if (logit_bias.defined()) facts.logit_bias = logit_bias.item<float>();
  facts.preprocess = config.preprocess;
  facts.tokenizer.context_length = static_cast<int>(config.text.context_length);
  facts.tokenizer.pad_id = config.text.pad_id;
}

Tensor ClipModel::encode_image(const Tensor& input, VisionTaps* taps, BatchNormMode mode) const {
  if (taps) *taps = VisionTaps{};
  if (!vit && !resnet && !fast_vit) {
    throw Error(ErrorCode::usage, "this model has no image tower: " + facts.name);
  }
  const Tensor embedding = vit        ? vision_transformer(*vit, input, taps)
                           : fast_vit ? vane::fast_vit(*fast_vit, input, taps)
                                      : modified_resnet(*resnet, input, taps, mode);
  if (taps) {
    if (taps->tokens.defined()) taps->tokens = taps->tokens.to(input.device());
    for (Tensor& stage : taps->stages) stage = stage.to(input.device());
  }
  return embedding.to(input.device());
}

Tensor ClipModel::encode_text(const Tensor& ids, const Tensor& end, bool trim) const {
  if (!text) throw Error(ErrorCode::usage, "this model has no text tower: " + facts.name);
  return text_transformer(*text, ids, end, trim).to(ids.device());
}

Tensor ClipModel::image_embedding_of_input(const Tensor& input, VisionTaps* taps) const {
  const int64_t size = config.preprocess.image_size;
  if (input.dim() != 4 || input.size(1) != 3 || input.size(2) != size || input.size(3) != size) {
    throw Error(ErrorCode::usage, "the image tower takes [N,3," + std::to_string(size) + "," +
                                      std::to_string(size) + "]");
  }
  return encode_image(input, taps);
}

Tensor ClipModel::text_embedding_of_tokens(const Tensor& ids, const Tensor& end,
                                           const TextOptions& options) const {
  return encode_text(ids, end, options.trim);
}

const Tensor& ClipModel::token_embedding() const {
  if (!text) throw Error(ErrorCode::usage, "this model has no text tower: " + facts.name);
  return text->token_embedding;
}

Tensor ClipModel::text_embedding_of_vectors(const Tensor& vectors, const Tensor& end) const {
  if (!text) throw Error(ErrorCode::usage, "this model has no text tower: " + facts.name);
  return text_transformer_of_vectors(*text, vectors, end).to(vectors.device());
}

std::unique_ptr<ClipEncoder> ClipModel::to_double() const {
  auto copy = std::make_unique<ClipModel>(*this);
  copy->remember_texts(nullptr);
  if (copy->resnet) clear_folded_batch_norms(*copy->resnet);
  copy->visit([](const std::string&, Tensor& tensor, const std::vector<int64_t>&) {
    tensor = tensor.detach().to(at::kDouble);
  });
  return copy;
}

const VisionTransformer* ClipModel::vision_transformer_tower() const {
  return vit ? &*vit : nullptr;
}

const ModifiedResNet* ClipModel::modified_resnet_tower() const {
  return resnet ? &*resnet : nullptr;
}

const TextTransformer* ClipModel::text_transformer_tower() const { return text ? &*text : nullptr; }

void ClipModel::save_folder(const std::filesystem::path& folder, bool half,
                            const std::map<std::string, std::string>& metadata) const {
  if (config.vision.pool == VisionConfig::Pool::attention) {
    throw Error(ErrorCode::usage,
                "a SigLIP cannot be written in the layout of open_clip: its image "
                "tower has no place there")
        .with_hint("use the folder of Hugging Face as it is");
  }
  if (config.has_vision && config.vision.kind == VisionConfig::Kind::fast_vit) {
    throw Error(ErrorCode::usage,
                "a MobileCLIP cannot be written: the branches that its image tower was trained "
                "with are folded when it is loaded")
        .with_hint("use the file that it was loaded from");
  }
  std::error_code fault;
  std::filesystem::create_directories(folder, fault);
  if (fault) throw Error(ErrorCode::resource, "cannot create: " + fault.message()).in_file(folder);
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, tensor] : state_dict()) {
    const Tensor stored = half ? tensor.detach().to(at::kHalf) : tensor.detach();
    if (name == "text_projection" && config.text.projection_bias) {
      tensors["text_projection.weight"] = stored.t().contiguous();  // a linear layer there
    } else {
      tensors[name] = stored;
    }
    if (name.ends_with(".running_var")) {
      const std::string base = name.substr(0, name.size() - std::string("running_var").size());
      tensors[base + "num_batches_tracked"] = at::zeros({}, at::TensorOptions().dtype(at::kLong));
    }
  }
  std::map<std::string, std::string> facts_of_file = metadata;
  facts_of_file.emplace("format", "pt");
  save_tensors(folder / "open_clip_model.safetensors", tensors, facts_of_file);
  atomic_write(folder / "open_clip_config.json", open_clip_config_json(config));
}

}  // namespace vane
