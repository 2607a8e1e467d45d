// SPDX-License-Identifier: Apache-2.0
#include "editing/portraits/invert_face.h"

#include <fmt/format.h>

#include <cmath>

#include "editing/faces/face_identity.h"
#include "editing/faces/photo_faces.h"
#include "editing/finishing_job.h"
#include "editing/inversion/latent_file.h"
#include "editing/inversion/pivotal_tuning.h"
#include "editing/inversion/projector.h"
#include "editing/portraits/face_encoder.h"
#include "editing/portraits/identity_term.h"
#include "engine/base/error.h"
#include "engine/clip/clip_load.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"
#include "guidance/picture_metrics.h"
#include "guidance/stage_distance.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMeasuredSide = 256;
// dlib's own threshold for one person is 0.23 of face_identity's scale.
constexpr double kPoorIdentity = 0.23, kPoorPsnr = 17;
// Of the projector and of tuning on a machine without a GPU, where a step costs seconds; the
// published numbers are 1000 and 350.
constexpr int64_t kProjectorSteps = 300, kTuningSteps = 60;

/// The published end of tuning is an LPIPS of 0.06.
constexpr double kEnoughLpips = 0.06, kEnoughStages = 0.02;

Image square_picture(const Image& photo, const fs::path& path) {
  if (photo.width == photo.height) return photo;
  throw Error(ErrorCode::input, fmt::format("a picture of {}x{} is not an aligned portrait",
                                            photo.width, photo.height))
      .in_file(path)
      .with_hint("leave out --aligned to have the face found and cut out");
}

class FaceInversion {
 public:
  FaceInversion(const StyleGenerator& generator, const Image& photo, const fs::path& path,
                const FaceInversionOptions& options, Job& job)
      : generator_(generator), path_(path), options_(options), job_(job) {
    cut_out(photo);
    job_.progress(0, 0, "loading");
    poll();
    load_measure();
    poll();
    target_ = image_to_tensor(result_.target);
    perceptual_ = term_to(target_);
    terms_ = {{"distance", perceptual_, distance_weight()}, {"pixels", pixel_term(target_), 1}};
    if (options_.identity_weight > 0 && options_.method != InversionMethod::project) {
      poll();
      if (const auto identity =
              identity_term(result_.target, [this]() -> FaceLandmarkFinder& { return finder(); })) {
        terms_.push_back({"identity", *identity, options_.identity_weight});
      }
    }
    if (options_.extra_terms) {
      for (WeightedTerm& term : options_.extra_terms(target_)) terms_.push_back(std::move(term));
    }
  }

  InvertedFace run() {
    poll();
    if (options_.method == InversionMethod::project) {
      project_latent();
    } else {
      find_start();
      if (options_.method != InversionMethod::encoder) refine();
      if (options_.method == InversionMethod::pti && !result_.cancelled) tune();
    }
    poll();
    measure();
    return std::move(result_);
  }

 private:
  /// Its hundred megabytes are read once.
  FaceLandmarkFinder& finder() {
    if (!finder_) finder_ = std::make_unique<FaceLandmarkFinder>(landmark_file());
    return *finder_;
  }

  /// Between what takes a fraction of a second each.
  void poll() const {
    if (options_.give_up) job_.check_cancelled();
  }

  void warn(std::string message) {
    job_.warn(fmt::format("{}: {}", path_.string(), message));
    result_.warnings.push_back(std::move(message));
  }

  void cut_out(const Image& photo) {
    const auto side = static_cast<int>(generator_.size());
    const Image seen = seen_by_detectors(photo);
    if (options_.aligned) {
      const Image square = square_picture(seen, path_);
      result_.target = square.width == side ? square : resize_u8(square, side, side);
      return;
    }
    finder();
    poll();
    const ChosenFaces chosen = find_faces(finder(), photo, path_, options_.face, job_);
    poll();
    result_.warnings = chosen.warnings;
    result_.crop = chosen.faces.front().crop;
    result_.target = crop_face(seen, *result_.crop, side);
  }

  void load_measure() {
    if (!options_.lpips.empty()) {
      lpips_ = std::make_shared<Lpips>(
          Lpips::load(options_.lpips, options_.lpips_linear, options_.limits));
      return;
    }
    ClipLoadOptions load;
    load.limits = options_.limits;
    clip_ = load_clip(options_.clip, load);
  }

  PictureTerm term_to(const Tensor& picture) const {
    const int64_t side = std::min(kMeasuredSide, picture.size(2));
    return lpips_ ? lpips_term(lpips_, resize_area(picture, side, side))
                  : stage_term(clip_, picture);
  }
  double distance_weight() const { return lpips_ ? 0.8 : 1.0; }  // pSp's and e4e's LPIPS

  void find_start() {
    const at::NoGradGuard no_grad;
    const Tensor mean = generator_.average_w().view({1, 1, -1}).repeat({1, generator_.rows(), 1});
    if (!options_.start.empty()) {
      result_.w_plus =
          load_latents(options_.start, generator_, 1, 0, options_.limits).w_plus.narrow(0, 0, 1);
      result_.started_from = "latent";
      return;
    }
    const FaceEncoder encoder = load_face_encoder(options_.encoder, generator_, options_.limits);
    if (!encoder.encode && options_.method == InversionMethod::encoder) {
      throw Error(ErrorCode::input, "there is no inversion encoder for this generator")
          .with_hint(
              "name one with --encoder, train one with `vane train inversion`, or use "
              "--method optimise");
    }
    result_.w_plus = mean;
    result_.started_from = "mean";
    if (!encoder.encode) {
      job_.info("there is no inversion encoder for this generator; starting from its average face");
      return;
    }
    result_.encoder_hash = encoder.content_hash;
    poll();
    const Tensor encoded = encoder.encode(target_);
    poll();
    const bool is_asked_for = options_.method == InversionMethod::encoder;
    if (!is_asked_for && loss_at(mean) < loss_at(encoded)) {
      job_.info("the average face is nearer than what the encoder sees; starting from that");
      return;
    }
    result_.w_plus = encoded;
    result_.started_from = "encoder";
  }

