// SPDX-License-Identifier: Apache-2.0
#include "editing/services/latent_edit.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "editing/auditor.h"
#include "editing/faces/face_paste.h"
#include "editing/faces/photo_faces.h"
#include "editing/finishing_job.h"
#include "editing/inversion/latent_file.h"
#include "editing/latent/latent_recipe.h"
#include "editing/latent/region.h"
#include "editing/latent/strength.h"
#include "editing/latent/strength_sheet.h"
#include "editing/mask_source.h"
#include "editing/portraits/portrait_latent.h"
#include "editing/services/edit_report.h"
#include "editing/services/identity_measure.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/run/freed_memory.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"
#include "engine/text/phrase.h"
#include "guidance/audit.h"
#include "guidance/edit_metrics.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// Side of the previews that guide, and of the pictures that are compared in the end.
constexpr int64_t kGuideSide = 128;
constexpr int64_t kCompareSide = 512;
constexpr const char* kLargest = "largest";
// Strengths of the curve in the report.
constexpr double kCurve[] = {0, 0.25, 0.5, 0.75, 1, 1.25, 1.5};

bool is_latent_file(const fs::path& path) { return path.extension() == ".safetensors"; }

bool has_targets(const EditRequest& request) {
  return !request.to.empty() || !request.also.empty() || !request.like.empty() ||
         !request.direction.empty();
}

fs::path recipe_path(const EditRequest& request) {
  if (!request.sidecar.empty()) return request.sidecar;
  fs::path path = request.output;
  return path.replace_extension(".edit.yaml");
}

/// The request with its defaults spelled out.
EditRequest resolved(EditRequest request) {
  if (request.generator == "develop") request.generator = "faces";
  if (request.method == "auto") request.method = latent_method_names().front();
  return request;
}

void check_request(const EditRequest& request) {
  const bool searched = has_targets(request) || !request.toward.empty();
  if (!searched && request.apply.empty()) {
    throw Error(ErrorCode::usage, "nothing says where to go")
        .with_hint(
            "give --to TEXT, --like IMAGE, --direction FILE, --toward LATENT|PHOTO or --apply "
            "RECIPE");
  }
  if (searched && !request.apply.empty()) {
    throw Error(ErrorCode::usage, "--apply repeats a finished edit and takes no target");
  }
  for (const std::string& phrase : request.also) {
    check_phrase_bytes(phrase, "--also", request.limits);
  }
  check_phrase_bytes(request.to, "--to", request.limits);
  check_phrase_bytes(request.from, "--from", request.limits);
  check_phrase_bytes(request.mask, "--mask", request.limits);
  if (!request.from.empty() && request.to.empty() && request.also.empty()) {
    throw Error(ErrorCode::usage, "--from needs --to");
  }
  if (!request.unlike.empty() && request.like.empty()) {
    throw Error(ErrorCode::usage, "--unlike needs --like");
  }
  if (!request.guidance.empty() || !request.lut.empty()) {
    throw Error(ErrorCode::usage, "--guidance and --lut are for the settings of a photograph");
  }
  if (!request.rows.empty() && request.toward.empty()) {
    throw Error(ErrorCode::usage, "--rows needs --toward");
  }
  if (!request.sweep.empty() && request.sheet.empty()) {
    throw Error(ErrorCode::usage, "--sweep draws on the --sheet, which is not given");
  }
  make_latent_method(request.method);
  for (const fs::path& path :
       {request.output, request.report, recipe_path(request), request.sheet, request.latent_out}) {
    if (!path.empty()) check_writable(path);
  }
  if (request.output.extension() != ".safetensors") format_for_path(request.output);
  if (!request.sheet.empty()) format_for_path(request.sheet);
}

/// "A-B" or "A" of --rows; all rows when it is empty.
std::pair<int64_t, int64_t> rows_of(const std::string& text, int64_t rows) {
  if (text.empty()) return {0, rows - 1};
  const std::vector<std::string> ends = split(text, '-');
  const auto first = parse_integer(ends.front()), last = parse_integer(ends.back());
  if (ends.size() > 2 || !first || !last) {
    throw Error(ErrorCode::usage, "--rows takes A-B, not \"" + printable(text) + "\"");
  }
  return {*first, *last};
}

