// SPDX-License-Identifier: Apache-2.0
#include "editing/training/inversion_training.h"

#include <future>
#include <nlohmann/json.hpp>
#include <optional>

#include "editing/inversion/identity_loss.h"
#include "editing/training/averaged_network.h"
#include "editing/training/face_augmentation.h"
#include "editing/training/training_run.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/clip/clip_load.h"
#include "engine/config/config_writer.h"
#include "engine/data/face_set.h"
#include "engine/image/codec.h"
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

class InversionLearner final : public Learner {
 public:
  InversionLearner(const InversionTrainingConfig& config, const fs::path& run,
                   std::span<const RecognitionArray> recogniser, Job& job)
      : config_(config),
        run_(run),
        generator_(load_style_generator(generator_path(config.generator))),
        faces_(FaceSet::load(config.faces, job)),
        clip_(load_clip(config.clip)),
        encoder_(first_weights(config, *generator_), optimiser_options(), config.average_decay) {
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
    mean_landmarks_ = measured_landmarks(held_out_.front());
    for (size_t k = 1; k < held_out_.size(); ++k)
      mean_landmarks_ += measured_landmarks(held_out_[k]);
    mean_landmarks_ /= double(held_out_.size());
    Tensor all = at::empty({int64_t(learned_.size()), generator_->w_dim()});
    for (size_t i = 0; i < learned_.size(); ++i) all[int64_t(i)].copy_(latent_of(learned_[i]));
    w_variance_ = all.var(0).mean().item<double>();
  }

  int64_t steps() const override { return encoder_.steps(); }
  std::string_view stage() const override {
    return renders(steps()) ? "training" : "training on latents";
  }
  Checkpoint checkpoint() const override { return encoder_.checkpoint(); }
  void restore(const Checkpoint& saved) override { encoder_.restore(saved); }

  double step(Job&) override {
    const FaceBatch batch = next_batch();
    const int64_t now = steps();
    const Tensor loss = loss_of(batch, renders(now));
    std::vector<Tensor> gradients = encoder_.gradients(loss);
    clip_gradients(gradients, 1);
    encoder_.step(gradients, rate_of(now));
    return loss.item<double>();
  }

  /// On held-out portraits: how near rows are, and what the generator makes of them.
  nlohmann::json measure(bool, Job&) override {
    const at::NoGradGuard no_grad;
    const PyramidEncoder encoder = encoder_.averaged();
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
    return entry;
  }

  void save(const fs::path& folder) override {
    save_pyramid_encoder(folder / "encoder.safetensors", encoder_.averaged());
  }

 private:
  void check_origin(const FaceSet& faces, const fs::path& folder, const char* key) const {
    if (faces.origin().find(generator_->content_hash()) != std::string::npos) return;
    throw Error(ErrorCode::config, "these faces are of another generator")
        .in_file(folder)
        .at_key(key);
  }

  static AdamOptions optimiser_options() {
    AdamOptions options;
    options.learning_rate = 1;  // the schedule says the rate
    options.beta2 = 0.99;
    return options;
  }

  bool renders(int64_t step) const { return step >= config_.latent_steps; }

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
    const Tensor rows = encode_face(encoder_.learning(), batch.seen);
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

  double identity_between(const Tensor& face, const Tensor& made, const Tensor& landmarks) const {
    const Tensor wanted = identity_targets(*identity_, face, landmarks);
    return identity_loss(*identity_, made, landmarks, wanted).sqrt().item<double>();
  }

  const InversionTrainingConfig& config_;
  fs::path run_;
  std::unique_ptr<StyleGenerator> generator_;
  FaceSet faces_, quick_faces_;
  std::shared_ptr<const ClipEncoder> clip_;
  AveragedNetwork<PyramidEncoder> encoder_;
  std::optional<IdentityNetwork> identity_;
  std::vector<FaceIndex> learned_, held_out_;
  Tensor mean_landmarks_;  // [68,2]
  double w_variance_ = 1;
  std::future<FaceBatch> next_;
};

}  // namespace

TrainingResult train_inversion(const InversionTrainingConfig& config, const fs::path& run,
                               bool resume, std::span<const RecognitionArray> recogniser,
                               Job& job) {
  TrainingRun training(run, config_hash(config), resume, job);
  InversionLearner learner(config, run, recogniser, job);
  return training.train(learner, schedule_of(config), to_yaml(config));
}

}  // namespace vane
