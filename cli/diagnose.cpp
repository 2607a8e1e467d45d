// SPDX-License-Identifier: Apache-2.0
#include "editing/services/diagnose.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr int kBarCells = 20;

Json json_of(const DiagnoseResult& result) {
  Json json{{"file", result.file},
            {"text", result.text},
            {"clip", result.clip},
            {"method", result.method},
            {"similarity", json_number(result.similarity)},
            {"clipscore", json_number(result.clipscore)},
            {"penalty", json_number(result.penalty)},
            {"truncated", result.truncated}};
  json["words"] = Json::array();
  for (const DiagnosedWord& word : result.words) {
    json["words"].push_back({{"word", word.word},
                             {"score", json_number(word.score)},
                             {"misaligned", word.misaligned},
                             {"lowest", word.lowest}});
  }
  return json;
}

std::string coloured(const DiagnosedWord& word, const TerminalStyle& style) {
  const std::string text = printable(word.word, 60);
  if (std::isnan(word.score)) return style.dim(text);
  if (word.misaligned) return style.bad(text);
  return word.score > 0 ? style.good(text) : text;
}

std::string page(const DiagnoseResult& result, const TerminalStyle& style) {
  std::vector<std::string> caption;
  double largest = 1e-12;
  const bool contrast = result.method == "contrast";
  for (const DiagnosedWord& word : result.words) {
    caption.push_back(coloured(word, style));
    if (std::isfinite(word.score)) largest = std::max(largest, std::abs(word.score));
  }
  std::string out = style.bold(printable(result.file, 1000)) + "\n  " + join(caption, " ") + "\n\n";
  TextTable table({false, true, false, false});
  for (const DiagnosedWord& word : result.words) {
    const bool scored = std::isfinite(word.score);
    table.row({coloured(word, style),
               scored ? fmt::format("{:+.{}f}", word.score, contrast ? 2 : 5) : "not judged",
               scored ? style.bar(std::abs(word.score) / largest, kBarCells) : "",
               word.misaligned
                   ? style.bad(contrast ? "others would fit better" : "speaks against the picture")
                   : ""});
  }
  out += table.text();
  return out +
         fmt::format("\n  cosine {:.4f}, CLIPScore {:.3f}\n", result.similarity, result.clipscore);
}

}  // namespace

Command diagnose_command() {
  return {"diagnose",
          "which words of a caption a picture does not show",
          {{"vane diagnose photo.jpg --text \"a red house under a blue sky\"", ""}},
          [](Invocation& call) {
            DiagnoseRequest request;
            call.read(request);
            const auto result = call.compute<DiagnoseResult>("diagnose", request);
            return call.finish(json_of(result), page(result, call.style()));
          }};
}

}  // namespace vane
