// SPDX-License-Identifier: Apache-2.0
#include "editing/training/inversion_training.h"

#include <cmath>
#include <deque>
#include <future>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <sstream>

#include "editing/inversion/identity_loss.h"
#include "editing/training/face_augmentation.h"
#include "editing/training/run_folder.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/stopwatch.h"
#include "engine/clip/clip_load.h"
#include "engine/config/config_writer.h"
#include "engine/data/face_set.h"
#include "engine/image/codec.h"
#include "engine/run/adam.h"
#include "engine/run/checkpoint.h"
#include "engine/tensor/image_tensor.h"
#include "generators/inversion/pyramid_encoder.h"
#include "guidance/picture_metrics.h"
#include "guidance/stage_distance.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMeasured = 48, kShown = 8;
/// Least side of a picture whose person is judged.
constexpr int64_t kIdentityView = 128;

/// What must not change between a run and its continuation.
std::string config_hash(InversionTrainingConfig config) {
  config.output.clear();
  config.start.clear();
  config.steps = config.latent_steps = config.evaluate_every = 1;
  config.max_minutes = config.checkpoint_seconds = 0;
  config.render_rate = 0;
  config.loss = {};
  return hex64(content_hash(fields_of(config)));
}

PyramidEncoder first_weights(const InversionTrainingConfig& config,
                             const StyleGenerator& generator) {
  if (config.start.empty()) {
    return initial_pyramid_encoder(generator, Rng(config.seed).fork("weights"));
  }
  PyramidEncoder encoder = load_pyramid_encoder(config.start, generator);
  // What was read may be a view of the file.
  visit_parameters(
      encoder, [](const std::string&, Tensor& tensor, const auto&) { tensor = tensor.clone(); });
  return encoder;
}

/// A portrait of one of the sets.
struct FaceIndex {
  const FaceSet* set = nullptr;
  int64_t number = 0;
};

struct FaceBatch {
  Tensor faces, seen, w;  // as made [N,3,S,S], as the encoder sees them, [N,W]
  Tensor landmarks;       // [N,68,2] in [0,1]
};

class InversionRun {
 public:
  InversionRun(const InversionTrainingConfig& config, const fs::path& run, bool resume,
               std::span<const RecognitionArray> recogniser, Job& job)
      : config_(config),
        run_(run),
        job_(job),
        lock_(run),
        checkpoints_(run / "checkpoints", config_hash(config)),
        generator_(load_style_generator(generator_path(config.generator))),
        faces_(FaceSet::load(config.faces, job)),
        clip_(load_clip(config.clip)),
        encoder_(first_weights(config, *generator_)),
        optimiser_({parameters_of(encoder_)}) {
    if (!resume && !checkpoints_.empty()) {
      throw Error(ErrorCode::usage, "the run folder already has checkpoints")
          .in_file(run)
          .with_hint("pass --resume to continue, or choose another --run folder");
    }
    check_origin(faces_, config.faces, "faces");
    if (!recogniser.empty()) identity_ = make_identity_network(recogniser);
    if (config.loss.identity > 0 && !identity_) {
      throw Error(ErrorCode::usage, "no network to compare faces with was given")
          .at_key("loss.identity");
    }
    for (int64_t i = 0; i < faces_.count(); ++i) {
      (FaceSet::is_held_out(i) ? held_out_ : learned_).push_back({&faces_, i});
    }
    if (!config.quick_faces.empty()) {
      quick_faces_ = FaceSet::load(config.quick_faces, job);
      check_origin(quick_faces_, config.quick_faces, "quick-faces");
      for (int64_t i = 0; i < quick_faces_.count(); ++i) learned_.push_back({&quick_faces_, i});
    }
    if (held_out_.empty()) {
      throw Error(ErrorCode::config, "there are fewer than ten faces").in_file(config.faces);
    }
    visit_parameters(encoder_, [&](const std::string& name, Tensor& tensor, const auto&) {
      average_[name] = tensor.detach().clone();
    });
    mean_landmarks_ = measured_landmarks(held_out_.front());
    for (size_t k = 1; k < held_out_.size(); ++k)
      mean_landmarks_ += measured_landmarks(held_out_[k]);
    mean_landmarks_ /= double(held_out_.size());
    Tensor all = at::empty({int64_t(learned_.size()), generator_->w_dim()});
    for (size_t i = 0; i < learned_.size(); ++i) all[int64_t(i)].copy_(latent_of(learned_[i]));
    w_variance_ = all.var(0).mean().item<double>();
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
    result.evaluation = evaluate();
    result.steps = steps();
    result.finished = steps() >= config_.steps;
    result.seconds = watch_.milliseconds() / 1000;
    save_pyramid_encoder(config_.output / "encoder.safetensors", averaged());
    return result;
  }

