// SPDX-License-Identifier: Apache-2.0
#include "editing/services/direction_difference.h"

#include <fmt/format.h>

#include <cmath>

#include "cli/command_table.h"
#include "engine/base/atomic_file.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr int kBarCells = 12;

Json json_of(const std::vector<DifferingPhrase>& phrases) {
  Json list = Json::array();
  for (const DifferingPhrase& each : phrases) {
    list.push_back({{"phrase", each.phrase},
                    {"auroc", json_number(each.auroc)},
                    {"difference", json_number(each.difference)},
                    {"p", json_number(each.p)},
                    {"adjusted_p", json_number(each.adjusted_p)},
                    {"welch_p", json_number(each.welch_p)},
                    {"significant", each.significant},
                    {"given", each.given}});
  }
  return list;
}

Json json_of(const DirectionDifferenceResult& result) {
  return {{"from", result.from},
          {"to", result.to},
          {"clip", result.clip},
          {"vocabulary", result.vocabulary},
          {"words", result.words},
          {"proposing", {result.proposing_from, result.proposing_to}},
          {"testing", {result.testing_from, result.testing_to}},
          {"first", json_of(result.first)},
          {"second", json_of(result.second)},
          {"significant", result.significant},
          {"level", result.level},
          {"reachable_p", json_number(result.reachable_p)},
          {"skipped", result.skipped},
          {"output", result.output}};
}

std::string chance(double p) { return p < 1e-4 ? "<0.0001" : fmt::format("{:.4f}", p); }

std::string side(const std::string& folder, const std::vector<DifferingPhrase>& phrases,
                 const TerminalStyle& style) {
  TextTable table({false, false, true, true, false});
  table.row({style.bold("more in " + printable(folder, 60)), "", style.dim("AUROC"),
             style.dim("p, corrected"), ""});
  for (const DifferingPhrase& each : phrases) {
    const std::string text = printable(each.phrase, 60);
    const double sure = std::abs(2 * each.auroc - 1);
    table.row({each.significant ? style.good(text) : text, style.bar(sure, kBarCells),
               fmt::format("{:.3f}", 0.5 + sure / 2), chance(each.adjusted_p),
               each.significant ? "significant" : ""});
  }
  if (phrases.empty()) table.row({style.dim("nothing"), "", "", "", ""});
  return table.text();
}

std::string page(const DirectionDifferenceResult& result, const TerminalStyle& style) {
  std::string out = side(result.from, result.first, style) + "\n";
  out += side(result.to, result.second, style) + "\n";
  out += style.dim(fmt::format(
      "AUROC: how surely a picture of one folder fits the phrase better than one of the other.\n"
      "{} and {} pictures proposed the words, {} and {} others tested them ({}).\n",
      result.proposing_from, result.proposing_to, result.testing_from, result.testing_to,
      printable(result.clip)));
  if (result.significant == 0) {
    out += result.reachable_p < result.level ? "Nothing differs significantly.\n"
                                             : "Nothing can be significant with so few pictures.\n";
  }
  if (!result.output.empty()) out += style.bold(printable(result.output, 1000)) + "\n";
  return out;
}

}  // namespace

Command direction_difference_command() {
  return {"direction difference",
          "what differs between two folders of pictures, in words",
          {{"vane direction difference 2019/ 2024/", "the words that tell them apart, tested"},
           {"vane direction difference winter/ summer/ --phrases mine.txt -o season.safetensors",
            "test phrases of your own too, and keep the significant ones as a direction"}},
          [](Invocation& call) {
            DirectionDifferenceRequest request;
            call.read(request);
            if (!request.output.empty()) check_writable(request.output);
            const auto result =
                call.compute<DirectionDifferenceResult>("direction difference", request);
            return call.finish(json_of(result), page(result, call.style()));
          }};
}

}  // namespace vane
