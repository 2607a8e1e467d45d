// SPDX-License-Identifier: Apache-2.0
#include "editing/services/edit_evaluation.h"

#include <fmt/format.h>

#include <limits>

#include "editing/auditor.h"
#include "editing/drawing.h"
#include "editing/faces/face_identity.h"
#include "editing/faces/face_measure.h"
#include "editing/latent/latent_method.h"
#include "editing/latent/strength.h"
#include "editing/services/identity_measure.h"
#include "editing/training/edit_evaluation.h"
#include "editing/training/edit_evaluation_config.h"
#include "engine/base/atomic_file.h"
#include "engine/base/stopwatch.h"
#include "engine/config/config_reader.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/run/freed_memory.h"
#include "engine/tensor/image_tensor.h"
#include "guidance/direction.h"

namespace vane {
namespace {

constexpr int kSide = 256, kTile = 128, kShown = 8;
// Of the previews that guide, as in `vane edit`.
constexpr int64_t kGuideSide = 128;

struct Portrait {
  Image picture;
  FaceMeasures measures{};
  FaceEmbedding identity{};
  Tensor seen, audited;  // unit embeddings [E] of guide and auditor
};

struct Source {
  Tensor w_plus;  // [1,rows,W]
  Portrait portrait;
  IdentityMeasure identity;
};

/// What is measured of a phrase.
struct Axis {
  Direction guide;
  Tensor auditor;  // unit [E]; no auditor: undefined
};

/// Passes a stop request on; progress is that of the whole table.
class QuietSteps final : public Job {
 public:
  explicit QuietSteps(Job& job) : job_(job) {}
  bool stop_requested() const noexcept override { return job_.stop_requested(); }
  int stop_code() const noexcept override { return job_.stop_code(); }
  void progress(int64_t, int64_t, std::string_view) override {}
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view message) override { job_.warn(message); }
  void info(std::string_view) override {}

 private:
  Job& job_;
};

/// Mean change of both edges down to 0.4 of the height, where a portrait shows background.
double edge_change(const Image& a, const Image& b) {
  double sum = 0;
  int64_t count = 0;
  for (int y = 0; y < a.height * 2 / 5; ++y) {
    for (int x = 0; x < a.width; ++x) {
      if (x >= a.width / 8 && x < a.width - a.width / 8) continue;
      for (int c = 0; c < 3; ++c) {
        const auto i = static_cast<size_t>((y * a.width + x) * 3 + c);
        sum += std::abs(double(a.u8[i]) - double(b.u8[i])) / 255;
        ++count;
      }
    }
  }
  return sum / double(count);
}

class Evaluation {
 public:
  Evaluation(const EditEvaluationConfig& config, const Limits& limits, Job& job)
      : config_(config),
        limits_(limits),
        job_(job),
        generator_(load_style_generator(generator_path(config.generator), limits)),
        finder_(landmark_file()),
        recogniser_(recognition_file()) {
    ClipLoadOptions options;
    options.limits = limits;
    clip_ = load_clip(config.clip, options);
    auditor_ = load_auditor(*clip_, limits);
    prior_ = std::make_shared<PriorSample>(prior_sample(
        *generator_, *clip_, config.samples, std::min(kGuideSide, generator_->size()), job));
    for (const EvaluatedPrompt& prompt : config.prompts)
      axes_.push_back(axis(prompt.from, prompt.to));
    for (const ControlPrompt& prompt : config.controls) {
      control_axes_.push_back(axis(prompt.from, prompt.to));
    }
  }

  void run() {
    make_sources();
    for (const std::string& name : config_.methods) {
      methods_.push_back(measure(name, *make_latent_method(name)));
    }
    job_.progress(total(), total(), "editing");
  }

  std::string protocol() const {
    return fmt::format(
        "{} portraits of {} (seed {}, truncation {}), {} px{}; guide {}, auditor {}; templates {}; "
        "hit and control among sources that clearly lack the attribute; leakage: mean |change| of "
        "the other measures over their 5 to 95 % range; identity by dlib against the unedited "
        "picture; 95 % intervals by bootstrap over sources",
        config_.sources, config_.generator, config_.seed, config_.truncation, kSide,
        config_.previews ? ", read off an earlier block" : "", clip_->info().name,
        auditor_ ? auditor_->info().name : "none", config_.templates);
  }

  const std::vector<EditMethodScores>& methods() const { return methods_; }