 private:
  void check_origin(const FaceSet& faces, const fs::path& folder, const char* key) const {
    if (faces.origin().find(generator_->content_hash()) != std::string::npos) return;
    throw Error(ErrorCode::config, "these faces are of another generator")
        .in_file(folder)
        .at_key(key);
  }

  static AdamGroup parameters_of(PyramidEncoder& encoder) {
    AdamGroup group;
    group.options.learning_rate = 1;  // the schedule says the rate
    group.options.beta2 = 0.99;
    visit_parameters(encoder, [&](const std::string& name, Tensor& tensor, const auto&) {
      tensor.requires_grad_(true);
      group.parameters.emplace_back(name, tensor);
    });
    return group;
  }

  int64_t steps() const { return optimiser_.steps(); }
  bool renders(int64_t step) const { return step >= config_.latent_steps; }
  bool out_of_time() const {
    return config_.max_minutes > 0 && watch_.milliseconds() > 60000 * config_.max_minutes;
  }

  static Tensor latent_of(const FaceIndex& face) {
    const std::span<const float> w = face.set->w(face.number);
    Tensor out = at::empty({std::ssize(w)});
    std::copy(w.begin(), w.end(), out.mutable_data_ptr<float>());
    return out;
  }

  static Tensor picture_of(const FaceIndex& face) {
    return image_to_tensor(face.set->picture(face.number));
  }

  static Tensor measured_landmarks(const FaceIndex& face) {
    const std::span<const float> points = face.set->landmarks(face.number);
    Tensor out = at::empty({std::ssize(points) / 2, 2});
    std::copy(points.begin(), points.end(), out.mutable_data_ptr<float>());
    return out;
  }

  /// Portraits that were not measured have their face where the others have it: all are aligned.
  Tensor landmarks_of(const FaceIndex& face) const {
    return face.set == &faces_ ? measured_landmarks(face) : mean_landmarks_;
  }

  FaceBatch make_batch(int64_t step) const {
    const at::NoGradGuard no_grad;
    Rng rng = Rng(config_.seed).fork("batch", static_cast<uint64_t>(step));
    std::vector<Tensor> faces, w, landmarks;
    const int64_t count = renders(step) ? config_.batch : config_.latent_batch;
    for (int64_t k = 0; k < count; ++k) {
      const FaceIndex& i = learned_[rng.below(static_cast<uint32_t>(learned_.size()))];
      faces.push_back(picture_of(i));
      w.push_back(latent_of(i));
      landmarks.push_back(landmarks_of(i));
    }
    FaceBatch batch{at::cat(faces), {}, at::stack(w), at::stack(landmarks)};
    batch.seen = augmented_faces(batch.faces, config_.augmentation, rng);
    return batch;
  }

  /// The batch of this step; the next one is made meanwhile.
  FaceBatch next_batch() {
    FaceBatch batch = next_.valid() ? next_.get() : make_batch(steps());
    next_ = std::async(std::launch::async, [this, step = steps() + 1] { return make_batch(step); });
    return batch;
  }

