// SPDX-License-Identifier: Apache-2.0
#include "editing/training/delta_training.h"

#include <cmath>
#include <deque>
#include <nlohmann/json.hpp>
#include <numeric>

#include "editing/training/delta_relevance.h"
#include "editing/training/run_folder.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/stopwatch.h"
#include "engine/config/config_writer.h"
#include "engine/data/face_set.h"
#include "engine/run/adam.h"
#include "engine/run/checkpoint.h"
#include "engine/tensor/weights.h"
#include "generators/mappers/delta_model.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMeasuredPairs = 512, kProbeSide = 128;
constexpr double kSmallestScale = 1e-4;  // of the largest: dead channels must not be blown up

/// What must not change between a run and its continuation.
std::string config_hash(DeltaTrainingConfig config) {
  config.output.clear();
  config.steps = config.evaluate_every = 1;
  config.max_minutes = config.checkpoint_seconds = 0;
  config.relevance_pairs = 2;
  config.relevance_ridge = 1;
  config.probed_channels = 0;
  config.probed_faces = 1;
  return hex64(content_hash(fields_of(config)));
}

/// Latents [N,W] of the set.
Tensor latents_of(const FaceSet& faces) {
  const auto width = static_cast<int64_t>(faces.w(0).size());
  Tensor all = at::empty({faces.count(), width});
  for (int64_t i = 0; i < faces.count(); ++i) {
    std::copy(faces.w(i).begin(), faces.w(i).end(), all.mutable_data_ptr<float>() + i * width);
  }
  return all;
}

/// Unit embeddings [N,E] of the stored pictures; `cache` keeps them, and a cache of fewer faces of
/// the same set is added to.
Tensor embeddings_of(const FaceSet& faces, const ClipEncoder& clip, const fs::path& cache,
                     Job& job) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> rows;
  if (fs::exists(cache)) {
    const Weights saved(open_weights(cache));
    const auto& facts = saved.table().metadata;
    const auto is = [&](const char* key, const std::string& value) {
      const auto found = facts.find(key);
      return found != facts.end() && found->second == value;
    };
    if (is("clip", clip.info().hash) && is("origin", faces.origin())) {
      const Tensor kept = saved.take("embeddings", {-1, clip.info().embed_dim});
      rows.push_back(kept.narrow(0, 0, std::min(kept.size(0), faces.count())).clone());
    }
  }
  const int64_t kept = rows.empty() ? 0 : rows[0].size(0);
  for (int64_t i = kept; i < faces.count(); ++i) {
    job.check_cancelled();
    job.progress(i, faces.count(), "embedding faces");
    rows.push_back(unit(clip.image_embedding_exact(faces.picture(i))));
  }
  const Tensor all = at::cat(rows);
  if (kept < faces.count()) {
    save_tensors(cache, {{"embeddings", all}},
                 {{"clip", clip.info().hash}, {"origin", faces.origin()}});
  }
  return all;
}

std::shared_ptr<const ClipEncoder> image_tower(const std::string& name) {
  ClipLoadOptions options;
  options.text_tower = options.text_cache = false;
  return load_clip(name, options);
}

/// Two different faces for each place of a batch.
struct Pairs {
  Tensor first, second;  // [N] positions
};

class DeltaRun {
 public:
  DeltaRun(const DeltaTrainingConfig& config, const fs::path& run, bool resume, Job& job)
      : config_(config),
        run_(run),
        job_(job),
        lock_(run),
        checkpoints_(run / "checkpoints", config_hash(config)),
        generator_(load_style_generator(generator_path(config.generator))),
        clip_(image_tower(config.clip)) {
    if (!resume && !checkpoints_.empty()) {
      throw Error(ErrorCode::usage, "the run folder already has checkpoints")
          .in_file(run)
          .with_hint("pass --resume to continue, or choose another --run folder");
    }
    read_faces();
    start_model();
    optimiser_ = std::make_unique<Adam>(std::vector<AdamGroup>{parameters()});
    if (resume) restore();
    atomic_write(run / "config.yaml", std::string_view(to_yaml(config)));
    metrics_ = std::make_unique<JsonLines>(run / "metrics.jsonl", steps());
    evaluations_ = std::make_unique<JsonLines>(run / "evaluation.jsonl", steps());
  }