  /// Sources downwards; the source, then every prompt.
  Image sheet() const {
    constexpr Colour kGround{32, 32, 32}, kInk{225, 225, 225};
    constexpr int kGap = 4, kHead = 34;
    const int columns = 1 + static_cast<int>(config_.prompts.size());
    const int rows = static_cast<int>(shown_.size()) / columns;
    Image sheet =
        blank_sheet(columns * (kTile + kGap) + kGap, kHead + rows * (kTile + kGap), kGround);
    for (int i = 1; i < columns; ++i) {
      const std::string& phrase = config_.prompts[static_cast<size_t>(i - 1)].to;
      for (size_t line = 0; line * 20 < phrase.size() && line < 3; ++line) {
        draw_text(sheet, phrase.substr(line * 20, 20), kGap + i * (kTile + kGap),
                  2 + static_cast<int>(line) * (text_height(1) + 3), 1, kInk);
      }
    }
    for (int i = 0; i < rows * columns; ++i) {
      paste(sheet, shown_[static_cast<size_t>(i)], kGap + i % columns * (kTile + kGap),
            kHead + i / columns * (kTile + kGap));
    }
    return sheet;
  }

 private:
  Axis axis(const std::string& from, const std::string& to) const {
    const auto direction = [&](const ClipEncoder& clip) {
      return text_direction(clip, from, to, config_.templates, TemplateAveraging::average_first);
    };
    return {direction(*clip_), auditor_ ? direction(*auditor_).vector : Tensor()};
  }

  int64_t total() const {
    return config_.sources * std::ssize(config_.methods) *
           (std::ssize(config_.prompts) + std::ssize(config_.controls));
  }

  Portrait portrait_of(const Tensor& picture) {
    Portrait portrait;
    portrait.picture = tensor_to_image(picture);
    const FaceLandmarks landmarks = finder_.find(portrait.picture);
    portrait.measures = measure_face(portrait.picture, landmarks);
    portrait.identity = recogniser_.embed(portrait.picture, landmarks);
    portrait.seen = unit(clip_->image_embedding_exact(portrait.picture))[0];
    if (auditor_) portrait.audited = unit(auditor_->image_embedding_exact(portrait.picture))[0];
    return portrait;
  }

  void make_sources() {
    std::vector<FaceMeasures> faces;
    for (int64_t i = 0; i < config_.sources; ++i) {
      job_.check_cancelled();
      job_.progress(i, config_.sources, "making portraits");
      const Tensor w = generator_->truncate(generator_->map(generator_->sample_z(config_.seed, i)),
                                            config_.truncation);
      const Tensor w_plus = w.unsqueeze(1).expand({1, generator_->rows(), -1}).contiguous();
      Source& made = sources_.emplace_back();
      made.portrait = portrait_of(pictured(w_plus, {}));
      made.w_plus = w_plus;
      faces.push_back(made.portrait.measures);
    }
    ranges_ = measure_ranges(faces);
  }

  /// 256 px, not clamped; the same bits for a move of nothing.
  Tensor pictured(const Tensor& w_plus, const LatentMove& move) const {
    if (config_.previews) return moved_picture(*generator_, w_plus, move, kSide);
    return resize_area(moved_picture(*generator_, w_plus, move), kSide, kSide);
  }

  /// The move of one source at strength 1, chosen as `vane edit` chooses it.
  LatentMove edit(LatentEditMethod& method, Source& source, const Axis& axis) {
    LatentScene scene{generator_, clip_, source.w_plus, prior_, prior_->side, {}, {}};
    scene.options.space = config_.space;
    scene.options.mapper = config_.mapper;
    scene.options.steps = config_.steps;
    scene.options.seed = config_.seed;
    scene.options.gain = wanted_gain(scene, axis.guide, config_.gain);
    if (!source.identity.of) source.identity = identity_measure(scene);
    QuietSteps quiet(job_);
    const std::vector<LatentCandidate> candidates = method.candidates(scene, axis.guide, quiet);
    const ChosenStrength chosen = choose_strength(scene, axis.guide, candidates, source.identity,
                                                  config_.least_identity, quiet);
    return scaled(chosen.candidate.move, chosen.point.alpha);
  }

  EditObservation observe(const Source& source, const LatentMove& move, const Axis& axis,
                          double seconds) {
    Stopwatch watch;
    const Tensor picture = pictured(source.w_plus, move);
    EditObservation seen;
    seen.seconds = seconds + watch.milliseconds() / 1000;
    const Portrait after = portrait_of(picture);
    const Portrait& before = source.portrait;
    seen.before = before.measures;
    seen.after = after.measures;
    seen.identity = face_identity(before.identity, after.identity);
    seen.gain = (after.seen - before.seen).dot(axis.guide.vector).item<double>();
    seen.audit_gain = auditor_ ? (after.audited - before.audited).dot(axis.auditor).item<double>()
                               : std::numeric_limits<double>::quiet_NaN();
    seen.background = edge_change(before.picture, after.picture);
    last_ = after.picture;
    return seen;
  }

