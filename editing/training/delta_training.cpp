// SPDX-License-Identifier: Apache-2.0
#include "editing/training/delta_training.h"

#include <nlohmann/json.hpp>

#include "editing/latent/prior_sample.h"
#include "editing/training/averaged_network.h"
#include "editing/training/delta_relevance.h"
#include "editing/training/training_run.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/config/config_writer.h"
#include "engine/tensor/weights.h"
#include "generators/mappers/delta_model.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMeasuredPairs = 512, kPreviewSide = 128;
constexpr double kLinearRidge = 0.1;     // of the mean variance of the embeddings' numbers
constexpr double kSmallestScale = 1e-4;  // of the largest: dead channels must not be blown up

/// What must not change between a run and its continuation.
std::string config_hash(DeltaTrainingConfig config) {
  config.output.clear();
  config.steps = config.evaluate_every = 1;
  config.max_minutes = config.checkpoint_seconds = 0;
  config.relevance_pairs = 2;
  config.relevance_ridge = 1;
  config.probed_channels = 0;
  config.probed_samples = 1;
  return hex64(content_hash(fields_of(config)));
}

std::shared_ptr<const ClipEncoder> image_tower(const std::string& name) {
  ClipLoadOptions options;
  options.text_tower = options.text_cache = false;
  return load_clip(name, options);
}

/// Every tenth sample is held out.
constexpr int64_t kHeldOutEvery = 10;
constexpr int64_t kStyleBatch = 64;

/// Two different samples for each place of a batch.
struct Pairs {
  Tensor first, second;  // [N] positions
};

class DeltaLearner final : public Learner {
 public:
  DeltaLearner(const DeltaTrainingConfig& config, Job& job)
      : config_(config),
        job_(job),
        generator_(load_style_generator(generator_path(config.generator))),
        clip_(image_tower(config.clip)) {
    draw_samples();
    start_model();
  }

  int64_t steps() const override { return mapper_->steps(); }
  Checkpoint checkpoint() const override { return mapper_->checkpoint(); }
  void restore(const Checkpoint& saved) override { mapper_->restore(saved); }

  double step(Job&) override {
    const int64_t now = steps();
    const Pairs pairs = random_pairs(learned_, config_.batch,
                                     Rng(config_.seed).fork("pairs", static_cast<uint64_t>(now)));
    const Errors errors = errors_of(mapper_->learning(), pairs);
    const Tensor loss = errors.square.mean() + 1 - errors.cosine.mean();
    mapper_->step(mapper_->gradients(loss),
                  config_.learning_rate * warmup_cosine(now, config_.steps, config_.warmup, 0.02));
    return loss.item<double>();
  }

  /// On pairs of held-out samples; in the end also what the relevance matrix is worth.
  nlohmann::json measure(bool is_last, Job&) override {
    const at::NoGradGuard no_grad;
    const Pairs pairs = random_pairs(held_out_, kMeasuredPairs, Rng(config_.seed).fork("measured"));
    const Errors errors = errors_of(mapper_->averaged(), pairs);
    nlohmann::json entry{{"cosine", errors.cosine.mean().item<double>()},
                         {"square_error", errors.square.mean().item<double>()},
                         {"samples", learned_.size(0)}};
    if (is_last) {
      model_.relevance = relevance();
      measure_linear(pairs, entry);
    }
    if (is_last && config_.probed_channels > 0) {
      entry["probed_rank_correlation"] = probed_agreement();
    }
    return entry;
  }

  void save(const fs::path& folder) override {
    model_.mapper = mapper_->averaged();
    save_delta_model(folder / "delta.safetensors", model_, generator_->style_table());
  }

 private:
  void draw_samples() {
    const at::NoGradGuard no_grad;
    prior_ = prior_sample(*generator_, *clip_, config_.samples,
                          std::min(kPreviewSide, generator_->size()), job_);
    embeddings_ = prior_.features;
    std::vector<int64_t> learned, held_out;
    for (int64_t i = 0; i < config_.samples; ++i) {
      (i % kHeldOutEvery == 0 ? held_out : learned).push_back(i);
    }
    learned_ = at::tensor(learned, at::kLong);
    held_out_ = at::tensor(held_out, at::kLong);
  }