  TrainingResult train() {
    TrainingResult result;
    Stopwatch saved;
    std::deque<double> recent;
    while (steps() < config_.steps && !out_of_time()) {
      if (job_.stop_requested()) {
        save_checkpoint();
        job_.check_cancelled();
      }
      recent.push_back(step());
      if (recent.size() > 100) recent.pop_front();
      result.loss = std::accumulate(recent.begin(), recent.end(), 0.0) / double(recent.size());
      report(result.loss);
      if (saved.milliseconds() > 1000 * config_.checkpoint_seconds) {
        save_checkpoint();
        saved = {};
      }
      const int64_t every = config_.evaluate_every;
      if (every > 0 && steps() % every == 0 && steps() < config_.steps) evaluate();
    }
    save_checkpoint();
    DeltaModel finished = averaged();
    finished.relevance = relevance();
    result.evaluation = evaluate(&finished);
    result.steps = steps();
    result.finished = steps() >= config_.steps;
    result.seconds = watch_.milliseconds() / 1000;
    save_delta_model(config_.output / "delta.safetensors", finished, generator_->style_table());
    return result;
  }

 private:
  void read_faces() {
    const at::NoGradGuard no_grad;
    const FaceSet faces = FaceSet::load(config_.faces, job_);
    if (faces.origin().find(generator_->content_hash()) == std::string::npos) {
      throw Error(ErrorCode::config, "these faces are of another generator")
          .in_file(config_.faces)
          .at_key("faces");
    }
    if (faces.count() < 20) {
      throw Error(ErrorCode::config, "there are fewer than twenty faces").in_file(config_.faces);
    }
    std::vector<int64_t> learned, held_out;
    for (int64_t i = 0; i < faces.count(); ++i) {
      (FaceSet::is_held_out(i) ? held_out : learned).push_back(i);
    }
    learned_ = at::tensor(learned, at::kLong);
    held_out_ = at::tensor(held_out, at::kLong);
    w_ = latents_of(faces);
    embeddings_ = embeddings_of(faces, *clip_, run_ / "embeddings.safetensors", job_);
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
    const Tensor styles = moved_styles(model_, generator_->styles(w_));
    const Tensor learned = styles.index_select(0, learned_);
    model_.style_mean = learned.mean(0);
    const Tensor scale = learned.std(0);
    model_.style_scale = scale.clamp_min(kSmallestScale * scale.max().item<double>());
    styles_ = (styles - model_.style_mean) / model_.style_scale;
    const Tensor seen = embeddings_.index_select(0, learned_);
    model_.image_mean = seen.mean(0);
    const Tensor centred = seen - model_.image_mean;
    model_.image_covariance = at::matmul(centred.t(), centred) / double(centred.size(0) - 1);
    visit_parameters(model_.mapper, [&](const std::string& name, Tensor& tensor, const auto&) {
      average_[name] = tensor.clone();
    });
  }

  AdamGroup parameters() {
    AdamGroup group;
    group.options.learning_rate = 1;  // the schedule says the rate
    visit_parameters(model_.mapper, [&](const std::string& name, Tensor& tensor, const auto&) {
      tensor.requires_grad_(true);
      group.parameters.emplace_back(name, tensor);
    });
    return group;
  }

  int64_t steps() const { return optimiser_->steps(); }
  bool out_of_time() const {
    return config_.max_minutes > 0 && watch_.milliseconds() > 60000 * config_.max_minutes;
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
    const Tensor wanted = styles_.index_select(0, pairs.second) - from;
    const Tensor image = embeddings_.index_select(0, pairs.first);
    const Tensor step = embeddings_.index_select(0, pairs.second) - image;
    const Tensor made = style_delta(mapper, from, delta_condition(image, step));
    return {(made - wanted).square().mean(1), at::cosine_similarity(made, wanted, 1)};
  }

