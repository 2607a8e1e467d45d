// SPDX-License-Identifier: Apache-2.0
#include "editing/training/clip_trainer.h"

#include <ATen/autocast_mode.h>

#include <cmath>

#include "editing/training/contrastive_loss.h"
#include "editing/training/picture_batch.h"
#include "engine/base/error.h"
#include "engine/clip/clip_load.h"
#include "engine/clip/vision_transformer.h"

namespace vane {
namespace {

constexpr double kMaxLogitScale = 4.605170185988092;  // ln 100, Radford et al. 2021, section 2.5
/// The average follows every fourth step: the same mean at a quarter of the memory traffic.
constexpr int64_t kAverageEvery = 4;
constexpr const char* kTokenMoment = "token_embedding.weight.v";

/// Copies the weights of the CLIP at `path`; every tensor must be there in the same shape, but for
/// the positions of the image tower, which are resized when the input is larger or smaller.
void start_from(ClipModel& model, const std::filesystem::path& path) {
  const at::NoGradGuard no_grad;
  const ClipModel start = load_clip_model(path);
  const auto given = start.state_dict();
  const int64_t class_rows = model.config.vision.class_token ? 1 : 0;
  for (const auto& [name, tensor] : model.state_dict()) {
    const auto found = given.find(name);
    const bool positions = name.starts_with("visual.") && name.ends_with("positional_embedding");
    if (found != given.end() && found->second.sizes() == tensor.sizes()) {
      tensor.copy_(found->second);
    } else if (positions && found != given.end() && found->second.size(1) == tensor.size(1)) {
      const auto grid = std::lround(std::sqrt(static_cast<double>(tensor.size(0) - class_rows)));
      tensor.copy_(resize_positions(found->second, grid, grid, class_rows == 1));
    } else {
      throw Error(ErrorCode::checkpoint, "the CLIP to start from has other sizes")
          .in_file(path)
          .at_key(name)
          .with_hint("`start` needs the same sizes as `model`, `image-size` excepted");
    }
  }
}

/// While it lives, convolutions and products of this thread compute in bfloat16.
class MixedPrecision {
 public:
  explicit MixedPrecision(bool on) : on_(on) {
    if (!on_) return;
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~MixedPrecision() {
    if (!on_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  bool on_;
};

/// Pictures of a batch that can be ordered by what two texts ask for.
struct Ranking {
  int64_t more = 0, less = 0;  // rows of texts
  std::vector<int64_t> pictures;
  std::vector<float> degrees;
};
/// Degrees that are nearer than this may as well be the same: measures are not exact.
constexpr double kApart = 0.4;

/// Embeddings [N,D] of texts that are encoded by length: in one batch all would cost as much as the
/// longest.
Tensor text_rows(const ClipModel& model, const TextTensors& tokens) {
  constexpr int64_t kTogether = 64;
  const Tensor order = tokens.end.argsort(/*stable=*/true);
  std::vector<Tensor> parts;
  for (const Tensor& some : order.split(kTogether)) {
    parts.push_back(
        model.encode_text(tokens.ids.index_select(0, some), tokens.end.index_select(0, some))
            .to(at::kFloat));
  }
  return at::cat(parts).index_select(0, order.argsort());
}

ClipModel new_model(const ClipTrainingConfig& config) {
  ClipModel model =
      ClipModel::random(clip_config_of(config.model), Rng(config.seed).fork("weights"));
  if (!config.start.empty()) start_from(model, config.start);
  const bool convolutional = config.model.vision == "modified-resnet";
  model.visit([&](const std::string&, Tensor& tensor, const std::vector<int64_t>&) {
    // oneDNN's convolutions are faster on this layout; the patches of a ViT are a matrix product.
    if (convolutional && tensor.dim() == 4)
      tensor = tensor.contiguous(at::MemoryFormat::ChannelsLast);
  });
  model.require_gradients(true);
  return model;
}

std::vector<AdamGroup> groups_of(const ClipModel& model, const ClipTrainingConfig& config) {
  AdamOptions options;
  options.learning_rate = config.learning_rate;
  // CLIP's ResNet settings (Radford et al. 2021, table 18, with the Adam of its ViTs).
  options.beta2 = 0.98;
  options.epsilon = 1e-6;
  AdamGroup plain{options, {}}, decayed{options, {}};
  decayed.options.weight_decay = config.weight_decay;
  for (const auto& [name, tensor] : model.parameters()) {
    const bool decays =
        tensor.dim() >= 2 && name.find("embedding") == std::string::npos && !is_buffer(name);
    (decays ? decayed : plain).parameters.emplace_back(name, tensor);
  }
  return {plain, decayed};
}

}  // namespace

ClipConfig clip_config_of(const ClipSizes& sizes) {
  const auto refuse = [](const std::string& key, const std::string& what) {
    throw Error(ErrorCode::config, what).at_key(key);
  };
  ClipConfig config;
  config.embed_dim = sizes.embed_dim;
  config.vision.image_size = sizes.image_size;
  config.preprocess.image_size = static_cast<int>(sizes.image_size);
  config.vision.width = sizes.vision_width;
  if (sizes.vision == "modified-resnet") {
    config.vision.kind = VisionConfig::Kind::modified_resnet;
    if (sizes.vision_depths.size() != 4) refuse("model.vision-depths", "needs four numbers");
    if (sizes.image_size % 32 != 0) refuse("model.image-size", "must be a multiple of 32");
    std::copy_n(sizes.vision_depths.begin(), 4, config.vision.depths.begin());
    config.vision.head_width = 64;
    if (sizes.vision_width % 2 != 0) refuse("model.vision-width", "must be even");
  } else {
    config.vision.patch_size = sizes.patch_size;
    if (sizes.image_size % sizes.patch_size != 0) {
      refuse("model.patch-size", "must divide the image size");
    }
    if (sizes.vision_width % sizes.vision_heads != 0) {
      refuse("model.vision-heads", "must divide the width");
    }
    config.vision.head_width = sizes.vision_width / sizes.vision_heads;
    if (sizes.vision_pool == "average") {
      config.vision.pool = VisionConfig::Pool::average;
      config.vision.final_ln_after_pool = true;
    }
    config.vision.blocks =
        ClipConfig::uniform_blocks(sizes.vision_layers, sizes.vision_width, sizes.vision_heads);
  }
  if (sizes.text_width % sizes.text_heads != 0) refuse("model.text-heads", "must divide the width");
  config.text.width = sizes.text_width;
  config.text.context_length = sizes.context_length;
  config.text.blocks =
      ClipConfig::uniform_blocks(sizes.text_layers, sizes.text_width, sizes.text_heads);
  return config;
}

ClipTrainer::ClipTrainer(const ClipTrainingConfig& config)
    : config_(config), model_(new_model(config)), optimiser_(groups_of(model_, config)) {
  for (const auto& [name, tensor] : model_.state_dict()) average_[name] = tensor.detach().clone();
  if (config.keep_of_start == 0) return;
  if (config.start.empty()) {
    throw Error(ErrorCode::config, "without a start nothing of it can be kept")
        .at_key("keep-of-start");
  }
  for (const auto& [name, tensor] : average_) start_[name] = tensor.clone();
}

double ClipTrainer::logit_scale() const { return std::exp(model_.logit_scale.item<double>()); }

double ClipTrainer::rate_factor() const {
  return warmup_cosine(steps(), config_.steps, config_.warmup, 0.01);
}

double ClipTrainer::step(const std::vector<CaptionedPicture>& batch,
                         const std::vector<Caption>& others) {
  std::vector<std::vector<uint8_t>> pictures;
  std::vector<std::string> texts;
  for (const CaptionedPicture& sample : batch) {
    pictures.push_back(sample.rgb);
    texts.push_back(sample.caption.text);
  }
  // Foils are captions of no picture, like the others, and each is weighed against its own.
  std::vector<Caption> negatives;
  std::vector<int64_t> fooled;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].foil.text.empty()) continue;
    fooled.push_back(static_cast<int64_t>(i));
    negatives.push_back(batch[i].foil);
  }
  negatives.insert(negatives.end(), others.begin(), others.end());
  for (const Caption& caption : negatives) texts.push_back(caption.text);
  const size_t captions = texts.size();
  // Questions come in few wordings: each text is encoded once.
  std::map<std::string, int64_t> row_of;
  std::vector<int64_t> asked, right, wrong;
  const auto row = [&](const std::string& question) {
    const auto [place, is_new] = row_of.emplace(question, static_cast<int64_t>(texts.size()));
    if (is_new) texts.push_back(question);
    return place->second;
  };
  if (config_.choice_weight > 0) {
    for (size_t i = 0; i < batch.size(); ++i) {
      for (const Choice& choice : batch[i].choices) {
        asked.push_back(static_cast<int64_t>(i));
        right.push_back(row(choice.right));
        wrong.push_back(row(choice.wrong));
      }
    }
  }
  std::map<std::string, Ranking> rankings;
  if (config_.rank_weight > 0) {
    for (size_t i = 0; i < batch.size(); ++i) {
      for (const Grade& grade : batch[i].grades) {
        Ranking& ranking = rankings[grade.of];
        if (ranking.pictures.empty()) {
          // One wording for all pictures of a batch.
          ranking.more = row(grade.texts.right);
          ranking.less = row(grade.texts.wrong);
        }
        ranking.pictures.push_back(static_cast<int64_t>(i));
        ranking.degrees.push_back(grade.degree);
      }
    }
  }
  const ClipInfo& info = model_.info();
  const TextTensors tokens = text_tensors(texts, info.tokenizer);
  Tensor image, text;
  {
    const MixedPrecision mixed(config_.precision == "bfloat16");
    image = model_
                .encode_image(network_input(pictures, batch.front().size, info.preprocess), nullptr,
                              BatchNormMode::batch)
                .to(at::kFloat);
    text = text_rows(model_, tokens);
  }
  const Tensor pairs = true_pairs(batch, negatives);
  const Tensor told = text.slice(0, 0, static_cast<int64_t>(captions));
  Tensor loss = contrastive_loss(image, told, model_.logit_scale, pairs);
  if (config_.delta_weight > 0) {
    loss = loss + config_.delta_weight * delta_loss(image, text, pairs, config_.procedural.group);
  }
  if (config_.foil_weight > 0 && !fooled.empty()) {
    const Tensor rows = at::tensor(fooled);
    const int64_t first = image.size(0);
    const Tensor foils = text.slice(0, first, first + rows.size(0));
    loss = loss + config_.foil_weight * foil_loss(image.index_select(0, rows),
                                                  text.index_select(0, rows), foils,
                                                  model_.logit_scale);
  }
  if (!asked.empty()) {
    const auto rows = [](const Tensor& from, const std::vector<int64_t>& which) {
      return from.index_select(0, at::tensor(which));
    };
    loss = loss + config_.choice_weight * foil_loss(rows(image, asked), rows(text, right),
                                                    rows(text, wrong), model_.logit_scale);
  }
  for (const auto& [of, ranking] : rankings) {
    const Tensor order =
        ranking_loss(image.index_select(0, at::tensor(ranking.pictures)), text[ranking.more],
                     text[ranking.less], at::tensor(ranking.degrees), kApart, model_.logit_scale);
    loss = loss + config_.rank_weight / static_cast<double>(rankings.size()) * order;
  }
  const double value = loss.item<double>();
  if (!std::isfinite(value)) {
    throw Error(ErrorCode::numeric, "the loss is not finite at step " + std::to_string(steps() + 1))
        .with_hint("resume from the last checkpoint with a lower learning rate");
  }
  const double rate = rate_factor();
  optimiser_.step(torch::autograd::grad({loss}, optimiser_.parameters()), rate);
  const at::NoGradGuard no_grad;
  model_.logit_scale.clamp_max_(kMaxLogitScale);
  if (steps() % kAverageEvery == 0) update_average();
  return value;
}

void ClipTrainer::update_average() {
  // A young average forgets faster, so that the random start does not linger.
  const double horizon =
      (1.0 + static_cast<double>(steps())) / (10.0 + static_cast<double>(steps()));
  const double decay =
      std::pow(std::min(config_.average_decay, horizon), static_cast<double>(kAverageEvery));
  for (const auto& [name, tensor] : model_.state_dict()) average_[name].lerp_(tensor, 1.0 - decay);
}

Checkpoint ClipTrainer::checkpoint() const {
  Checkpoint saved;
  saved.step = steps();
  for (const auto& [name, tensor] : model_.state_dict()) {
    saved.tensors["model." + name] = tensor.detach();
  }
  for (const auto& [name, tensor] : average_) saved.tensors["average." + name] = tensor;
  for (const auto& [name, tensor] : optimiser_.state()) saved.tensors["adam." + name] = tensor;
  saved.facts["samples"] = std::to_string(steps() * config_.batch);
  return saved;
}

void ClipTrainer::restore(const Checkpoint& saved) {
  for (const auto& [name, tensor] : model_.state_dict()) {
    restore_tensor(saved, "model." + name, tensor);
  }
  for (const auto& [name, tensor] : average_) restore_tensor(saved, "average." + name, tensor);
  optimiser_.restore(tensors_under(saved, "adam."));
}

ClipModel ClipTrainer::averaged_model() const {
  const at::NoGradGuard no_grad;
  ClipModel copy = model_;
  copy.visit([&](const std::string& name, Tensor& tensor, const std::vector<int64_t>&) {
    tensor = average_.at(name).clone();
    if (!start_.empty()) tensor.lerp_(start_.at(name), config_.keep_of_start);
  });
  // A token was used when its second moment ever moved.
  const std::map<std::string, Tensor> moments = optimiser_.state();
  const Tensor used = moments.at(kTokenMoment).sum(1) > 0;
  if (used.any().item<bool>()) {
    Tensor& table = copy.text->token_embedding;
    const Tensor mean = table.index({used}).mean(0, true);
    table = at::where(used.unsqueeze(1), table, mean).contiguous();
  }
  copy.prepare_evaluation();
  return copy;
}

}  // namespace vane
