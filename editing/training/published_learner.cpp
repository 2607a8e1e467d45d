// SPDX-License-Identifier: Apache-2.0
// RAVE, CLIP-LIT and CLIP-LIT-Latent: the published network taught by CLIP alone (enhance sheet,
// sections 2 and 3).
#include "editing/training/enhance_learner.h"
#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "generators/enhance/enhancement_network.h"
#include "guidance/feature_identity.h"
#include "guidance/picture_metrics.h"
#include "guidance/prompt_learning.h"

namespace vane {
namespace {

// Weights of the published losses: 16 * 20 of CLIP, 0.9 * 25 of identity, RAVE six times the first.
constexpr double kClipWeight = 320, kIdentityWeight = 0.9 * 25, kReconstructionWeight = 25,
                 kResidualWeight = 6 * 320;
/// The reconstruction has failed when after these iterations the last of them are worse than this.
constexpr int64_t kGuardAfter = 100, kGuardWindow = 30;
constexpr double kGuardPsnr = 8;

Tensor squashed(const Tensor& pictures, int64_t side) {
  return at::upsample_bilinear2d(pictures, {side, side}, false);
}

/// Mirrored and turned, all pictures alike, each with probability one half; and, where asked,
/// zoomed by factors of their own in x and y and rotated, each with probability 0.3.
Tensor augmented(const Tensor& pictures, bool warp, Rng& rng) {
  Tensor x = pictures;
  if (rng.chance(0.5f)) x = x.flip({3});
  if (rng.chance(0.5f)) x = x.flip({2});
  if (rng.chance(0.5f)) x = x.transpose(2, 3);
  const bool zoomed = warp && rng.chance(0.3f), rotated = warp && rng.chance(0.3f);
  if (!zoomed && !rotated) return x.contiguous();
  const float zoom_x = zoomed ? rng.uniform(0.7f, 1.3f) : 1.f;
  const float zoom_y = zoomed ? rng.uniform(0.7f, 1.3f) : 1.f;
  const float angle = rotated ? rng.uniform(-1.5708f, 1.5708f) : 0.f;
  const float c = std::cos(angle), s = std::sin(angle);
  const Tensor affine =
      at::tensor({c / zoom_x, -s / zoom_y, 0.f, s / zoom_x, c / zoom_y, 0.f}).view({1, 2, 3});
  const Tensor grid = at::affine_grid_generator(affine.expand({x.size(0), 2, 3}), x.sizes(), false);
  constexpr int64_t kBilinear = 0, kReflection = 2;
  return at::grid_sampler(x.contiguous(), grid, kBilinear, kReflection, false);
}

class PublishedLearner final : public EnhanceLearner {
 public:
  explicit PublishedLearner(const EnhanceLesson& lesson)
      : lesson_(lesson),
        config_(lesson.config),
        network_(initial_enhancement_network(weights_rng(0))),
        optimiser_({learning_group(network_, lesson.config.learning_rate)}) {
    const WeightedEncoder encoder{lesson.clip, 1.f};
    if (lesson.clip->modified_resnet_tower() != nullptr) {
      FeatureIdentityConfig even;
      even.stages.assign(5, 1.f);
      const std::vector<WeightedEncoder> encoders(1, encoder);
      reconstruction_ = std::make_unique<FeatureIdentity>(encoders, even);
      identity_ = std::make_unique<FeatureIdentity>(encoders);
    }
    if (config_.method == "rave") {
      residual_ = whole_picture_residual(lesson.clip, lesson.residual);
      return;
    }
    PromptLearningConfig prompts;
    prompts.form = config_.method == "clip-lit" ? "full" : "latent";
    prompts.seed = config_.seed;
    prompts_ = std::make_unique<PromptPair>(lesson.clip, prompts);
  }

  double step(Job& job) override {
    refine_prompts(job);
    const at::AutoGradMode differentiate(true);
    Rng rng = Rng(config_.seed).fork("step", static_cast<uint64_t>(steps()));
    const Tensor source = augmented(batch(rng), config_.published.warp, rng);
    const Tensor map = illumination_map(network_, source, EnhancePadding::zeros);
    const Tensor result = (source / (map + 1e-9)).clamp(0, 1);
    const Tensor loss = reconstructs()
                            ? kReconstructionWeight * identity(reconstruction_, result, source)
                            : guided_loss(result, source);
    const double value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw Error(ErrorCode::numeric,
                  "the loss is not finite at step " + std::to_string(steps() + 1))
          .with_hint("resume from the last checkpoint with a lower learning rate");
    }
    std::vector<Tensor> gradients = torch::autograd::grad({loss}, optimiser_.parameters());
    const at::NoGradGuard no_grad;
    const std::vector<Tensor> parameters = optimiser_.parameters();
    for (size_t i = 0; i < gradients.size(); ++i) {
      gradients[i] = gradients[i] + config_.weight_decay * parameters[i].detach();
    }
    optimiser_.step(gradients);
    ++steps_;
    guard_start(source, result);
    return value;
  }

