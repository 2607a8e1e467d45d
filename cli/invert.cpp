// SPDX-License-Identifier: Apache-2.0
#include "editing/services/invert.h"

#include <fmt/format.h>

#include <cmath>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

Json json_of(const InvertResult& result) {
  return {{"output", result.output},
          {"method", result.method},
          {"started_from", result.started_from},
          {"tuned", result.tuned.empty() ? Json(nullptr) : Json(result.tuned)},
          {"psnr", json_number(result.psnr)},
          {"distance", json_number(result.distance)},
          {"identity", json_number(result.identity)},
          {"seconds", result.seconds},
          {"steps", result.steps},
          {"cancelled", result.cancelled},
          {"warnings", result.warnings}};
}

std::string page(const InvertResult& result, const TerminalStyle& style) {
  std::string out = style.bold(printable(result.output, 1000)) +
                    (result.cancelled ? "  (stopped early, the best so far)" : "") + "\n";
  TextTable table;
  table.row({"PSNR", fmt::format("{:.1f} dB", result.psnr), style.dim("at 256 px")});
  table.row({"identity",
             std::isfinite(result.identity) ? fmt::format("{:.2f}", result.identity) : "unknown",
             style.dim("1 the same picture, 0 a stranger")});
  table.row({"distance", fmt::format("{:.4f}", result.distance), style.dim("how it looks")});
  if (!result.tuned.empty()) {
    table.row({"tuned", printable(result.tuned, 1000), style.dim("vane generate --tuned")});
  }
  table.row({"took", duration_text(result.seconds),
             fmt::format("{} steps from the {}", result.steps, result.started_from)});
  return out + table.text();
}

}  // namespace

Command invert_command() {
  return {"invert",
          "the face of a photograph as a generator's latent",
          {{"vane invert photo.jpg -o face.safetensors", "then `vane generate --latent`"},
           {"vane invert photo.jpg --picture both.png --report r.json -o face.safetensors",
            "how good it is, to look at and in numbers"},
           {"vane invert photo.jpg --method pti -o face.safetensors",
            "slow and nearly exact: tunes the generator as well"},
           {"vane invert face.png --aligned --generator ffhq.pt --encoder e4e.pt -o e.safetensors",
            "published networks"}},
          [](Invocation& call) {
            InvertRequest request;
            call.read(request);
            const auto result = call.compute<InvertResult>("invert", request);
            return call.finish(json_of(result), page(result, call.style()));
          }};
}

}  // namespace vane