/// Strengths of "A:B:N".
std::vector<double> sweep_of(const std::string& text) {
  if (text.empty()) return {0, 0.5, 1, 1.5};
  const std::vector<std::string> parts = split(text, ':');
  const auto from = parse_number(parts[0]);
  const auto to = parse_number(parts.size() == 3 ? parts[1] : "");
  const long long count = parse_integer(parts.back()).value_or(0);
  if (!from || !to || count < 2 || count > 64) {
    throw Error(ErrorCode::usage,
                "--sweep takes A:B:N with N from 2 to 64, not \"" + printable(text) + "\"");
  }
  std::vector<double> strengths;
  for (long long i = 0; i < count; ++i) {
    strengths.push_back(*from +
                        (*to - *from) * static_cast<double>(i) / static_cast<double>(count - 1));
  }
  return strengths;
}

/// A photograph whose face is edited, and where that is.
struct Portrait {
  Image photo;
  FaceCrop crop;
};

/// What is edited.
struct EditInput {
  Tensor w_plus;  // [1,rows,W]
  std::optional<Portrait> portrait;
};

/// The `face` of the photograph `path`.
EditInput input_of_photo(const fs::path& path, const std::string& face, const EditRequest& request,
                         const StyleGenerator& generator, Job& job) {
  DecodeOptions decode;
  decode.limits = request.limits;
  Image photo = read_image(path, decode);
  FaceInversionOptions options;
  options.face = parse_face_choice(face, false);
  options.seed = request.seed;
  options.limits = request.limits;
  const PortraitLatent found = portrait_latent(generator, photo, path, options, job);
  return {found.w_plus, Portrait{std::move(photo), found.crop}};
}

/// A latent file, or a photograph.
EditInput input_of(const fs::path& path, const std::string& face, const EditRequest& request,
                   const StyleGenerator& generator, Job& job) {
  if (!is_latent_file(path)) return input_of_photo(path, face, request, generator, job);
  if (!fs::exists(path)) {
    throw Error(ErrorCode::input, "the latent is not there").in_file(path);
  }
  const LatentFile file = load_latents(path, generator, 1, 0, request.limits);
  if (file.w_plus.size(0) > 1) {
    job.warn(
        fmt::format("{} holds {} latents; the first is taken", path.string(), file.w_plus.size(0)));
  }
  return {file.w_plus.narrow(0, 0, 1).contiguous(), {}};
}

struct Target {
  std::string name;
  Direction direction;
};

/// Everything that was asked for, each by itself.
std::vector<Target> targets_of(const EditRequest& request, const ClipEncoder& clip,
                               const Image& source) {
  const std::string from = request.from.empty() ? "a photo" : request.from;
  std::vector<Target> targets;
  const auto add_text = [&](const std::string& to) {
    targets.push_back({from + " → " + to, text_direction(clip, from, to)});
  };
  if (!request.to.empty()) add_text(request.to);
  for (const std::string& to : request.also) add_text(to);
  if (!request.like.empty()) {
    DecodeOptions options;
    options.limits = request.limits;
    const Image unlike =
        request.unlike.empty() ? Image(source) : read_image(request.unlike, options);
    targets.push_back({"like " + request.like.filename().string(),
                       image_direction(clip, unlike, read_image(request.like, options))});
  }
  if (!request.direction.empty()) {
    targets.push_back(
        {request.direction.filename().string(), load_direction(request.direction, &clip)});
  }
  return targets;
}

/// The middle of all directions, which the whole edit is measured along.
Direction common_direction(const std::vector<Target>& targets) {
  Direction all = targets.front().direction;
  for (size_t i = 1; i < targets.size(); ++i) {
    all = mix(all, targets[i].direction, 1.f / static_cast<float>(i + 1));
  }
  return all;
}

/// One edit from its latent to its files.
class LatentEdit {
 public:
  LatentEdit(const EditRequest& request, Job& job) : request_(request), job_(job) {
    job_.progress(0, 0, "loading");
    strengths_ = sweep_of(request_.sweep);
    scene_.generator = load_style_generator(generator_path(request_.generator), request_.limits);
    poll();
    input_ = input_of(request_.input, request_.face, request_, *scene_.generator, job_);
    scene_.w_plus = input_.w_plus;
    rows_of(request_.rows, scene_.generator->rows());
    poll();
    source_ = moved_picture(*scene_.generator, scene_.w_plus, {});
    source_picture_ = tensor_to_image(source_);
    result_.is_latent = true;
    result_.strength = static_cast<double>(request_.strength);
    result_.output = request_.output.string();
  }