  /// The styles that are moved, of all samples.
  Tensor styles_of_samples() const {
    std::vector<Tensor> styles;
    for (int64_t first = 0; first < config_.samples; first += kStyleBatch) {
      const int64_t count = std::min(kStyleBatch, config_.samples - first);
      styles.push_back(moved_styles(
          model_, generator_->styles(prior_.latents.w_plus(*generator_, first, count))));
    }
    return at::cat(styles);
  }

  void start_model() {
    const at::NoGradGuard no_grad;
    const StyleTable& table = generator_->style_table();
    model_.entries = style_entries(table, config_.styles);
    model_.mapper = initial_delta_mapper(
        delta_mapper_shape(conv_styles(table, model_.entries), 2 * clip_->info().embed_dim),
        Rng(config_.seed).fork("weights"));
    model_.generator_hash = generator_->content_hash();
    model_.clip_hash = clip_->info().hash;
    const Tensor styles = styles_of_samples();
    const Tensor learned = styles.index_select(0, learned_);
    model_.style_mean = learned.mean(0);
    const Tensor scale = learned.std(0);
    model_.style_scale = scale.clamp_min(kSmallestScale * scale.max().item<double>());
    styles_ = (styles - model_.style_mean) / model_.style_scale;
    const Tensor seen = embeddings_.index_select(0, learned_);
    model_.image_mean = seen.mean(0);
    const Tensor centred = seen - model_.image_mean;
    model_.image_covariance = at::matmul(centred.t(), centred) / double(centred.size(0) - 1);
    model_.visible = visible_styles(styles_.index_select(0, learned_), centred, config_.visible);
    seen_styles_ = at::matmul(at::matmul(styles_, model_.visible), model_.visible.t());
    usual_square_ = 2 * seen_styles_.var(0).mean().item<double>();
    AdamOptions options;
    options.learning_rate = 1;  // the schedule says the rate
    mapper_.emplace(model_.mapper, options, config_.average_decay);
  }

  static Pairs random_pairs(const Tensor& from, int64_t count, Rng rng) {
    const auto faces = static_cast<uint32_t>(from.size(0));
    Tensor first = at::empty({count}, at::kLong), second = at::empty({count}, at::kLong);
    for (int64_t k = 0; k < count; ++k) {
      const uint32_t a = rng.below(faces), step = 1 + rng.below(faces - 1);
      first[k] = int64_t(a);
      second[k] = int64_t((a + step) % faces);
    }
    return {from.index_select(0, first), from.index_select(0, second)};
  }

  struct Errors {
    Tensor square, cosine;  // [N]
  };
  Errors errors_of(const DeltaMapper& mapper, const Pairs& pairs) const {
    const Tensor from = styles_.index_select(0, pairs.first);
    const Tensor wanted =
        seen_styles_.index_select(0, pairs.second) - seen_styles_.index_select(0, pairs.first);
    const Tensor image = embeddings_.index_select(0, pairs.first);
    const Tensor step = embeddings_.index_select(0, pairs.second) - image;
    // Half the difference of the steps along and against, as edits take it: what both have in
    // common, the way back to the mean, says nothing about the direction.
    const Tensor made = 0.5 * (style_delta(mapper, from, delta_condition(image, step)) -
                               style_delta(mapper, from, delta_condition(image, -step)));
    return {(made - wanted).square().mean(1) / usual_square_,
            at::cosine_similarity(made, wanted, 1)};
  }

