// SPDX-License-Identifier: Apache-2.0
#include "editing/training/inverter_training.h"

#include <array>
#include <nlohmann/json.hpp>

#include "editing/portraits/face_encoder.h"
#include "editing/training/averaged_network.h"
#include "editing/training/training_run.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/clip/clip_load.h"
#include "engine/config/config_writer.h"
#include "engine/data/face_set.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "generators/inversion/pyramid_encoder.h"
#include "generators/mappers/clip_inverter.h"
#include "guidance/picture_metrics.h"
#include "guidance/stage_distance.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using A = FaceAttribute;

constexpr int64_t kMeasured = 24, kShown = 8;
constexpr double kSmallestWay = 1e-6;
/// What captions speak of: what is measured reliably (engine/data/faces_source.cpp).
constexpr std::array kSpokenOf = {
    A::smile,           A::open_mouth,       A::head_turned,    A::turned_left,
    A::dark_hair,       A::blond_hair,       A::grey_hair,      A::bright_background,
    A::blue_background, A::green_background, A::warm_background};

/// What must not change between a run and its continuation.
std::string config_hash(InverterTrainingConfig config) {
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

IrSeWidths widths_of_encoder() {
  constexpr auto widths = PyramidEncoder::kWidths;
  return {widths[1], widths[2], widths[3], widths[4]};
}

fs::path encoder_file(const InverterTrainingConfig& config) {
  const fs::path file = config.encoder.empty() ? bundled_face_encoder() : config.encoder;
  if (fs::exists(file)) return file;
  throw Error(ErrorCode::input, "there is no inversion encoder to adapt")
      .in_file(file)
      .with_hint("train one: vane train inversion assets/training/faces-encoder.yaml");
}

struct Lesson {
  Tensor pictures;  // [N,3,V,V]
  Tensor faces;     // [N,3,S,S], as stored
  Tensor captions;  // [N,E], as the tower gives them
};

class InverterLearner final : public Learner {
 public:
  InverterLearner(const InverterTrainingConfig& config, const fs::path& run, Job& job)
      : config_(config),
        run_(run),
        generator_(load_style_generator(generator_path(config.generator))),
        clip_(load_clip(config.clip)),
        encoder_(load_pyramid_encoder(encoder_file(config), *generator_)),
        faces_(FaceSet::load(config.faces, job)),
        view_(std::min(config.view, generator_->size())),
        adapter_(initial_text_adapter(widths_of_encoder(), clip_->info().embed_dim, config.hidden,
                                      Rng(config.seed).fork("weights")),
                 optimiser_options(), config.average_decay) {
    if (faces_.origin().find(generator_->content_hash()) == std::string::npos) {
      throw Error(ErrorCode::config, "these faces are of another generator")
          .in_file(config.faces)
          .at_key("faces");
    }
    for (int64_t i = 0; i < faces_.count(); ++i) {
      (FaceSet::is_held_out(i) ? held_out_ : learned_).push_back(i);
    }
    if (held_out_.size() < 2) {
      throw Error(ErrorCode::config, "there are fewer than twenty faces").in_file(config.faces);
    }
  }

  int64_t steps() const override { return adapter_.steps(); }
  Checkpoint checkpoint() const override { return adapter_.checkpoint(); }
  void restore(const Checkpoint& saved) override { adapter_.restore(saved); }

  double step(Job&) override {
    const int64_t now = steps();
    Rng rng = Rng(config_.seed).fork("step", static_cast<uint64_t>(now));
    const Lesson lesson = lesson_of(random_faces(rng), rng);
    const bool follows = rng.chance(static_cast<float>(config_.mismatched));
    const Tensor asked = follows ? lesson.captions.roll(1, 0) : lesson.captions;
    const Tensor rows = edited_rows(adapter_.learning(), lesson.faces, asked);
    const Tensor made = generator_->synthesise_at(rows, view_);
    Tensor loss =
        likeness(made, lesson.pictures) +
        config_.latent_weight * (rows - generator_->average_w()).flatten(1).norm(2, {1}).mean();
    if (follows) {
      loss = loss + config_.clip_weight * angle(lesson, asked, made).mean();
      // The edited picture, edited back by the caption that is true of the portrait.
      const Tensor seen = made.detach().clamp(0, 1);
      const Tensor back = edited_rows(adapter_.learning(), seen, lesson.captions);
      loss = loss + config_.cycle_weight *
                        likeness(generator_->synthesise_at(back, view_), lesson.pictures);
    }
    std::vector<Tensor> gradients = adapter_.gradients(loss);
    clip_gradients(gradients, 1);
    adapter_.step(gradients,
                  config_.learning_rate * warmup_cosine(now, config_.steps, config_.warmup, 0.02));
    return loss.item<double>();
  }

  nlohmann::json measure(bool, Job&) override {
    const at::NoGradGuard no_grad;
    const TextAdapter adapter = adapter_.averaged();
    Rng rng = Rng(config_.seed).fork("measured");
    const auto count = std::min<size_t>(held_out_.size(), kMeasured);
    const Lesson all = lesson_of({held_out_.begin(), held_out_.begin() + ptrdiff_t(count)}, rng);
    const Tensor others = all.captions.roll(1, 0);
    const Tensor way = unit(unit(others) - unit(all.captions));
    double gain = 0, gaining = 0, kept = 0;
    std::vector<Tensor> shown;
    for (int64_t i = 0; i < int64_t(count); ++i) {
      const Tensor face = all.faces.narrow(0, i, 1);
      const auto picture = [&](const Tensor& rows) {
        return generator_->synthesise_at(rows, view_).clamp(0, 1);
      };
      const Tensor plain = picture(encode_face(encoder_, face));
      const Tensor moved = picture(edited_rows(adapter, face, others.narrow(0, i, 1)));
      const Tensor still = picture(edited_rows(adapter, face, all.captions.narrow(0, i, 1)));
      const Tensor change = clip_->image_features(moved) - clip_->image_features(plain);
      const double one = change[0].dot(way[i]).item<double>();
      gain += one / double(count);
      gaining += (one > 0) / double(count);
      kept += psnr_rgb(plain, still) / double(count);
      if (i < kShown) shown.push_back(at::cat({plain, moved}, 2));
    }
    write_image(run_ / "samples.png", tensor_to_image(at::cat(shown, 3).contiguous()));
    return {{"gain", gain}, {"gaining", gaining}, {"kept", kept}};
  }

  void save(const fs::path& folder) override {
    ClipInverter inverter;
    inverter.adapter = adapter_.averaged();
    save_clip_inverter(folder / "inverter.safetensors", inverter,
                       {{"generator", generator_->content_hash()},
                        {"clip", clip_->info().hash},
                        {"encoder", encoder_.content_hash}});
  }

 private:
  std::vector<int64_t> random_faces(Rng& rng) const {
    std::vector<int64_t> faces;
    for (int64_t k = 0; k < config_.batch; ++k) {
      faces.push_back(learned_[rng.below(static_cast<uint32_t>(learned_.size()))]);
    }
    return faces;
  }

  Lesson lesson_of(const std::vector<int64_t>& faces, Rng& rng) const {
    const at::NoGradGuard no_grad;
    std::vector<Tensor> pictures;
    std::vector<std::string> captions;
    for (const int64_t face : faces) {
      pictures.push_back(image_to_tensor(faces_.picture(face)));
      captions.push_back(random_face_phrase(faces_.truth(face), kSpokenOf, rng).text);
    }
    Lesson lesson;
    lesson.faces = at::cat(pictures);
    lesson.pictures =
        lesson.faces.size(2) == view_ ? lesson.faces : resize_area(lesson.faces, view_, view_);
    lesson.captions = clip_->text_embedding(captions);
    return lesson;
  }

  Tensor edited_rows(const TextAdapter& adapter, const Tensor& faces, const Tensor& texts) const {
    return inverter_rows(encoder_, adapter, faces, texts);
  }

  Tensor likeness(const Tensor& made, const Tensor& pictures) const {
    Tensor loss = 4 * config_.pixel_weight * (made - pictures).square().mean();
    if (config_.feature_weight > 0 && clip_->modified_resnet_tower() != nullptr) {
      StageView asked;
      {
        const at::NoGradGuard no_grad;
        asked = stage_view(*clip_, pictures);
      }
      loss = loss + config_.feature_weight * stage_distance(stage_view(*clip_, made), asked).mean();
    }
    return loss;
  }

  /// 1 - cos between the ways of pictures and of captions, [N].
  Tensor angle(const Lesson& lesson, const Tensor& asked, const Tensor& made) const {
    Tensor from;
    {
      const at::NoGradGuard no_grad;
      from = clip_->image_features(lesson.pictures);
    }
    const Tensor way = clip_->image_features(made.clamp(0, 1)) - from;
    const Tensor wanted = unit(asked) - unit(lesson.captions);
    return 1 -
           (way * wanted).sum(1) / (way.norm(2, {1}) * wanted.norm(2, {1})).clamp_min(kSmallestWay);
  }

  const InverterTrainingConfig& config_;
  fs::path run_;
  std::unique_ptr<StyleGenerator> generator_;
  std::shared_ptr<const ClipEncoder> clip_;
  PyramidEncoder encoder_;
  FaceSet faces_;
  int64_t view_;
  AveragedNetwork<TextAdapter> adapter_;
  std::vector<int64_t> learned_, held_out_;
};

}  // namespace

TrainingResult train_inverter(const InverterTrainingConfig& config, const fs::path& run,
                              bool resume, Job& job) {
  TrainingRun training(run, config_hash(config), resume, job);
  InverterLearner learner(config, run, job);
  return training.train(learner, schedule_of(config), to_yaml(config));
}

}  // namespace vane
