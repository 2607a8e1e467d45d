// SPDX-License-Identifier: Apache-2.0
#include "editing/services/score.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr int kBarCells = 20;

std::string page(ScoreResult& result, const TerminalStyle& style) {
  std::string out;
  for (const ImageScores& image : result.images) {
    if (!out.empty()) out += "\n";
    out += style.bold(printable(image.file, 1000)) + "\n";
    double best = -1;
    for (const TextScore& score : image.scores) best = std::max(best, score.probability);
    TextTable table({true, false, true, true});
    table.row({style.dim("probability"), "", style.dim("cosine"), style.dim("CLIPScore"),
               style.dim("text")});
    for (const TextScore& score : image.scores) {
      const std::string text = printable(score.text, 120);
      table.row({fmt::format("{:.1f} %", 100 * score.probability),
                 style.bar(score.probability, kBarCells), fmt::format("{:.4f}", score.similarity),
                 fmt::format("{:.3f}", score.clipscore),
                 score.probability == best ? style.bold(text) : text});
    }
    out += table.text();
  }
  for (const std::string& text : result.truncated) {
    out += "\ncut to the length that the model reads: " + printable(text, 80) + "\n";
  }
  return out;
}

}  // namespace

Command score_command() {
  return {"score",
          "how well texts fit pictures",
          {{"vane score photo.jpg --text \"a cat\" \"a dog\"", ""},
           {"vane score *.jpg --text \"a sunny day\" \"a rainy day\" --json",
            "similarities, probabilities over the texts and CLIPScore as JSON"}},
          [](Invocation& call) {
            ScoreRequest request;
            call.read(request);
            auto result = call.compute<ScoreResult>("score", request);
            return call.finish(fields_json(fields_of(result)), page(result, call.style()));
          }};
}

}  // namespace vane
