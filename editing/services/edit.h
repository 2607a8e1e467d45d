// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane edit`: a photograph, a latent of a generator, or a scene, moved along a direction. No torch
// here.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct EditRequest {
  std::filesystem::path input;
  std::string to, from;
  std::filesystem::path like, unlike, direction, guidance;
  std::string generator = "develop";
  std::string method = "auto";
  float strength = 1.f;
  std::string mask;
  std::string clip = "clip-mini";
  bool audit = false;
  std::filesystem::path report, sidecar, sheet, lut, apply;
  // Of scenes.
  std::filesystem::path field, dataset;
  std::string groups;
  // Of latents.
  std::vector<std::string> also;
  std::filesystem::path toward;
  std::string rows, sweep, face = "largest";
  std::string space = "auto";
  double gain = 2.5;
  double least_identity = 0.5;
  std::optional<double> beta;
  std::filesystem::path mapper;
  int64_t samples = 1200;
  std::filesystem::path latent_out;
  std::filesystem::path output;
  int64_t steps = 120;
  int64_t jpeg_quality = 92;
  uint64_t seed = 0;
  /// A search that is stopped throws Cancelled instead of going on with its best so far.
  bool give_up = false;
  Limits limits;  // filled from the global --limit

  template <class V>
  static void fields(V& v) {
    using C = EditRequest;
    v.field(
        "input", &C::input,
        "photograph to edit, a scene of splats (.ply), or a latent (.safetensors) of a generator",
        {.required = true, .positional = true, .placeholder = "IMAGE|SCENE|LATENT"});
    v.field("to", &C::to, "what the picture should become", {.placeholder = "TEXT"});
    v.field("from", &C::from, "what it is now; a plain photograph by default",
            {.placeholder = "TEXT"});
    v.field("like", &C::like, "move towards the look of this picture", {.placeholder = "IMAGE"});
    v.field("unlike", &C::unlike, "and away from the look of this one", {.placeholder = "IMAGE"});
    v.field("direction", &C::direction, "a saved direction (vane direction … -o)",
            {.placeholder = "FILE"});
    v.field("guidance", &C::guidance,
            "objectives and encoders from a YAML file, added to the above",
            {.placeholder = "FILE.yaml"});
    v.field("generator", &C::generator,
            "what moves: develop (a photo's settings), or the latents of faces or of a StyleGAN2 "
            "checkpoint; a LATENT is one of faces unless this says otherwise",
            {.placeholder = "G"});
    v.field("method", &C::method,
            "how it moves: optimise for settings; global (the default), delta, optimise, mapper or "
            "inverter for latents",
            {.placeholder = "METHOD"});
    v.field("strength", &C::strength, "multiplies the edit; 0 changes nothing, negative reverses",
            {.min = -4, .max = 4});
    v.field("mask", &C::mask,
            "grey picture (white moves, black stays), or what to move: \"the sky\"",
            {.placeholder = "FILE|TEXT"});
    v.field("clip", &C::clip, "CLIP that guides: a name, folder or checkpoint",
            {.placeholder = "MODEL"});
    v.field("audit", &C::audit, "fail when crops or a CLIP that did not guide see no edit");
    v.field("report", &C::report, "write a JSON report", {.placeholder = "FILE"});
    v.field("sidecar", &C::sidecar, "write the settings, to be applied again with --apply",
            {.placeholder = "FILE"});
    v.field("apply", &C::apply, "apply settings of a sidecar instead of searching",
            {.placeholder = "FILE"});
    v.field("sheet", &C::sheet, "write a before/after picture", {.placeholder = "FILE"});
    v.field("lut", &C::lut, "write the global part as a 3D LUT", {.placeholder = "FILE.cube"});
    v.field("field", &C::field,
            "scenes: the language field in which --mask is looked for; the .lang beside the scene "
            "by default",
            {.placeholder = "LANG"});
    v.field("dataset", &C::dataset,
            "scenes: the data set whose cameras look; those of the field, or a circle, by default",
            {.placeholder = "DIR"});
    v.field("groups", &C::groups,
            "scenes: what may move, of tone, colour, opacity, shape and position; tone,colour by "
            "default",
            {.placeholder = "LIST"});
    v.field("output", &C::output, "edited picture (.jpg .png .tif .webp, or .safetensors), or .ply",
            {.required = true, .short_flag = "o", .placeholder = "FILE"});
    v.field("steps", &C::steps, "optimisation steps at most", {.min = 1, .max = 100000});
    v.field("also", &C::also, "latents: another target, whose change is added to that of --to",
            {.repeat = true, .placeholder = "TEXT"});
    v.field("toward", &C::toward,
            "latents: go towards another latent, or that of the largest face of a photograph; "
            "--strength 0.5 is half of the way",
            {.placeholder = "LATENT|PHOTO"});
    v.field("rows", &C::rows, "latents: in these rows of --toward only, coarse to fine, from 0",
            {.placeholder = "A-B"});
    v.field(
        "gain", &C::gain,
        "latents: where --strength 1 leads, in deviations above the mean of the generator's own "
        "pictures along the direction; a third of that at least",
        {.min = 0.1, .max = 20});
    v.field("face", &C::face,
            "generators of faces: which face of a photograph is edited, 1 the largest",
            {.placeholder = "N"});
    v.field("least-identity", &C::least_identity,
            "latents: go no further than where so much of who it is is left; 1 the same, 0 a "
            "stranger",
            {.min = 0, .max = 1});
    v.field("beta", &C::beta,
            "latents, method global: channels of less relevance stay; by default what costs least "
            "of who it is and of the background",
            {.min = 0, .max = 1});
    v.field("mapper", &C::mapper,
            "latents: what `vane train` made for the method: delta (that for faces and clip-mini "
            "comes along), mapper or inverter",
            {.placeholder = "DIR|FILE"});
    v.field("space", &C::space, "latents: what moves, styles of layers or components of W",
            {.choices = {"auto", "style_space", "w_plus"}});
    v.field("samples", &C::samples,
            "latents: pictures of the generator that the CLIP looks at, once; they are kept",
            {.min = 64, .max = 100000});
    v.field("sweep", &C::sweep, "latents: strengths from A to B in N pictures on the --sheet",
            {.placeholder = "A:B:N"});
    v.field("latent-out", &C::latent_out, "latents: write the edited latent",
            {.placeholder = "FILE.safetensors"});
    v.field("jpeg-quality", &C::jpeg_quality, "quality of JPEG and WebP output",
            {.min = 1, .max = 100});
  }
};