  /// What the best linear map from steps of the CLIP makes of the same pairs, and how much of whole
  /// steps, of which most is not in `visible`, it explains.
  void measure_linear(const Pairs& pairs, nlohmann::json& entry) const {
    const Pairs learned =
        random_pairs(learned_, config_.relevance_pairs, Rng(config_.seed).fork("linear"));
    const auto step = [](const Tensor& x, const Pairs& p) {
      return x.index_select(0, p.second) - x.index_select(0, p.first);
    };
    const auto map = [&](const Tensor& styles) {
      return regressed_relevance(step(embeddings_, learned), step(styles, learned), kLinearRidge);
    };
    const Tensor seen = step(embeddings_, pairs);
    const Tensor made = at::matmul(seen, map(seen_styles_)), wanted = step(seen_styles_, pairs);
    entry["linear_cosine"] = at::cosine_similarity(made, wanted, 1).mean().item<double>();
    entry["linear_square_error"] = (made - wanted).square().mean().item<double>() / usual_square_;
    const Tensor whole = step(styles_, pairs);
    entry["linear_share_of_whole_steps"] =
        1 - (at::matmul(seen, map(styles_)) - whole).square().sum().item<double>() /
                whole.square().sum().item<double>();
  }

  Tensor relevance() const {
    const at::NoGradGuard no_grad;
    job_.progress(0, 0, "regressing the relevance of channels");
    const Pairs pairs =
        random_pairs(learned_, config_.relevance_pairs, Rng(config_.seed).fork("relevance"));
    const auto steps_of = [&](const Tensor& x) {
      return x.index_select(0, pairs.second) - x.index_select(0, pairs.first);
    };
    return regressed_relevance(steps_of(styles_), unit(steps_of(embeddings_)),
                               config_.relevance_ridge);
  }

  /// Mean over the directions between held-out samples of the rank correlation, over the channels
  /// that are probed, of what regression and probing say.
  double probed_agreement() const {
    job_.progress(0, 0, "probing channels");
    Rng rng = Rng(config_.seed).fork("probed");
    std::vector<int64_t> channels;
    for (int64_t k = 0; k < config_.probed_channels; ++k) {
      channels.push_back(rng.below(static_cast<uint32_t>(model_.mapper.shape.channels())));
    }
    const int64_t faces = std::min(config_.probed_samples, held_out_.size(0));
    std::vector<Tensor> latents;
    for (int64_t i = 0; i < faces; ++i) {
      latents.push_back(prior_.latents.w_plus(*generator_, held_out_[i].item<int64_t>(), 1));
    }
    const Tensor probed =
        probed_relevance(model_, *generator_, *clip_, at::cat(latents), channels, prior_.side);
    const Tensor regressed = model_.relevance.index_select(0, at::tensor(channels, at::kLong));
    const Pairs pairs = random_pairs(held_out_, 64, Rng(config_.seed).fork("directions"));
    double sum = 0;
    for (int64_t k = 0; k < pairs.first.size(0); ++k) {
      const Tensor direction = unit(embeddings_.index_select(0, pairs.second.narrow(0, k, 1)) -
                                    embeddings_.index_select(0, pairs.first.narrow(0, k, 1)))[0];
      sum += rank_correlation(at::mv(probed, direction), at::mv(regressed, direction));
    }
    return sum / double(pairs.first.size(0));
  }

  const DeltaTrainingConfig& config_;
  Job& job_;
  std::unique_ptr<StyleGenerator> generator_;
  std::shared_ptr<const ClipEncoder> clip_;
  DeltaModel model_;
  std::optional<AveragedNetwork<DeltaMapper>> mapper_;
  PriorSample prior_;
  Tensor learned_, held_out_;   // positions among the samples
  Tensor styles_, embeddings_;  // of all samples; styles in units of the model
  Tensor seen_styles_;          // what of styles_ lies in their span
  double usual_square_ = 1;     // of a step between two samples, in that span
};

}  // namespace

TrainingResult train_delta(const DeltaTrainingConfig& config, const fs::path& run, bool resume,
                           Job& job) {
  TrainingRun training(run, config_hash(config), resume, job);
  DeltaLearner learner(config, job);
  return training.train(learner, schedule_of(config), to_yaml(config));
}

}  // namespace vane