  Tensor loss_of(const FaceBatch& batch, bool rendered) const {
    const InversionLoss& weights = rendered ? config_.loss : config_.latent_loss;
    const Tensor rows = encode_face(encoder_, batch.seen);
    Tensor loss = weights.latent * (rows - batch.w.unsqueeze(1)).square().mean() / w_variance_;
    if (weights.delta > 0) {
      loss = loss + weights.delta * (rows - rows.narrow(1, 0, 1)).norm(2, {2}).sum(1).mean();
    }
    if (!rendered) return loss;
    const Tensor made = generator_->synthesise_at(rows, config_.view);
    const Tensor faces = batch.faces.size(2) == config_.view
                             ? batch.faces
                             : resize_area(batch.faces, config_.view, config_.view);
    loss = loss + 4 * weights.pixel * (made - faces).square().mean();
    if (weights.features > 0 || weights.clip > 0) {
      StageView asked;
      {
        const at::NoGradGuard no_grad;
        asked = stage_view(*clip_, faces);
      }
      const StageView seen = stage_view(*clip_, made);
      loss = loss + weights.features * stage_distance(seen, asked).mean() +
             weights.clip * (1 - (seen.embedding * asked.embedding).sum(1)).mean();
    }
    if (weights.identity > 0) {
      loss = loss + weights.identity * identity_of(rows, made, batch).mean();
    }
    return loss;
  }

  /// [N], of what the rows make, where the stored picture has its face.
  Tensor identity_of(const Tensor& rows, const Tensor& made, const FaceBatch& batch) const {
    const int64_t side = std::min(kIdentityView, generator_->size());
    const Tensor large = config_.view < side ? generator_->synthesise_at(rows, side) : made;
    return identity_loss(*identity_, large, batch.landmarks,
                         identity_targets(*identity_, batch.faces, batch.landmarks));
  }

  double rate_of(int64_t step) const {
    if (!renders(step)) {
      return config_.learning_rate * warmup_cosine(step, config_.latent_steps, config_.warmup, 0.1);
    }
    return config_.render_rate * warmup_cosine(step - config_.latent_steps,
                                               config_.steps - config_.latent_steps, config_.warmup,
                                               0.02);
  }

