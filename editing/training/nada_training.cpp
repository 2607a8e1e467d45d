// SPDX-License-Identifier: Apache-2.0
#include "editing/training/nada_training.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "editing/inversion/tuning_file.h"
#include "editing/training/phrase_lesson.h"
#include "editing/training/training_run.h"
#include "engine/base/hash.h"
#include "engine/config/config_writer.h"
#include "engine/run/adam.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// The published moments: of 0 and 0.99, for regularisers every fifth step.
constexpr double kBeta1 = 0, kBeta2 = 0.99199;  // 0.99^0.8
/// Of the portraits that choose layers, so that they are not those that are learned on.
constexpr int64_t kChoosingFrom = int64_t{1} << 40;

/// What must not change between a run and its continuation.
std::string config_hash(NadaTrainingConfig config) {
  config.output.clear();
  config.steps = config.evaluate_every = 1;
  config.max_minutes = config.checkpoint_seconds = 0;
  return hex64(content_hash(fields_of(config)));
}

/// The generator's tensors as leaves of their own.
std::vector<TunableTensor> leaves_of(StyleGenerator& generator) {
  std::vector<TunableTensor> tensors = generator.tunable();
  std::vector<Tensor> slots;
  for (TunableTensor& tensor : tensors) {
    tensor.value = tensor.value.detach().clone().requires_grad_(true);
    slots.push_back(tensor.value);
  }
  generator.set_tunable(slots);
  return tensors;
}

std::vector<AdamGroup> groups_of(const std::vector<TunableTensor>& tensors, double rate) {
  std::vector<AdamGroup> groups;
  for (const TunableTensor& tensor : tensors) {
    AdamGroup group;
    group.options.learning_rate = rate * tensor.scale;
    group.options.beta1 = kBeta1;
    group.options.beta2 = kBeta2;
    group.parameters.emplace_back(tensor.name, tensor.value);
    groups.push_back(std::move(group));
  }
  return groups;
}

class NadaLearner final : public Learner {
 public:
  NadaLearner(const NadaTrainingConfig& config, const fs::path& run)
      : config_(config),
        run_(run),
        lesson_({config.generator, config.clip, config.from, config.to, config.seed,
                 config.truncation, config.view}),
        tuned_(lesson_.generator().clone()),
        tensors_(leaves_of(*tuned_)),
        optimiser_(groups_of(tensors_, config.learning_rate)) {
    const at::NoGradGuard no_grad;
    target_ = lesson_.clip().text_features({config.to})[0];
  }

  int64_t steps() const override { return optimiser_.steps(); }

  Checkpoint checkpoint() const override {
    Checkpoint saved;
    saved.step = steps();
    for (const TunableTensor& tensor : tensors_) {
      saved.tensors["model." + tensor.name] = tensor.value.detach();
    }
    for (const auto& [name, tensor] : optimiser_.state()) saved.tensors["adam." + name] = tensor;
    return saved;
  }

  void restore(const Checkpoint& saved) override {
    for (const TunableTensor& tensor : tensors_) {
      restore_tensor(saved, "model." + tensor.name, tensor.value);
    }
    optimiser_.restore(tensors_under(saved, "adam."));
  }

  double step(Job&) override {
    const std::set<int64_t> layers = chosen_layers();
    const Tensor w = lesson_.portraits(steps() * config_.batch, config_.batch);
    Tensor before;
    {
      const at::NoGradGuard no_grad;
      before = lesson_.picture(lesson_.generator(), w);
    }
    const Tensor loss = lesson_.angle(before, lesson_.picture(*tuned_, w)).mean();
    std::vector<Tensor> gradients = torch::autograd::grad({loss}, optimiser_.parameters(), {}, {},
                                                          false, /*allow_unused=*/true);
    for (size_t i = 0; i < tensors_.size(); ++i) {
      if (!layers.contains(tensors_[i].entry)) gradients[i] = Tensor();
    }
    optimiser_.step(gradients);
    return loss.item<double>();
  }

  nlohmann::json measure(bool, Job&) override {
    const at::NoGradGuard no_grad;
    const Tensor w = lesson_.held_out();
    return lesson_.measure(
        [&](int64_t i) { return lesson_.picture(lesson_.generator(), w.narrow(0, i, 1)); },
        [&](int64_t i) { return lesson_.picture(*tuned_, w.narrow(0, i, 1)); },
        run_ / "samples.png");
  }

  void save(const fs::path& folder) override {
    const at::NoGradGuard no_grad;
    save_tuning(folder / "tuning.safetensors", lesson_.generator(), *tuned_,
                {{"method", "nada"},
                 {"clip", lesson_.clip().info().hash},
                 {"from", config_.from},
                 {"to", config_.to}});
  }

 private:
  /// Entries of the style table. The published code takes one step of descent of the phrase's own
  /// similarity in W+ and ranks rows by how far it goes, which is by their gradient.
  std::set<int64_t> chosen_layers() const {
    const Tensor w =
        lesson_
            .portraits(kChoosingFrom + steps() * config_.layer_portraits, config_.layer_portraits)
            .requires_grad_(true);
    const Tensor seen = lesson_.clip().image_features(lesson_.picture(*tuned_, w).clamp(0, 1));
    const Tensor likeness = at::mv(seen, target_).sum();
    const Tensor moved = torch::autograd::grad({likeness}, {w})[0].abs().mean({0, 2});
    std::vector<int64_t> layers;
    const StyleTable& table = tuned_->style_table();
    for (size_t i = 0; i < table.size(); ++i) {
      if (!table[i].to_rgb) layers.push_back(static_cast<int64_t>(i));
    }
    const auto far = [&](int64_t layer) {
      return moved[table[static_cast<size_t>(layer)].row].item<double>();
    };
    std::stable_sort(layers.begin(), layers.end(),
                     [&](int64_t a, int64_t b) { return far(a) > far(b); });
    layers.resize(std::min(layers.size(), static_cast<size_t>(config_.layers)));
    return {layers.begin(), layers.end()};
  }

  const NadaTrainingConfig& config_;
  fs::path run_;
  PhraseLesson lesson_;
  std::unique_ptr<StyleGenerator> tuned_;
  std::vector<TunableTensor> tensors_;
  Adam optimiser_;
  Tensor target_;  // [D], unit
};

}  // namespace

TrainingResult train_nada(const NadaTrainingConfig& config, const fs::path& run, bool resume,
                          Job& job) {
  TrainingRun training(run, config_hash(config), resume, job);
  NadaLearner learner(config, run);
  return training.train(learner, schedule_of(config), to_yaml(config));
}

}  // namespace vane
