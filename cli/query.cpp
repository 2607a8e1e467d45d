// SPDX-License-Identifier: Apache-2.0
#include "editing/services/query.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

Json json_of(const QueryResult& result) {
  Json json{{"field", result.field},       {"scene", result.scene}, {"clip", result.clip},
            {"selected", result.selected}, {"of", result.of},       {"written", result.written}};
  json["texts"] = Json::array();
  for (const QueryText& text : result.texts) {
    json["texts"].push_back({{"text", text.text},
                             {"score", json_number(text.score)},
                             {"present", text.present},
                             {"level", text.level},
                             {"view", text.view},
                             {"point", text.point},
                             {"box", text.box},
                             {"gaussians", text.gaussians},
                             {"heat", text.heat},
                             {"mask", text.mask}});
  }
  return json;
}

std::string page(const QueryResult& result, const TerminalStyle& style) {
  TextTable table({true, false, true, true, false});
  table.row({style.dim("score"), style.dim("there"), style.dim("Gaussians"), style.dim("view"),
             style.dim("text")});
  for (const QueryText& text : result.texts) {
    table.row({fmt::format("{:.2f}", text.score), text.present ? "yes" : "no",
               std::to_string(text.gaussians),
               text.view < 0 ? std::string("-") : std::to_string(text.view),
               style.bold(printable(text.text, 60)) +
                   (text.heat.empty() ? "" : "  " + printable(text.heat, 1000))});
  }
  std::string page = table.text();
  for (const std::string& file : result.written) {
    page += fmt::format("{}  {} of {} Gaussians found\n", printable(file, 1000), result.selected,
                        result.of);
  }
  return page;
}

}  // namespace

Command query_command() {
  return {"query",
          "where in a scene texts are",
          {{"vane query scene.lang --text \"a teapot\" \"a red ball\" -o found/",
            "heat maps and masks in the views that show them best"},
           {"vane query scene.lang --text \"a teapot\" --delete without.ply",
            "the scene without its teapot"},
           {"vane query scene.lang --text \"a mug\" --recolour blue --to-ply blue.ply", ""}},
          [](Invocation& call) {
            QueryRequest request;
            call.read(request);
            const auto result = call.compute<QueryResult>("query", request);
            return call.finish(json_of(result), page(result, call.style()));
          }};
}

}  // namespace vane