  double step() {
    const FaceBatch batch = next_batch();
    const int64_t now = steps();
    const Tensor loss = loss_of(batch, renders(now));
    const double value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw Error(ErrorCode::numeric, "the loss is not finite at step " + std::to_string(now + 1))
          .with_hint("resume from the last checkpoint with a lower learning rate");
    }
    // A small generator may have no rows of some level.
    std::vector<Tensor> gradients = torch::autograd::grad({loss}, optimiser_.parameters(), {}, {},
                                                          false, /*allow_unused=*/true);
    double square = 0;
    for (const Tensor& g : gradients) {
      if (g.defined()) square += g.square().sum().item<double>();
    }
    const double factor = 1.0 / std::max(1.0, std::sqrt(square));
    for (Tensor& g : gradients) {
      if (g.defined()) g = g * factor;
    }
    optimiser_.step(gradients, rate_of(now));
    const at::NoGradGuard no_grad;
    const auto n = static_cast<double>(steps());
    const double decay = std::min(config_.average_decay, (1 + n) / (10 + n));
    visit_parameters(encoder_, [&](const std::string& name, Tensor& tensor, const auto&) {
      average_[name].lerp_(tensor.detach(), 1 - decay);
    });
    return value;
  }

  PyramidEncoder averaged() const {
    PyramidEncoder encoder = encoder_;
    visit_parameters(encoder, [&](const std::string& name, Tensor& tensor, const auto&) {
      tensor = average_.at(name);
    });
    return encoder;
  }

  void save_checkpoint() {
    Checkpoint saved;
    saved.step = steps();
    visit_parameters(encoder_, [&](const std::string& name, Tensor& tensor, const auto&) {
      saved.tensors["model." + name] = tensor.detach();
    });
    for (const auto& [name, tensor] : average_) saved.tensors["average." + name] = tensor;
    for (const auto& [name, tensor] : optimiser_.state()) saved.tensors["adam." + name] = tensor;
    checkpoints_.save(saved);
  }

  void restore() {
    const auto saved = checkpoints_.load(job_);
    if (!saved) return;
    visit_parameters(encoder_, [&](const std::string& name, Tensor& tensor, const auto&) {
      restore_tensor(*saved, "model." + name, tensor);
    });
    for (const auto& [name, tensor] : average_) restore_tensor(*saved, "average." + name, tensor);
    optimiser_.restore(tensors_under(*saved, "adam."));
  }

  void report(double smooth) {
    job_.progress(steps(), config_.steps, renders(steps()) ? "training" : "training on latents");
    job_.metric("loss", steps(), smooth);
    if (steps() % 20 != 0) return;
    metrics_->write(
        {{"step", steps()}, {"mean_loss", smooth}, {"seconds", watch_.milliseconds() / 1000}});
  }

  /// On held-out portraits: how near rows are, and what the generator makes of them.
  std::string evaluate() {
    const at::NoGradGuard no_grad;
    const PyramidEncoder encoder = averaged();
    const int64_t count = std::min<int64_t>(kMeasured, std::ssize(held_out_));
    double latent = 0, psnr = 0, distance = 0, identity = 0;
    std::vector<Tensor> shown;
    for (int64_t k = 0; k < count; ++k) {
      const FaceIndex& i = held_out_[size_t(k)];
      const Tensor stored = picture_of(i);
      const int64_t side = std::min(stored.size(2), generator_->size());
      const Tensor face = resize_area(stored, side, side);
      const Tensor rows = encode_face(encoder, stored);
      const Tensor made = generator_->synthesise_at(rows, side).clamp(0, 1);
      latent += (rows - latent_of(i)).square().mean().item<double>() / w_variance_;
      psnr += psnr_rgb(face, made);
      distance += stage_distance(stage_view(*clip_, face), stage_view(*clip_, made)).item<double>();
      if (identity_) identity += identity_between(face, made, landmarks_of(i).unsqueeze(0));
      if (k < kShown) shown.push_back(at::cat({face, made}, 2));
    }
    write_image(run_ / "samples.png", tensor_to_image(at::cat(shown, 3).contiguous()));
    nlohmann::json entry{{"latent_error", latent / double(count)},
                         {"psnr", psnr / double(count)},
                         {"stage_distance", distance / double(count)}};
    if (identity_) entry["identity_distance"] = identity / double(count);
    const std::string scores = entry.dump();
    entry["step"] = steps();
    evaluations_->write(entry);
    return scores;
  }

  double identity_between(const Tensor& face, const Tensor& made, const Tensor& landmarks) const {
    const Tensor wanted = identity_targets(*identity_, face, landmarks);
    return identity_loss(*identity_, made, landmarks, wanted).sqrt().item<double>();
  }

  const InversionTrainingConfig& config_;
  fs::path run_;
  Job& job_;
  FolderLock lock_;
  CheckpointFolder checkpoints_;
  std::unique_ptr<StyleGenerator> generator_;
  FaceSet faces_, quick_faces_;
  std::shared_ptr<const ClipEncoder> clip_;
  PyramidEncoder encoder_;
  std::optional<IdentityNetwork> identity_;
  Adam optimiser_;
  std::map<std::string, Tensor> average_;
  std::vector<FaceIndex> learned_, held_out_;
  Tensor mean_landmarks_;  // [68,2]
  double w_variance_ = 1;
  std::unique_ptr<JsonLines> metrics_, evaluations_;
  std::future<FaceBatch> next_;
  Stopwatch watch_;
};

}  // namespace

TrainingResult train_inversion(const InversionTrainingConfig& config, const fs::path& run,
                               bool resume, std::span<const RecognitionArray> recogniser,
                               Job& job) {
  std::error_code failure;
  fs::create_directories(config.output, failure);
  if (failure) throw Error(ErrorCode::resource, failure.message()).in_file(config.output);
  check_writable(config.output / "encoder.safetensors");
  return InversionRun(config, run, resume, recogniser, job).train();
}

}  // namespace vane
