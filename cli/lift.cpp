// SPDX-License-Identifier: Apache-2.0
#include "editing/services/lift.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

Json json_of(const LiftResult& result) {
  Json json{{"output", result.output}, {"scene", result.scene},
            {"clip", result.clip},     {"views", result.views},
            {"masks", result.masks},   {"gaussians", result.gaussians},
            {"bytes", result.bytes},   {"seconds", json_number(result.seconds)}};
  json["levels"] = Json::array();
  for (const LiftResult::Level& level : result.levels) {
    json["levels"].push_back(
        {{"name", level.name}, {"objects", level.objects}, {"seen", json_number(level.seen)}});
  }
  return json;
}

std::string page(const LiftResult& result, const TerminalStyle& style) {
  std::string text = fmt::format(
      "{}  {} views, {} masks, {} Gaussians, {}, {:.1f} s\n",
      style.bold(printable(result.output, 1000)), result.views, result.masks, result.gaussians,
      byte_size_text(static_cast<unsigned long long>(result.bytes)), result.seconds);
  TextTable table({false, true, true});
  table.row({style.dim("level"), style.dim("objects"), style.dim("seen")});
  for (const LiftResult::Level& level : result.levels) {
    table.row(
        {level.name, std::to_string(level.objects), fmt::format("{:.0f} %", 100 * level.seen)});
  }
  return text + table.text();
}

}  // namespace

Command lift_command() {
  return {"lift",
          "give a scene of Gaussians meaning, from its photographs",
          {{"vane lift scene.ply dataset/ -o scene.lang", "without training, masks of its own"},
           {"vane lift scene.ply dataset/ --masks language_features/ --clip open_clip/ -o s.lang",
            "with the masks that LangSplat made"},
           {"vane lift scene.ply dataset/ --method langsplat -o scene.lang",
            "features that are trained, as LangSplat's are"},
           {"vane lift chkpnt30000.pth dataset/ --method langsplat "
            "--checkpoints m_?/chkpnt30000.pth --autoencoder best_ckpt.pth -o s.lang",
            "a scene that LangSplat was trained on"}},
          [](Invocation& call) {
            LiftRequest request;
            call.read(request);
            const auto result = call.compute<LiftResult>("lift", request);
            return call.finish(json_of(result), page(result, call.style()));
          }};
}

}  // namespace vane