/// What one target of a latent edit did.
struct EditTarget {
  std::string target;
  double alpha = 0, beta = 0, gain = 0;
  int64_t channels = 0;
  bool falls_short = false;
  /// Rank correlation of relevance by regression with that by probing; NaN without --audit.
  double agreement = std::numeric_limits<double>::quiet_NaN();
};

/// A latent edit at one strength, on previews.
struct EditCurvePoint {
  double strength = 0, gain = 0, identity = 1, background = 0;
};

struct EditResult {
  std::string output;
  int64_t steps = 0;
  /// Cosine gain along the direction on views that did not guide, with the guiding encoder.
  double gain = 0;
  /// Cosine between that change and the direction: how straight the edit went.
  double alignment = 0;
  /// How much of what was found was kept, 0 to 1: little when the picture cannot go that way.
  double reach = 1;
  /// Share of that which leaves the picture its edges (PhotoEditConfig::structure).
  double kept = 1;
  /// The same gain seen by a second encoder that never guided; NaN when there is none.
  double audit_gain = std::numeric_limits<double>::quiet_NaN();
  /// Verdict of the audit ("real", "doubtful", "adversarial", "none"; empty without a direction)
  /// and why; see guidance/audit.h.
  std::string verdict, reason;
  /// Gain of the guide on random crops, its spread, its share of the gain on the whole picture, and
  /// the share that the second encoder sees; NaN where there is none.
  double crop_gain = std::numeric_limits<double>::quiet_NaN();
  double crop_spread = crop_gain, crop_share = crop_gain, auditor_share = crop_gain;
  /// Structural similarity of edges before and after, 1 = every edge kept.
  double preserved = 1;
  double seconds = 0;
  double strength = 1;
  /// Mean change of CIELAB lightness, a and b.
  double delta_l = 0, delta_a = 0, delta_b = 0;
  bool cancelled = false;
  std::vector<std::pair<std::string, double>> terms;
  /// Settings that moved, for people: "exposure +0.42 EV".
  std::vector<std::string> moved;
  /// Of latents only: who is left (1 the same, 0 a stranger), what changed where nothing should,
  /// the targets, what other strengths would do, and where the recipe is.
  bool is_latent = false;
  double identity = 1, background = 0;
  std::vector<EditTarget> targets;
  std::vector<EditCurvePoint> curve;
  std::string recipe;
  /// Of scenes only: PSNR in dB, over all views, of what is mostly of other Gaussians; infinite
  /// when nothing of it changed, NaN when the whole scene was edited.
  bool is_scene = false;
  double rest_psnr = std::numeric_limits<double>::quiet_NaN();
};

/// Scenes are edited by scene_edit(); what a latent names, or a generator other than develop, by
/// latent_edit(). Throws Error; a stop request ends the search early and still writes the best so
/// far.
EditResult edit(const EditRequest& request, Job& job);

}  // namespace vane