  EditResult run() {
    const auto start = std::chrono::steady_clock::now();
    poll();
    if (!request_.mask.empty()) {
      region_ = region_of(
          read_mask(request_.mask, source_picture_, request_.clip, request_.limits, job_));
    }
    if (request_.apply.empty()) {
      search();
    } else {
      apply();
    }
    poll();
    FinishingJob finishing(job_);
    finishing.progress(0, 0, "rendering");
    const LatentMove move = scaled(move_, result_.strength);
    edited_ = picture_at(result_.strength);
    measure();
    result_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (request_.audit && (result_.audit_gain <= 0 || result_.verdict == "adversarial")) {
      throw Error(ErrorCode::numeric,
                  "the audit does not see the edit (" + result_.reason + "); it was not written")
          .with_hint("another phrase may work, or leave out --audit");
    }
    write(move);
    return result_;
  }

 private:
  /// Between what takes a fraction of a second each.
  void poll() const {
    if (request_.give_up) job_.check_cancelled();
  }

  void search() {
    if (has_targets(request_)) {
      ClipLoadOptions options;
      options.limits = request_.limits;
      scene_.clip = load_clip(request_.clip, options);
      poll();
      targets_ = targets_of(request_, *scene_.clip, source_picture_);
      scene_.prior = std::make_shared<PriorSample>(
          prior_sample(*scene_.generator, *scene_.clip, request_.samples,
                       std::min(kGuideSide, scene_.generator->size()), job_));
      scene_.side = scene_.prior->side;
      if (region_.defined()) scene_.mask = feathered(region_, scene_.side);
      scene_.options.space = request_.space;
      if (request_.beta) scene_.options.beta = *request_.beta;
      scene_.options.steps = request_.steps;
      scene_.options.mapper = request_.mapper;
      scene_.options.verify = request_.audit;
      scene_.options.seed = request_.seed;
      poll();
      identity_ = identity_measure(scene_);
      poll();
      method_ = make_latent_method(request_.method);
      for (const Target& target : targets_) follow(target);
      measure_curve();
    }
    if (!request_.toward.empty()) {
      const EditInput other =
          input_of(request_.toward, kLargest, request_, *scene_.generator, job_);
      const auto [first, last] = rows_of(request_.rows, scene_.generator->rows());
      move_ = sum(move_, move_between(scene_.w_plus, other.w_plus, first, last));
    }
  }

  void follow(const Target& target) {
    scene_.options.gain = wanted_gain(scene_, target.direction, request_.gain);
    const std::vector<LatentCandidate> candidates =
        method_->candidates(scene_, target.direction, job_);
    const ChosenStrength chosen = choose_strength(scene_, target.direction, candidates, identity_,
                                                  request_.least_identity, job_);
    if (chosen.falls_short) {
      job_.warn(
          fmt::format("{}: gains {:.3f} of the {:.3f} that --gain asks for; more would not "
                      "be the same picture, or is not in the generator",
                      target.name, chosen.point.gain, scene_.options.gain));
    }
    move_ = sum(move_, scaled(chosen.candidate.move, chosen.point.alpha));
    result_.targets.push_back({target.name, chosen.point.alpha, chosen.candidate.beta,
                               chosen.point.gain, chosen.candidate.channels, chosen.falls_short,
                               chosen.candidate.agreement});
    result_.steps = request_.method == "optimise" ? request_.steps : 0;
  }

  void measure_curve() {
    const Direction direction = common_direction(targets_);
    for (const double strength : kCurve) {
      job_.check_cancelled();
      job_.progress(std::ssize(result_.curve), std::ssize(kCurve), "measuring strengths");
      const StrengthPoint point = measured(scene_, direction, identity_, move_, strength);
      result_.curve.push_back({strength, point.gain, point.identity, point.background});
    }
  }