  EditMethodScores measure(const std::string& name, LatentEditMethod& method) {
    EditMethodScores scores;
    scores.method = name;
    std::vector<std::vector<EditObservation>> observed(config_.prompts.size());
    std::vector<EditObservation> controls;
    double monotone = 0, never_falls = 0;
    int64_t compared = 0;
    for (int64_t i = 0; i < config_.sources; ++i) {
      Source& source = sources_[static_cast<size_t>(i)];
      const bool is_shown = i < kShown && name == config_.methods.front();
      if (is_shown) show(source.portrait.picture);
      for (size_t k = 0; k < config_.prompts.size(); ++k) {
        step_done();
        Stopwatch watch;
        const LatentMove move = edit(method, source, axes_[k]);
        observed[k].push_back(observe(source, move, axes_[k], watch.milliseconds() / 1000));
        if (is_shown) show(last_);
        if (i >= config_.monotone_sources) continue;
        scores.unchanged +=
            at::equal(pictured(source.w_plus, scaled(move, 0)), pictured(source.w_plus, {}));
        ++scores.unchanged_of;
        std::vector<double> along;
        for (const double strength : config_.strengths) {
          const Tensor picture = pictured(source.w_plus, scaled(move, strength));
          const Tensor seen = clip_->image_features(picture.clamp(0, 1))[0];
          along.push_back(seen.dot(axes_[k].guide.vector).item<double>());
        }
        monotone += spearman(config_.strengths, along);
        never_falls += std::is_sorted(along.begin(), along.end());
        ++compared;
      }
      for (size_t k = 0; k < config_.controls.size(); ++k) {
        step_done();
        const LatentMove move = edit(method, source, control_axes_[k]);
        controls.push_back(observe(source, move, control_axes_[k], 0));
      }
    }
    if (compared > 0) {
      scores.monotone = monotone / double(compared);
      scores.never_falls = never_falls / double(compared);
    }
    count(scores, observed, controls);
    return scores;
  }

  void count(EditMethodScores& scores, const std::vector<std::vector<EditObservation>>& observed,
             const std::vector<EditObservation>& controls) const {
    std::vector<EvaluatedPrompt> single, several;
    std::vector<std::vector<EditObservation>> of_single, of_several;
    for (size_t k = 0; k < observed.size(); ++k) {
      const EvaluatedPrompt& prompt = config_.prompts[k];
      scores.prompts.push_back(edit_scores(prompt, observed[k], controls, ranges_));
      const bool is_single = prompt.attributes.size() == 1;
      (is_single ? single : several).push_back(prompt);
      (is_single ? of_single : of_several).push_back(observed[k]);
    }
    scores.single = pooled_scores("one attribute", single, of_single, controls, ranges_);
    scores.several = pooled_scores("several at once", several, of_several, controls, ranges_);
  }

  void show(const Image& picture) { shown_.push_back(resize_u8(picture, kTile, kTile)); }
  void step_done() {
    job_.check_cancelled();
    job_.progress(done_++, total(), "editing");
  }

  const EditEvaluationConfig& config_;
  const Limits& limits_;
  Job& job_;
  std::shared_ptr<const StyleGenerator> generator_;
  FaceLandmarkFinder finder_;
  FaceRecogniser recogniser_;
  std::shared_ptr<const ClipEncoder> clip_, auditor_;
  std::shared_ptr<const PriorSample> prior_;
  std::vector<Axis> axes_, control_axes_;
  std::vector<Source> sources_;
  FaceMeasures ranges_{};
  std::vector<EditMethodScores> methods_;
  std::vector<Image> shown_;
  Image last_;
  int64_t done_ = 0;
};

}  // namespace

EvaluateResult evaluate_edit(const EvaluateRequest& request, Job& job) {
  const at::NoGradGuard no_grad;
  keep_freed_memory();
  const auto config =
      read_config<EditEvaluationConfig>(request.recipe, request.overrides, request.limits);
  check_edit_evaluation(config);
  for (const std::string& method : config.methods) make_latent_method(method);
  for (const std::filesystem::path& file : {request.output, request.sheet}) {
    if (!file.empty()) check_writable(file);
  }
  if (!request.sheet.empty()) format_for_path(request.sheet);
  job.progress(0, 0, "loading");
  Evaluation evaluation(config, request.limits, job);
  evaluation.run();
  if (!request.sheet.empty()) write_image(request.sheet, evaluation.sheet());
  EvaluateResult result{edit_evaluation_json(evaluation.protocol(), evaluation.methods()),
                        edit_evaluation_markdown(evaluation.protocol(), evaluation.methods())};
  if (!request.output.empty()) {
    atomic_write(request.output, std::string_view(result.scores + "\n"));
  }
  return result;
}

}  // namespace vane