  int64_t steps() const override { return steps_; }

  Tensor enhanced(const Tensor& pictures) const override {
    const at::NoGradGuard no_grad;
    return (pictures / illumination_map(network_, pictures).clamp_min(1.0 / 256)).clamp(0, 1);
  }

  Checkpoint checkpoint() const override {
    Checkpoint saved;
    saved.step = steps();
    EnhancementNetwork network = network_;
    visit_parameters(network, [&](const std::string& name, Tensor& tensor, const auto&) {
      saved.tensors["model." + name] = tensor.detach();
    });
    for (const auto& [name, tensor] : optimiser_.state()) saved.tensors["adam." + name] = tensor;
    if (prompts_) saved.tensors["prompts"] = prompts_->learned().detach();
    if (older_.defined()) saved.tensors["older"] = older_;
    saved.facts["redraws"] = std::to_string(redraws_);
    saved.facts["refined"] = std::to_string(refined_);
    saved.facts["reconstruction"] = std::to_string(reconstruction_steps_);
    return saved;
  }

  void restore(const Checkpoint& saved) override {
    visit_parameters(network_, [&](const std::string& name, Tensor& tensor, const auto&) {
      restore_tensor(saved, "model." + name, tensor);
    });
    optimiser_.restore(tensors_under(saved, "adam."));
    if (prompts_) restore_tensor(saved, "prompts", prompts_->learned());
    if (saved.tensors.contains("older")) older_ = saved.tensors.at("older");
    steps_ = saved.step;
    redraws_ = static_cast<uint64_t>(std::stoull(saved.facts.at("redraws")));
    refined_ = std::stoll(saved.facts.at("refined"));
    reconstruction_steps_ = std::stoll(saved.facts.at("reconstruction"));
    recent_psnr_.clear();
  }

  void save(const std::filesystem::path& folder) const override {
    std::map<std::string, Tensor> tensors;
    EnhancementNetwork network = network_;
    visit_parameters(network, [&](const std::string& name, Tensor& tensor, const auto&) {
      tensors[name] = tensor.detach();
    });
    save_tensors(folder / "enhancement_model.safetensors", tensors,
                 {{"method", config_.method}, {"clip", lesson_.clip->info().name}});
    save_direction(folder / "direction.safetensors", lesson_.residual);
    if (prompts_) {
      save_tensors(folder / "prompts.safetensors", {{prompts_->key(), prompts_->learned()}},
                   {{"clip", lesson_.clip->info().name}});
    }
  }

 private:
  Rng weights_rng(uint64_t draw) const { return Rng(config_.seed).fork("weights", draw); }

  bool reconstructs() const { return steps_ < reconstruction_steps_; }

  Tensor batch(Rng& rng) const {
    const Tensor& from = lesson_.pictures.backlit;
    std::vector<int64_t> rows;
    for (int64_t i = 0; i < config_.batch; ++i) {
      rows.push_back(rng.below(static_cast<uint32_t>(from.size(0))));
    }
    return from.index_select(0, at::tensor(rows));
  }

  /// L_id: summed over the batch. An encoder without ResNet stages compares embeddings instead.
  Tensor identity(const std::unique_ptr<FeatureIdentity>& stages, const Tensor& result,
                  const Tensor& source) const {
    const int64_t side = lesson_.clip->info().preprocess.image_size;
    const auto count = static_cast<double>(source.size(0));
    Evaluation evaluation;
    evaluation.image = squashed(result, side);
    evaluation.source = squashed(source, side);
    if (stages) return count * stages->evaluate(evaluation).total;
    Tensor before;
    {
      const at::NoGradGuard no_grad;
      before = lesson_.clip->image_embedding(evaluation.source);
    }
    return count * (lesson_.clip->image_embedding(evaluation.image) - before).abs().mean();
  }

