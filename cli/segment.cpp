// SPDX-License-Identifier: Apache-2.0
#include "editing/services/segment.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr int kBarCells = 20;

Json json_of(const SegmentResult& result) {
  Json json{
      {"file", result.file},     {"clip", result.clip},     {"variant", result.variant},
      {"width", result.width},   {"height", result.height}, {"short_side", result.short_side},
      {"window", result.window}, {"stride", result.stride}, {"background", result.background}};
  json["texts"] = Json::array();
  for (const SegmentText& text : result.texts) {
    json["texts"].push_back({{"text", text.text},
                             {"mask", text.mask},
                             {"soft", text.soft},
                             {"share", json_number(text.share)},
                             {"confidence", json_number(text.confidence)},
                             {"relevancy", json_number(text.relevancy)},
                             {"point", {text.x, text.y}}});
  }
  return json;
}

std::string page(const SegmentResult& result, const TerminalStyle& style) {
  TextTable table({true, false, true, true});
  table.row({style.dim("share"), "", style.dim("confidence"), style.dim("relevancy"),
             style.dim("text and mask")});
  for (const SegmentText& text : result.texts) {
    table.row({fmt::format("{:.1f} %", 100 * text.share), style.bar(text.share, kBarCells),
               fmt::format("{:.2f}", text.confidence), fmt::format("{:.2f}", text.relevancy),
               style.bold(printable(text.text, 60)) + "  " + printable(text.mask, 1000)});
  }
  return style.bold(printable(result.file, 1000)) + "  " + style.dim(result.variant) + "\n" +
         table.text();
}

}  // namespace

Command segment_command() {
  return {"segment",
          "where in a picture texts are",
          {{"vane segment photo.jpg --text \"the sky\" \"a house\" -o masks/", ""},
           {"vane segment photo.jpg --text \"sky; clouds\" --negative \"a wall\" grass -o masks/",
            "synonyms are one class; negatives are the background"}},
          [](Invocation& call) {
            SegmentRequest request;
            call.read(request);
            const auto result = call.compute<SegmentResult>("segment", request);
            return call.finish(json_of(result), page(result, call.style()));
          }};
}

}  // namespace vane