  void apply() {
    LatentRecipe recipe = load_recipe(request_.apply, *scene_.generator, request_.limits);
    if (recipe.latent != latent_hash(scene_.w_plus)) {
      job_.info("the recipe was made for another latent; its change is added to this one");
    }
    move_ = recipe.move;
    if (!region_.defined()) region_ = recipe.mask;
    steps_ = recipe.steps;
    guide_hash_ = recipe.clip;
  }

  Tensor picture_at(double strength, int64_t side = 0) const {
    const Tensor picture =
        moved_picture(*scene_.generator, scene_.w_plus, scaled(move_, strength), side);
    if (!region_.defined()) return picture;
    const Tensor source =
        side == 0 ? source_ : moved_picture(*scene_.generator, scene_.w_plus, {}, side);
    return blended(source, picture, feathered(region_, picture.size(2)));
  }

  void measure() {
    const int64_t side = std::min(kCompareSide, source_.size(2));
    const auto reduced = [side](const Tensor& picture) {
      return resize_area(picture.clamp(0, 1), side, side);
    };
    const Tensor before = reduced(source_), after = reduced(edited_);
    result_.preserved = edge_ssim(before, after);
    const LabChange change = lab_change(before, after);
    result_.delta_l = change.lightness;
    result_.delta_a = change.a;
    result_.delta_b = change.b;
    if (targets_.empty()) {
      result_.gain = result_.alignment = std::numeric_limits<double>::quiet_NaN();
      result_.identity = result_.background = std::numeric_limits<double>::quiet_NaN();
      return;
    }
    const HeldOutConfig held_out{.seed = request_.seed};
    const Direction direction = common_direction(targets_);
    const ClipGain seen = clip_gain(*scene_.clip, direction, before, after, held_out);
    result_.gain = seen.gain;
    result_.alignment = seen.alignment;
    const StrengthPoint point = measured(scene_, direction, identity_, move_, result_.strength);
    result_.identity = point.identity;
    result_.background = point.background;
    const AuditEncoder guide{scene_.clip.get(), direction};
    AuditEncoder second;
    const std::shared_ptr<const ClipEncoder> auditor =
        request_.direction.empty() ? load_auditor(*scene_.clip, request_.limits) : nullptr;
    if (auditor) {
      second = {auditor.get(), common_direction(targets_of(request_, *auditor, source_picture_))};
      result_.audit_gain = clip_gain(*auditor, second.direction, before, after, held_out).gain;
    }
    const EditAudit audit =
        audit_edit(guide, auditor ? &second : nullptr, before, after, {.seed = request_.seed});
    result_.verdict = audit_verdict_name(audit.verdict);
    result_.reason = audit.reason;
    result_.crop_gain = audit.guide.crops;
    result_.crop_spread = audit.guide.spread;
    result_.crop_share = audit.crop_share;
    result_.auditor_share = audit.auditor_share;
  }

  nlohmann::ordered_json report() const {
    nlohmann::ordered_json json = {
        {"schema", 1},
        {"input", request_.input.string()},
        {"output", result_.output},
        {"recipe", result_.recipe},
        {"gain", number_or_null(result_.gain)},
        {"audit_gain", number_or_null(result_.audit_gain)},
        {"audit", {{"verdict", result_.verdict}, {"reason", result_.reason}}},
        {"identity", number_or_null(result_.identity)},
        {"background", number_or_null(result_.background)},
        {"preserved", number_or_null(result_.preserved)},
        {"strength", result_.strength},
        {"seconds", result_.seconds}};
    for (const EditTarget& target : result_.targets) {
      json["targets"].push_back({{"target", target.target},
                                 {"alpha", target.alpha},
                                 {"beta", target.beta},
                                 {"channels", target.channels},
                                 {"gain", target.gain},
                                 {"falls_short", target.falls_short},
                                 {"agreement", number_or_null(target.agreement)}});
    }
    for (const EditCurvePoint& point : result_.curve) {
      json["curve"].push_back({{"strength", point.strength},
                               {"gain", number_or_null(point.gain)},
                               {"identity", number_or_null(point.identity)},
                               {"background", number_or_null(point.background)}});
    }
    json["request"] = edit_request_json(request_);
    if (scene_.clip) {
      json["clip"] = {{"name", scene_.clip->info().name}, {"hash", scene_.clip->info().hash}};
    }
    return json;
  }