  Tensor guided_loss(const Tensor& result, const Tensor& source) const {
    Evaluation evaluation;
    evaluation.image = squashed(result, lesson_.clip->info().preprocess.image_size);
    const Tensor same = kIdentityWeight * identity(identity_, result, source);
    if (residual_) return kResidualWeight * residual_->evaluate(evaluation).total + same;
    const Tensor features = lesson_.clip->image_features(evaluation.image);
    return kClipWeight * prompt_score(features, prompt_features_).mean() + same;
  }

  /// Before the first guided step the prompts learn the two sets; after every round they learn the
  /// order of backlit, older results, newer results and well lit.
  void refine_prompts(Job& job) {
    if (!prompts_ || reconstructs()) return;
    const at::NoGradGuard no_grad;
    const int64_t due = (steps_ - reconstruction_steps_) / config_.published.round + 1;
    if (refined_ < due) {
      PromptLearningConfig config;
      config.form = config_.method == "clip-lit" ? "full" : "latent";
      config.seed = config_.seed + static_cast<uint64_t>(refined_);
      config.iterations =
          refined_ == 0 ? config_.published.prompt_start : config_.published.prompt_round;
      config.learning_rate = static_cast<float>(config_.published.prompt_rate);
      std::vector<Tensor> results;
      if (refined_ > 0) {
        if (older_.defined()) results.push_back(older_);
        results.push_back(enhanced_features());
        older_ = results.back();
      }
      learn_prompts(*prompts_, clip_features(*lesson_.clip, lesson_.pictures.backlit),
                    clip_features(*lesson_.clip, lesson_.pictures.lit), results, config, job);
      job.check_cancelled();
      refined_ = due;
      prompt_features_ = Tensor();
    }
    if (!prompt_features_.defined()) prompt_features_ = current_prompts();
  }

  /// As if gradients were recorded: without them the text tower rounds otherwise from its third
  /// call on (packed_linear.h), and a resumed run would differ.
  Tensor current_prompts() {
    const at::AutoGradMode differentiate(true);
    prompts_->learned().requires_grad_(true);
    const Tensor features = prompts_->features().detach();
    prompts_->learned().requires_grad_(false);
    return features;
  }

  Tensor enhanced_features() const {
    std::vector<Tensor> features;
    const Tensor& pictures = lesson_.pictures.backlit;
    for (int64_t first = 0; first < pictures.size(0); first += 8) {
      const Tensor part = pictures.slice(0, first, std::min(first + 8, pictures.size(0)));
      features.push_back(clip_features(*lesson_.clip, enhanced(part)));
    }
    return at::cat(features);
  }

  /// A start whose map is nowhere above 0 learns nothing: other weights are drawn.
  void guard_start(const Tensor& source, const Tensor& result) {
    if (steps_ > reconstruction_steps_) return;
    double sum = 0;
    for (int64_t i = 0; i < source.size(0); ++i) {
      sum += std::min(99.0, psnr_y(source.slice(0, i, i + 1), result.slice(0, i, i + 1)));
    }
    recent_psnr_.push_back(sum / static_cast<double>(source.size(0)));
    if (static_cast<int64_t>(recent_psnr_.size()) < kGuardAfter) return;
    double mean = 0;
    for (auto p = recent_psnr_.end() - kGuardWindow; p != recent_psnr_.end(); ++p) mean += *p;
    recent_psnr_.clear();
    if (mean / kGuardWindow >= kGuardPsnr) return;
    network_ = initial_enhancement_network(weights_rng(++redraws_));
    optimiser_ = Adam({learning_group(network_, config_.learning_rate)});
    reconstruction_steps_ += kGuardAfter;
  }

  const EnhanceLesson& lesson_;
  const EnhanceTrainingConfig& config_;
  EnhancementNetwork network_;
  Adam optimiser_;
  int64_t steps_ = 0;
  int64_t reconstruction_steps_ = config_.published.reconstruction;
  uint64_t redraws_ = 0;
  std::vector<double> recent_psnr_;
  std::unique_ptr<FeatureIdentity> reconstruction_, identity_;
  std::unique_ptr<ClipResidual> residual_;
  std::unique_ptr<PromptPair> prompts_;
  /// How often the prompts learned, what they mean now, and the results that they last ranked.
  int64_t refined_ = 0;
  Tensor prompt_features_, older_;
};

}  // namespace

std::unique_ptr<EnhanceLearner> make_published_learner(const EnhanceLesson& lesson) {
  return std::make_unique<PublishedLearner>(lesson);
}

}  // namespace vane
