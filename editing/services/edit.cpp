// SPDX-License-Identifier: Apache-2.0
#include "editing/services/edit.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "editing/auditor.h"
#include "editing/finishing_job.h"
#include "editing/guidance_file.h"
#include "editing/mask_source.h"
#include "editing/photo_edit.h"
#include "editing/services/edit_report.h"
#include "editing/services/latent_edit.h"
#include "editing/services/scene_edit.h"
#include "editing/sheet.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/clip/clip_encoder.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"
#include "engine/text/phrase.h"
#include "generators/develop/develop_apply.h"
#include "generators/develop/develop_generator.h"
#include "generators/develop/develop_lut.h"
#include "generators/develop/develop_sidecar.h"
#include "guidance/audit.h"
#include "guidance/edit_metrics.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// Longer side of the copy that is searched and measured on.
constexpr int kWorkingSide = 768;

struct Guide {
  std::shared_ptr<const ClipEncoder> clip;
  Direction direction;
};

/// Whether the request names a direction; a guidance file may stand alone.
bool has_direction(const EditRequest& request) {
  return !request.to.empty() || !request.like.empty() || !request.direction.empty();
}

void check_request(const EditRequest& request) {
  const bool searched = has_direction(request) || !request.guidance.empty();
  if (!searched && request.apply.empty()) {
    throw Error(ErrorCode::usage, "nothing says where to go")
        .with_hint(
            "give --to TEXT, --like IMAGE, --direction FILE, --guidance FILE or --apply SIDECAR");
  }
  if (searched && !request.apply.empty()) {
    throw Error(ErrorCode::usage,
                "--apply takes its settings from a sidecar, so --to, --like, "
                "--direction and --guidance have no use beside it");
  }
  check_phrase_bytes(request.to, "--to", request.limits);
  check_phrase_bytes(request.from, "--from", request.limits);
  check_phrase_bytes(request.mask, "--mask", request.limits);
  if (!request.from.empty() && request.to.empty()) {
    throw Error(ErrorCode::usage, "--from needs --to");
  }
  if (!request.unlike.empty() && request.like.empty()) {
    throw Error(ErrorCode::usage, "--unlike needs --like");
  }
  if (request.method != "auto" && request.method != "optimise") {
    throw Error(ErrorCode::usage,
                "there is no method \"" + printable(request.method) + "\" for settings")
        .with_hint("methods: optimise");
  }
  if (!request.also.empty() || !request.toward.empty() || !request.sweep.empty() ||
      !request.latent_out.empty() || request.face != "largest") {
    throw Error(ErrorCode::usage,
                "--also, --toward, --sweep, --face and --latent-out are for latents of a generator")
        .with_hint("give --generator faces, or a LATENT.safetensors as `vane invert` writes it");
  }
  for (const fs::path& path :
       {request.output, request.report, request.sidecar, request.sheet, request.lut}) {
    if (!path.empty()) check_writable(path);
  }
  if (request.output.extension() != ".safetensors") format_for_path(request.output);
  if (!request.sheet.empty()) format_for_path(request.sheet);
}

Image read_upright(const fs::path& path, const EditRequest& request) {
  DecodeOptions options;
  options.limits = request.limits;
  return read_image(path, options);
}

// One direction of everything that was asked for, each with the same share.
Direction wanted_direction(const EditRequest& request, const ClipEncoder& clip,
                           const Image& source) {
  std::vector<Direction> parts;
  if (!request.to.empty()) {
    parts.push_back(
        text_direction(clip, request.from.empty() ? "a photo" : request.from, request.to));
  }
  if (!request.like.empty()) {
    const Image from =
        request.unlike.empty() ? Image(source) : read_upright(request.unlike, request);
    parts.push_back(image_direction(clip, from, read_upright(request.like, request)));
  }
  if (!request.direction.empty()) parts.push_back(load_direction(request.direction, &clip));
  Direction all = parts.front();
  for (size_t i = 1; i < parts.size(); ++i) {
    all = mix(all, parts[i], 1.f / static_cast<float>(i + 1));
  }
  return all;
}

// The encoder that never guides; absent when there is none, or when the direction came from a file
// that only the guide can read.
std::optional<Guide> auditor(const EditRequest& request, const Guide& guide, const Image& source,
                             Job& job) {
  if (!request.direction.empty()) return std::nullopt;
  Guide audit;
  audit.clip = load_auditor(*guide.clip, request.limits);
  if (!audit.clip) return std::nullopt;
  try {
    audit.direction = wanted_direction(request, *audit.clip, source);
  } catch (const Error& error) {
    job.warn(std::string("no second opinion: ") + error.what());
    return std::nullopt;
  }
  return audit;
}