  LatentRecipe recipe(const LatentMove& move) const {
    LatentRecipe recipe;
    recipe.generator = scene_.generator->content_hash();
    recipe.latent = latent_hash(scene_.w_plus);
    recipe.clip = scene_.clip ? scene_.clip->info().hash : guide_hash_;
    recipe.method = request_.method;
    recipe.strength = result_.strength;
    recipe.seed = request_.seed;
    recipe.steps = steps_;
    for (const EditTarget& target : result_.targets) {
      recipe.steps.push_back({target.target, target.alpha * result_.strength, target.beta,
                              target.gain, target.channels});
    }
    if (!request_.toward.empty()) {
      recipe.steps.push_back({"toward " + request_.toward.filename().string() +
                                  (request_.rows.empty() ? "" : " rows " + request_.rows),
                              result_.strength, 0, 0, 0});
    }
    recipe.move = move;
    recipe.mask = region_;
    return recipe;
  }

  void write(const LatentMove& move) {
    result_.recipe = recipe_path(request_).string();
    if (request_.output.extension() == ".safetensors") {
      save_tensors(request_.output, {{"images", edited_}});
    } else {
      EncodeOptions encode;
      encode.jpeg_quality = encode.webp_quality = static_cast<int>(request_.jpeg_quality);
      const nlohmann::ordered_json what = {{"command", "edit"},
                                           {"request", edit_request_json(request_)}};
      encode.recipe = what.dump();
      write_image(request_.output, pasted(tensor_to_image(edited_)), encode);
    }
    save_recipe(result_.recipe, recipe(move));
    if (!request_.latent_out.empty()) {
      if (!move.styles.empty()) {
        job_.warn(
            "an edit of styles is in no latent: --latent-out holds what was edited; replay "
            "the recipe, or edit with --space w_plus");
      }
      save_latents(request_.latent_out,
                   move.w_plus.defined() ? scene_.w_plus + move.w_plus : scene_.w_plus,
                   *scene_.generator);
    }
    if (!request_.sheet.empty()) write_image(request_.sheet, sheet());
    if (!request_.report.empty()) {
      atomic_write(request_.report, std::string_view(report().dump(2) + "\n"));
    }
  }

  /// What the edit changed, in the photograph that the face is of; the picture itself otherwise.
  Image pasted(Image edited) const {
    if (!input_.portrait) return edited;
    FacePasteOptions options;
    options.before = &source_picture_;
    return paste_face(input_.portrait->photo, input_.portrait->crop, edited, options);
  }

  Image sheet() const {
    std::vector<SheetTile> tiles;
    const int64_t side = std::min(kCompareSide, source_.size(2));
    for (const double strength : strengths_) {
      SheetTile tile{tensor_to_image(picture_at(strength, side)),
                     {fmt::format("{:+.2f}", strength)}};
      if (!targets_.empty()) {
        const StrengthPoint point =
            measured(scene_, common_direction(targets_), identity_, move_, strength);
        tile.lines.push_back(
            fmt::format("gain {:.3f} identity {:.2f}", point.gain, point.identity));
      }
      tiles.push_back(std::move(tile));
    }
    return strength_sheet(tiles);
  }

  const EditRequest& request_;
  Job& job_;
  std::vector<double> strengths_;
  EditInput input_;
  LatentScene scene_;
  IdentityMeasure identity_;
  std::unique_ptr<LatentEditMethod> method_;
  std::vector<Target> targets_;
  std::vector<LatentStep> steps_;
  std::string guide_hash_;
  LatentMove move_;  // at strength 1
  Tensor region_, source_, edited_;
  Image source_picture_;
  EditResult result_;
};

}  // namespace

bool is_latent_edit(const EditRequest& request) {
  return request.generator != "develop" || is_latent_file(request.input);
}

EditResult latent_edit(const EditRequest& request, Job& job) {
  const at::NoGradGuard no_grad;
  keep_freed_memory();
  const EditRequest spelled_out = resolved(request);
  check_request(spelled_out);
  return LatentEdit(spelled_out, job).run();
}

}  // namespace vane
