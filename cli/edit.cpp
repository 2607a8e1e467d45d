// SPDX-License-Identifier: Apache-2.0
#include "editing/services/edit.h"

#include <fmt/format.h>

#include <cmath>

#include "cli/command_table.h"
#include "engine/base/atomic_file.h"
#include "engine/base/text.h"

namespace vane {
namespace {

// Sorts out contradictions and bad targets in milliseconds, before a model is loaded.
void check(const EditRequest& request) {
  const bool aims = !request.to.empty() || !request.like.empty() || !request.unlike.empty() ||
                    !request.direction.empty() || !request.guidance.empty() ||
                    !request.also.empty() || !request.toward.empty();
  if (!aims && request.apply.empty()) {
    throw Error(ErrorCode::usage, "nothing says where to go")
        .with_hint(
            "give --to TEXT, --like IMAGE, --direction FILE, --guidance FILE or --apply SIDECAR");
  }
  if (aims && !request.apply.empty()) {
    throw Error(ErrorCode::usage, "--apply repeats a finished edit and takes no target")
        .with_hint("leave out --to, --like, --unlike, --direction and --guidance");
  }
  if (!request.from.empty() && request.to.empty() && request.also.empty()) {
    throw Error(ErrorCode::usage, "--from needs --to").with_hint("say what it should become");
  }
  for (const auto* path : {&request.output, &request.report, &request.sidecar, &request.sheet,
                           &request.lut, &request.latent_out}) {
    if (!path->empty()) check_writable(*path);
  }
}

void add_latent(Json& json, const EditResult& result) {
  json["identity"] = json_number(result.identity);
  json["background"] = json_number(result.background);
  json["recipe"] = result.recipe;
  json["targets"] = Json::array();
  for (const EditTarget& target : result.targets) {
    json["targets"].push_back({{"target", target.target},
                               {"alpha", target.alpha},
                               {"beta", target.beta},
                               {"channels", target.channels},
                               {"gain", target.gain},
                               {"falls_short", target.falls_short},
                               {"agreement", json_number(target.agreement)}});
  }
  json["alpha"] = result.targets.empty() ? Json(nullptr) : Json(result.targets.front().alpha);
  json["beta"] = result.targets.empty() ? Json(nullptr) : Json(result.targets.front().beta);
  json["curve"] = Json::array();
  for (const EditCurvePoint& point : result.curve) {
    json["curve"].push_back({{"strength", point.strength},
                             {"gain", json_number(point.gain)},
                             {"identity", json_number(point.identity)},
                             {"background", json_number(point.background)}});
  }
}

Json json_of(const EditResult& result) {
  Json json{{"output", result.output},
            {"steps", result.steps},
            {"gain", json_number(result.gain)},
            {"audit_gain", json_number(result.audit_gain)},
            {"audit",
             {{"verdict", result.verdict.empty() ? Json(nullptr) : Json(result.verdict)},
              {"reason", result.reason},
              {"crop_gain", json_number(result.crop_gain)},
              {"crop_spread", json_number(result.crop_spread)},
              {"crop_share", json_number(result.crop_share)},
              {"auditor_share", json_number(result.auditor_share)}}},
            {"preserved", json_number(result.preserved)},
            {"seconds", json_number(result.seconds)},
            {"strength", json_number(result.strength)},
            {"delta_l", json_number(result.delta_l)},
            {"delta_a", json_number(result.delta_a)},
            {"delta_b", json_number(result.delta_b)},
            {"cancelled", result.cancelled}};
  json["terms"] = Json::object();
  for (const auto& [name, value] : result.terms) json["terms"][name] = json_number(value);
  json["moved"] = result.moved;
  if (result.is_latent) add_latent(json, result);
  if (result.is_scene) {
    json["change"] = result.recipe;
    json["rest_psnr"] = json_number(result.rest_psnr);
  }
  return json;
}

std::string gain_text(double gain) {
  return std::isfinite(gain) ? fmt::format("{:+.4f}", gain) : "no second CLIP to ask";
}

std::string page(const EditResult& result, const TerminalStyle& style) {
  std::string out = style.bold(printable(result.output, 1000)) +
                    (result.cancelled ? "  (stopped early, the best so far)" : "") + "\n";
  TextTable table;
  if (std::isfinite(result.gain)) {
    table.row({"CLIP gain", gain_text(result.gain), style.dim("on views that did not guide")});
    table.row({"audit gain", gain_text(result.audit_gain), style.dim("a CLIP that did not guide")});
    if (!result.verdict.empty()) {
      table.row({"audit", result.verdict == "real" ? style.good("real") : style.bad(result.verdict),
                 style.dim(result.reason)});
    }
  }
  if (result.is_latent && std::isfinite(result.identity)) {
    table.row({"identity", fmt::format("{:.2f}", result.identity),
               style.dim("1 the same, 0 a stranger")});
    table.row({"background", fmt::format("{:.1f} %", 100 * result.background),
               style.dim("mean change where nothing should")});
  }
  for (const EditTarget& target : result.targets) {
    table.row({"target", printable(target.target),
               style.dim(fmt::format("alpha {:.2f}, beta {:.3f}, {} channels", target.alpha,
                                     target.beta, target.channels))});
  }
  if (result.is_scene && !std::isnan(result.rest_psnr)) {
    table.row({"the rest",
               std::isfinite(result.rest_psnr) ? fmt::format("{:.1f} dB", result.rest_psnr)
                                               : std::string("unchanged"),
               style.dim("PSNR of what was not edited, over all views")});
  }
  table.row({"edges kept", fmt::format("{:.1f} %", 100 * result.preserved), ""});
  table.row({"colour",
             fmt::format("L {:+.1f}  a {:+.1f}  b {:+.1f}", result.delta_l, result.delta_a,
                         result.delta_b),
             style.dim("mean change, CIELAB")});
  table.row({"took", duration_text(result.seconds), fmt::format("{} steps", result.steps)});
  out += table.text();
  if (!result.recipe.empty()) out += "  recipe      " + printable(result.recipe, 1000) + "\n";
  if (!result.moved.empty()) {
    out += "  moved       " + wrapped(join(result.moved, ", "), 14, style.width) + "\n";
  }
  return out;
}

}  // namespace

Command edit_command() {
  return {
      "edit",
      "move a photograph, a scene, or a face of a generator, along a direction",
      {{"vane edit photo.jpg --to \"a warm, bright photo\" -o out.jpg", ""},
       {"vane edit photo.jpg --like sunset.jpg --strength 0.7 -o out.jpg",
        "take on the look of another picture, a little less"},
       {"vane edit photo.jpg --to \"a moody photo\" --mask sky.png --sheet both.jpg -o out.tif",
        "only where the mask is white; before and after side by side"},
       {"vane edit photo.jpg --guidance mood.yaml -o out.jpg",
        "objectives of one's own, from several encoders"},
       {"vane edit photo.jpg --to \"a dark photo\" --mask \"the sky\" -o out.jpg",
        "only what the words name"},
       {"vane edit scene.ply --to \"a golden teapot\" --mask \"the teapot\" -o out.ply",
        "one thing of a scene that `vane lift` knows"},
       {"vane edit out.ply --apply out.edit.safetensors --strength 0 -o back.ply",
        "that edit taken back, to the last bit"},
       {"vane edit w.safetensors --to \"a smiling person\" --from \"a person\" --sheet s.png -o "
        "out.png",
        "a latent of the face generator; the strengths side by side"},
       {"vane edit w.safetensors --toward other.safetensors --rows 7-22 -o out.png",
        "the details of another latent"},
       {"vane edit w.safetensors --apply out.edit.yaml -o again.png", "an edit again, exactly"}},
      [](Invocation& call) {
        EditRequest request;
        call.read(request);
        check(request);
        const auto result = call.compute<EditResult>("edit", request);
        return call.finish(json_of(result), page(result, call.style()));
      }};
}

}  // namespace vane
