// SPDX-License-Identifier: Apache-2.0
#include "editing/services/enhance.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

std::string page(const EnhanceResult& result, const TerminalStyle& style) {
  std::string out;
  for (const EnhancedFile& file : result.files) {
    out += style.bold(printable(file.output, 1000)) + "\n";
    if (file.status != "ok") {
      out += "  " + style.dim("was there already") + "\n";
      continue;
    }
    TextTable table;
    table.row({"brightness", fmt::format("{:.2f} -> {:.2f}", file.luma_before, file.luma_after),
               style.dim("mean luma, 0 to 1")});
    table.row(
        {"clipped",
         fmt::format("{:.1f} % -> {:.1f} %", 100 * file.clipped_before, 100 * file.clipped_after),
         style.dim("pixels at the top of their range")});
    table.row({"map", fmt::format("{:.3f} to {:.3f}", file.map_min, file.map_max),
               style.dim("what the picture is divided by, at strength 1")});
    table.row({"took", duration_text(result.seconds), ""});
    out += table.text();
  }
  return out;
}

}  // namespace

Command enhance_command() {
  return {"enhance",
          "brighten a backlit photograph",
          {{"vane enhance photo.jpg --model enhancement_model.pth -o bright.jpg", ""},
           {"vane enhance photo.tif --model rave.safetensors --strength 0.6 -o bright/",
            "a little less, into a folder; depth and metadata stay"}},
          [](Invocation& call) {
            EnhanceRequest request;
            call.read(request);
            const auto result = call.compute<EnhanceResult>("enhance", request);
            Json json = Json::parse(result.report);
            json.erase("schema");  // finish() puts it in front
            return call.finish(json, page(result, call.style()));
          }};
}

}  // namespace vane