Tensor working_copy(const Image& image) {
  return image_to_tensor(
      thumbnail(image, std::min(kWorkingSide, std::max(image.width, image.height))));
}

nlohmann::ordered_json report_json(const EditRequest& request, const EditResult& result,
                                   const std::optional<Guide>& guide) {
  nlohmann::ordered_json json;
  json["schema"] = 1;
  json["input"] = request.input.string();
  json["output"] = result.output;
  json["steps"] = result.steps;
  json["gain"] = number_or_null(result.gain);
  json["audit_gain"] = number_or_null(result.audit_gain);
  json["audit"] = {{"verdict", result.verdict.empty() ? nlohmann::ordered_json(nullptr)
                                                      : nlohmann::ordered_json(result.verdict)},
                   {"reason", result.reason},
                   {"crop_gain", number_or_null(result.crop_gain)},
                   {"crop_spread", number_or_null(result.crop_spread)},
                   {"crop_share", number_or_null(result.crop_share)},
                   {"auditor_share", number_or_null(result.auditor_share)}};
  json["reach"] = result.reach;
  json["kept"] = result.kept;
  json["alignment"] = number_or_null(result.alignment);
  json["preserved"] = number_or_null(result.preserved);
  json["seconds"] = result.seconds;
  json["strength"] = result.strength;
  json["cancelled"] = result.cancelled;
  json["change"] = {{"lightness", result.delta_l}, {"a", result.delta_a}, {"b", result.delta_b}};
  json["moved"] = result.moved;
  nlohmann::ordered_json terms;
  for (const auto& [name, value] : result.terms) terms[name] = number_or_null(value);
  json["terms"] = terms;
  json["request"] = edit_request_json(request);
  if (guide) {
    json["clip"] = {{"name", guide->clip->info().name}, {"hash", guide->clip->info().hash}};
  }
  if (guide && guide->direction.vector.defined()) {
    json["direction"] = {{"kind", guide->direction.kind}, {"origin", guide->direction.origin}};
  }
  return json;
}

// Everything the edit decided, before any file is written.
struct Decision {
  DevelopSettings settings;  // strength applied
  std::optional<Guide> guide, audit;
};

Decision decide(const EditRequest& request, const Image& source, const Tensor& working,
                const Tensor& mask, EditResult& result, Job& job) {
  Decision decision;
  if (!request.apply.empty()) {
    decision.settings = scaled(load_sidecar(request.apply), request.strength);
    return decision;
  }
  job.progress(0, 0, "loading");
  GuidanceFile file;
  if (!request.guidance.empty()) {
    file = read_guidance_file(request.guidance, request.clip, request.limits);
  } else {
    ClipLoadOptions options;
    options.limits = request.limits;
    file.encoders.push_back({load_clip(request.clip, options)});
  }
  Guide guide;
  guide.clip = file.encoders.front().clip;
  std::vector<DirectionalGuide> guides;
  if (has_direction(request)) {
    for (const WeightedEncoder& encoder : file.encoders) {
      guides.push_back({encoder, wanted_direction(request, *encoder.clip, source)});
    }
    guide.direction = guides.front().direction;
    job.check_cancelled();
    decision.audit = auditor(request, guide, source, job);
  }

  PhotoEditConfig config;
  config.optimise.steps = request.steps;
  config.optimise.seed = request.seed;
  config.give_up = request.give_up;
  const PhotoEdit edit = edit_photo(working, mask, guides, config, job, std::move(file.objectives));
  result.steps = edit.search.steps;
  result.terms = edit.search.terms;
  result.cancelled = edit.search.cancelled;
  result.reach = edit.reach.factor;
  if (edit.reach.factor < 0.5) {
    job.warn(
        fmt::format("settings of a photograph can hardly do this to the picture, so only {:.0f} % "
                    "of the change is "
                    "kept; --strength raises it",
                    100 * edit.reach.factor));
  }
  if (edit.kept < 0.5) {
    job.warn(
        fmt::format("the change would have cost the picture its edges, so only {:.0f} % of it "
                    "is kept; --strength raises it",
                    100 * edit.kept));
  }
  result.kept = edit.kept;
  decision.settings = scaled(edit.settings, request.strength);
  decision.guide = std::move(guide);
  return decision;
}