  double loss_at(const Tensor& w_plus) const {
    const Tensor picture =
        generator_.synthesise_at(w_plus, std::min<int64_t>(128, generator_.size()));
    double loss = 0;
    for (const WeightedTerm& term : terms_) {
      loss += term.weight * term.term(picture).item<double>();
    }
    return loss;
  }

  void refine() {
    RefineConfig config = options_.refine;
    if (options_.steps > 0 && options_.method == InversionMethod::optimise) {
      config.stages = stages_of(config.stages, options_.steps);
    }
    const Refinement refined = refine_w_plus(generator_, result_.w_plus, terms_,
                                             latent_statistics(generator_), config, job_);
    result_.w_plus = refined.w_plus;
    result_.steps = refined.steps;
    result_.cancelled = refined.cancelled;
  }

  void project_latent() {
    ProjectorConfig config;
    config.steps = options_.steps > 0 ? options_.steps : kProjectorSteps;
    config.rows = options_.projector_rows;
    config.seed = options_.seed;
    Projection projection =
        project(generator_, terms_, latent_statistics(generator_), config, job_);
    result_.w_plus = projection.w_plus;
    result_.noise = std::move(projection.noise);
    result_.steps = std::ssize(projection.losses);
    result_.cancelled = projection.cancelled;
    result_.started_from = "mean";
  }

  void tune() {
    PivotalTuningConfig config;
    config.steps = options_.steps > 0 ? options_.steps : kTuningSteps;
    config.enough = lpips_ ? kEnoughLpips : kEnoughStages;
    config.locality = options_.locality;
    config.seed = options_.seed;
    PivotalTuning tuning =
        tune_pivot(generator_, result_.w_plus, terms_, config, job_,
                   [this](const Tensor& a, const Tensor& b) { return term_to(b)(a); });
    result_.steps += std::ssize(tuning.losses);
    result_.cancelled = tuning.cancelled;
    result_.tuned = std::move(tuning.generator);
  }

  Tensor rendered() const {
    const StyleGenerator& generator = result_.tuned ? *result_.tuned : generator_;
    if (!result_.noise.empty()) {
      return dynamic_cast<const StyleGan2&>(generator).synthesise(result_.w_plus, result_.noise);
    }
    return generator.synthesise(result_.w_plus);
  }

  void measure() {
    const at::NoGradGuard no_grad;
    FinishingJob job(job_);
    job.progress(0, 0, "measuring");
    result_.reconstruction = rendered();
    const int64_t side = std::min(kMeasuredSide, generator_.size());
    const Tensor shown = result_.reconstruction.clamp(0, 1);
    const Tensor made = resize_area(shown, side, side);
    result_.psnr = psnr_rgb(resize_area(target_, side, side), made);
    result_.distance = perceptual_(made).item<double>();
    result_.identity = identity(tensor_to_image(shown));
    if (result_.identity < kPoorIdentity) {
      warn(
          fmt::format("the reconstruction does not look like the same person (identity {:.2f}; "
                      "below {:.2f} it is a stranger's)",
                      result_.identity, kPoorIdentity));
    }
    if (result_.psnr < kPoorPsnr) {
      warn(
          fmt::format("the reconstruction is far from the picture ({:.1f} dB at {} px); edits of "
                      "it will not look like the photograph",
                      result_.psnr, side));
    }
  }

  /// NaN where the recogniser is not installed, the picture is too small for it or there is no
  /// face.
  double identity(const Image& made) {
    constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
    if (!fs::exists(recognition_file()) || !fs::exists(landmark_file()) || made.width < 128) {
      return kUnknown;
    }
    const FaceLandmarks in_target = finder().find(result_.target), in_made = finder().find(made);
    if (!in_target.detected) return kUnknown;
    FaceRecogniser recogniser(recognition_file());
    return face_identity(recogniser.embed(result_.target, in_target),
                         recogniser.embed(made, in_made));
  }

  const StyleGenerator& generator_;
  fs::path path_;
  const FaceInversionOptions& options_;
  Job& job_;
  std::unique_ptr<FaceLandmarkFinder> finder_;
  std::shared_ptr<const ClipEncoder> clip_;
  std::shared_ptr<const Lpips> lpips_;
  Tensor target_;  // [1,3,S,S]
  PictureTerm perceptual_;
  std::vector<WeightedTerm> terms_;
  InvertedFace result_;
};

}  // namespace

InversionMethod inversion_method(const std::string& name) {
  if (name == "encoder") return InversionMethod::encoder;
  if (name == "optimise") return InversionMethod::optimise;
  if (name == "project") return InversionMethod::project;
  if (name == "pti") return InversionMethod::pti;
  throw Error(ErrorCode::usage, "there is no way to invert called " + name);
}

InvertedFace invert_face(const StyleGenerator& generator, const Image& photo, const fs::path& path,
                         const FaceInversionOptions& options, Job& job) {
  return FaceInversion(generator, photo, path, options, job).run();
}

}  // namespace vane
