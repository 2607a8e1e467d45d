// SPDX-License-Identifier: Apache-2.0
#include "editing/training/mapper_training.h"

#include <nlohmann/json.hpp>

#include "editing/training/averaged_network.h"
#include "editing/training/phrase_lesson.h"
#include "editing/training/training_run.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/config/config_writer.h"
#include "generators/mappers/latent_mapper.h"
#include "guidance/stage_distance.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// What must not change between a run and its continuation.
std::string config_hash(MapperTrainingConfig config) {
  config.output.clear();
  config.evaluate_every = 1;
  config.max_minutes = config.checkpoint_seconds = 0;
  return hex64(content_hash(fields_of(config)));
}

AdamOptions optimiser_options() {
  AdamOptions options;
  options.learning_rate = 1;  // the schedule says the rate
  return options;
}

class MapperLearner final : public Learner {
 public:
  MapperLearner(const MapperTrainingConfig& config, const fs::path& run)
      : config_(config),
        run_(run),
        lesson_({config.generator, config.clip, config.from, config.to, config.seed,
                 config.truncation, config.view}),
        mapper_(
            initial_latent_mapper(lesson_.generator().w_dim(), Rng(config.seed).fork("weights")),
            optimiser_options(), config.average_decay) {}

  int64_t steps() const override { return mapper_.steps(); }
  Checkpoint checkpoint() const override { return mapper_.checkpoint(); }
  void restore(const Checkpoint& saved) override { mapper_.restore(saved); }

  double step(Job&) override {
    const int64_t now = steps();
    const Tensor w = lesson_.portraits(now * config_.batch, config_.batch);
    const Tensor way = kMapperStep * latent_step(mapper_.learning(), w);
    Tensor before;
    {
      const at::NoGradGuard no_grad;
      before = lesson_.picture(lesson_.generator(), w);
    }
    const Tensor after = lesson_.picture(lesson_.generator(), w + way);
    Tensor loss = config_.clip_weight * lesson_.angle(before, after).mean() +
                  config_.latent_weight * way.square().mean();
    if (config_.identity_weight > 0 && lesson_.clip().modified_resnet_tower() != nullptr) {
      loss = loss + config_.identity_weight * stage_distance(stage_view(lesson_.clip(), after),
                                                             stage_view(lesson_.clip(), before))
                                                  .mean();
    }
    mapper_.step(mapper_.gradients(loss),
                 config_.learning_rate * warmup_cosine(now, config_.steps, config_.warmup, 0.02));
    return loss.item<double>();
  }

  nlohmann::json measure(bool, Job&) override {
    const at::NoGradGuard no_grad;
    const LatentMapper mapper = mapper_.averaged();
    const Tensor w = lesson_.held_out();
    const Tensor way = kMapperStep * latent_step(mapper, w);
    nlohmann::json entry = lesson_.measure(
        [&](int64_t i) { return lesson_.picture(lesson_.generator(), w.narrow(0, i, 1)); },
        [&](int64_t i) { return lesson_.picture(lesson_.generator(), (w + way).narrow(0, i, 1)); },
        run_ / "samples.png");
    entry["step_length"] = way.norm(2, {2}).mean().item<double>();
    return entry;
  }

  void save(const fs::path& folder) override {
    save_latent_mapper(folder / "mapper.safetensors", mapper_.averaged(),
                       {{"generator", lesson_.generator().content_hash()},
                        {"clip", lesson_.clip().info().hash},
                        {"from", config_.from},
                        {"to", config_.to}});
  }

 private:
  const MapperTrainingConfig& config_;
  fs::path run_;
  PhraseLesson lesson_;
  AveragedNetwork<LatentMapper> mapper_;
};

}  // namespace

TrainingResult train_mapper(const MapperTrainingConfig& config, const fs::path& run, bool resume,
                            Job& job) {
  TrainingRun training(run, config_hash(config), resume, job);
  MapperLearner learner(config, run);
  return training.train(learner, schedule_of(config), to_yaml(config));
}

}  // namespace vane