  double step() {
    const int64_t now = steps();
    const Pairs pairs = random_pairs(learned_, config_.batch,
                                     Rng(config_.seed).fork("pairs", static_cast<uint64_t>(now)));
    const Errors errors = errors_of(model_.mapper, pairs);
    const Tensor loss = errors.square.mean() + 1 - errors.cosine.mean();
    const double value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw Error(ErrorCode::numeric, "the loss is not finite at step " + std::to_string(now + 1))
          .with_hint("resume from the last checkpoint with a lower learning rate");
    }
    optimiser_->step(
        torch::autograd::grad({loss}, optimiser_->parameters()),
        config_.learning_rate * warmup_cosine(now, config_.steps, config_.warmup, 0.02));
    const at::NoGradGuard no_grad;
    const auto n = static_cast<double>(steps());
    const double decay = std::min(config_.average_decay, (1 + n) / (10 + n));
    visit_parameters(model_.mapper, [&](const std::string& name, Tensor& tensor, const auto&) {
      average_[name].lerp_(tensor.detach(), 1 - decay);
    });
    return value;
  }

  DeltaModel averaged() const {
    DeltaModel model = model_;
    visit_parameters(model.mapper, [&](const std::string& name, Tensor& tensor, const auto&) {
      tensor = average_.at(name);
    });
    return model;
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

  /// Mean over the directions between held-out faces of the rank correlation, over the channels
  /// that are probed, of what regression and probing say.
  double probed_agreement(const DeltaModel& model) const {
    job_.progress(0, 0, "probing channels");
    Rng rng = Rng(config_.seed).fork("probed");
    std::vector<int64_t> channels;
    for (int64_t k = 0; k < config_.probed_channels; ++k) {
      channels.push_back(rng.below(static_cast<uint32_t>(model.mapper.shape.channels())));
    }
    const int64_t faces = std::min(config_.probed_faces, held_out_.size(0));
    const Tensor probed = probed_relevance(model, *generator_, *clip_,
                                           w_.index_select(0, held_out_.narrow(0, 0, faces)),
                                           channels, std::min(kProbeSide, generator_->size()));
    const Tensor regressed = model.relevance.index_select(0, at::tensor(channels, at::kLong));
    const Pairs pairs = random_pairs(held_out_, 64, Rng(config_.seed).fork("directions"));
    double sum = 0;
    for (int64_t k = 0; k < pairs.first.size(0); ++k) {
      const Tensor direction = unit(embeddings_.index_select(0, pairs.second.narrow(0, k, 1)) -
                                    embeddings_.index_select(0, pairs.first.narrow(0, k, 1)))[0];
      sum += rank_correlation(at::mv(probed, direction), at::mv(regressed, direction));
    }
    return sum / double(pairs.first.size(0));
  }

  void save_checkpoint() {
    Checkpoint saved;
    saved.step = steps();
    visit_parameters(model_.mapper, [&](const std::string& name, Tensor& tensor, const auto&) {
      saved.tensors["model." + name] = tensor.detach();
    });
    for (const auto& [name, tensor] : average_) saved.tensors["average." + name] = tensor;
    for (const auto& [name, tensor] : optimiser_->state()) saved.tensors["adam." + name] = tensor;
    checkpoints_.save(saved);
  }

  void restore() {
    const auto saved = checkpoints_.load(job_);
    if (!saved) return;
    visit_parameters(model_.mapper, [&](const std::string& name, Tensor& tensor, const auto&) {
      restore_tensor(*saved, "model." + name, tensor);
    });
    for (const auto& [name, tensor] : average_) restore_tensor(*saved, "average." + name, tensor);
    optimiser_->restore(tensors_under(*saved, "adam."));
  }

  void report(double smooth) {
    job_.progress(steps(), config_.steps, "training");
    job_.metric("loss", steps(), smooth);
    if (steps() % 20 != 0) return;
    metrics_->write(
        {{"step", steps()}, {"mean_loss", smooth}, {"seconds", watch_.milliseconds() / 1000}});
  }

  /// On pairs of held-out faces; of a finished model also what its relevance matrix is worth.
  std::string evaluate(const DeltaModel* finished = nullptr) {
    const at::NoGradGuard no_grad;
    const Pairs pairs = random_pairs(held_out_, kMeasuredPairs, Rng(config_.seed).fork("measured"));
    const Errors errors = errors_of(averaged().mapper, pairs);
    nlohmann::json entry{{"cosine", errors.cosine.mean().item<double>()},
                         {"square_error", errors.square.mean().item<double>()},
                         {"faces", learned_.size(0)}};
    if (finished && config_.probed_channels > 0) {
      entry["probed_rank_correlation"] = probed_agreement(*finished);
    }
    const std::string scores = entry.dump();
    entry["step"] = steps();
    evaluations_->write(entry);
    return scores;
  }

  const DeltaTrainingConfig& config_;
  fs::path run_;
  Job& job_;
  FolderLock lock_;
  CheckpointFolder checkpoints_;
  std::unique_ptr<StyleGenerator> generator_;
  std::shared_ptr<const ClipEncoder> clip_;
  DeltaModel model_;
  std::unique_ptr<Adam> optimiser_;
  std::map<std::string, Tensor> average_;
  Tensor learned_, held_out_;       // positions in the set
  Tensor w_, styles_, embeddings_;  // of the whole set; styles in units of the model
  std::unique_ptr<JsonLines> metrics_, evaluations_;
  Stopwatch watch_;
};

}  // namespace

TrainingResult train_delta(const DeltaTrainingConfig& config, const fs::path& run, bool resume,
                           Job& job) {
  std::error_code failure;
  fs::create_directories(config.output, failure);
  if (failure) throw Error(ErrorCode::resource, failure.message()).in_file(config.output);
  check_writable(config.output / "delta.safetensors");
  return DeltaRun(config, run, resume, job).train();
}

}  // namespace vane