void measure(const Decision& decision, const EditRequest& request, const Tensor& before,
             const Tensor& after, EditResult& result) {
  const c10::InferenceMode inference;
  const HeldOutConfig held_out{.seed = request.seed};
  const auto seen_by = [&](const std::optional<Guide>& guide) {
    if (!guide || !guide->direction.vector.defined())
      return ClipGain{std::numeric_limits<double>::quiet_NaN()};
    return clip_gain(*guide->clip, guide->direction, before, after, held_out);
  };
  const ClipGain seen = seen_by(decision.guide);
  result.gain = seen.gain;
  result.alignment = seen.alignment;
  result.audit_gain = seen_by(decision.audit).gain;
  if (decision.guide && decision.guide->direction.vector.defined()) {
    const AuditEncoder guide{decision.guide->clip.get(), decision.guide->direction};
    AuditEncoder second;
    if (decision.audit) second = {decision.audit->clip.get(), decision.audit->direction};
    const EditAudit audit = audit_edit(guide, decision.audit ? &second : nullptr, before, after,
                                       {.seed = request.seed});
    result.verdict = audit_verdict_name(audit.verdict);
    result.reason = audit.reason;
    result.crop_gain = audit.guide.crops;
    result.crop_spread = audit.guide.spread;
    result.crop_share = audit.crop_share;
    result.auditor_share = audit.auditor_share;
  }
  result.preserved = edge_ssim(before, after);
  const LabChange change = lab_change(before, after);
  result.delta_l = change.lightness;
  result.delta_a = change.a;
  result.delta_b = change.b;
}

void write_outputs(const EditRequest& request, const Decision& decision, const Image& source,
                   const Image& edited, const EditResult& result) {
  if (request.output.extension() == ".safetensors") {
    save_tensors(request.output, {{"images", image_to_tensor(edited)}});
  } else {
    EncodeOptions encode;
    encode.jpeg_quality = encode.webp_quality = static_cast<int>(request.jpeg_quality);
    nlohmann::ordered_json recipe = {{"command", "edit"}, {"request", edit_request_json(request)}};
    encode.recipe = recipe.dump();
    write_image(request.output, edited, encode);
  }
  if (!request.sidecar.empty()) save_sidecar(request.sidecar, decision.settings);
  if (!request.lut.empty()) write_cube(request.lut, decision.settings);
  if (!request.sheet.empty()) write_image(request.sheet, picture_row({source, edited}));
  if (!request.report.empty()) {
    atomic_write(request.report,
                 std::string_view(report_json(request, result, decision.guide).dump(2) + "\n"));
  }
}

}  // namespace

EditResult edit(const EditRequest& request, Job& job) {
  if (is_scene_edit(request)) return scene_edit(request, job);
  if (!request.field.empty() || !request.dataset.empty() || !request.groups.empty()) {
    throw Error(ErrorCode::usage, "--field, --dataset and --groups are for scenes");
  }
  if (is_latent_edit(request)) return latent_edit(request, job);
  const auto start = std::chrono::steady_clock::now();
  check_request(request);
  const Image source = read_upright(request.input, request);
  const Tensor working = working_copy(source);
  std::optional<Image> mask_picture;
  Tensor mask;
  if (!request.mask.empty()) {
    mask_picture = read_mask(request.mask, source, request.clip, request.limits, job);
    mask = mask_to_tensor(*mask_picture);
  }

  EditResult result;
  result.strength = static_cast<double>(request.strength);
  result.output = request.output.string();
  const Decision decision = decide(request, source, working, mask, result, job);

  FinishingJob finishing(job);
  finishing.progress(0, 0, "applying");
  DevelopOptions options;
  options.mask = mask_picture ? &*mask_picture : nullptr;
  const Image edited = develop_apply(source, decision.settings, finishing, options);
  measure(decision, request, working, working_copy(edited), result);
  result.moved = described(decision.settings);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (request.audit && (result.audit_gain <= 0 || result.verdict == "adversarial")) {
    throw Error(ErrorCode::numeric,
                result.audit_gain <= 0 ? "the second encoder sees no gain; the edit was not written"
                                       : "the audit calls the edit adversarial (" + result.reason +
                                             "); it was not written")
        .with_hint("another phrase may work, or leave out --audit");
  }
  write_outputs(request, decision, source, edited, result);
  return result;
}

}  // namespace vane
