// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/command_table.h"
#include "editing/services/direction.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr int kBarCells = 12;
constexpr size_t kChangedShown = 24;

Json json_of(const ExplainedWord& word) {
  return {{"word", word.word},
          {"pull", json_number(word.pull)},
          {"deviations", json_number(word.deviations)},
          {"rank", word.rank}};
}

Json json_of(const std::vector<ExplainedWord>& words) {
  Json list = Json::array();
  for (const ExplainedWord& word : words) list.push_back(json_of(word));
  return list;
}

Json json_of(const std::vector<ExplainedKind>& kinds) {
  Json list = Json::array();
  for (const ExplainedKind& kind : kinds) {
    list.push_back(
        {{"kind", kind.kind}, {"toward", json_of(kind.toward)}, {"away", json_of(kind.away)}});
  }
  return list;
}

Json json_of(const DirectionExplainResult& result) {
  Json json{{"direction", result.direction},
            {"kind", result.kind},
            {"clip", result.clip},
            {"vocabulary", result.vocabulary},
            {"words", result.words},
            {"toward", json_of(result.toward)},
            {"away", json_of(result.away)},
            {"phrases", json_of(result.phrases)},
            {"kinds", json_of(result.kinds)},
            {"tau", json_number(result.tau)},
            {"milliseconds", json_number(result.milliseconds)}};
  if (result.output.empty()) return json;
  json["removed"] = result.removed;
  json["changed"] = Json::array();
  for (const ChangedWord& word : result.changed) {
    json["changed"].push_back({{"before", json_of(word.before)}, {"after", json_of(word.after)}});
  }
  json["toward_after"] = json_of(result.toward_after);
  json["away_after"] = json_of(result.away_after);
  json["kinds_after"] = json_of(result.kinds_after);
  json["angle"] = json_number(result.angle);
  json["tau_after"] = json_number(result.tau_after);
  json["output"] = result.output;
  return json;
}

std::string sides(const std::vector<ExplainedWord>& away, const std::vector<ExplainedWord>& toward,
                  const TerminalStyle& style) {
  double largest = 1e-12;
  for (const auto* side : {&away, &toward}) {
    for (const ExplainedWord& word : *side) largest = std::max(largest, std::abs(word.pull));
  }
  TextTable table({false, true, false, false, true, false});
  table.row({style.dim("away from"), "", "", style.dim("toward"), "", ""});
  for (size_t i = 0; i < std::max(away.size(), toward.size()); ++i) {
    std::vector<std::string> row;
    for (const auto* side : {&away, &toward}) {
      if (i >= side->size()) {
        row.insert(row.end(), {"", "", ""});
        continue;
      }
      const ExplainedWord& word = (*side)[i];
      const std::string text = printable(word.word, 40);
      row.push_back(side == &away ? style.bad(text) : style.good(text));
      row.push_back(fmt::format("{:+.3f}", word.pull));
      row.push_back(style.bar(std::abs(word.pull) / largest, kBarCells));
    }
    table.row(row);
  }
  return table.text();
}

std::string words_line(const std::vector<ExplainedWord>& words) {
  std::vector<std::string> parts;
  for (const ExplainedWord& word : words) {
    parts.push_back(fmt::format("{} {:+.1f}", printable(word.word, 40), word.deviations));
  }
  return join(parts, ", ");
}

/// What stands out among words of the same kind, in standard deviations of the kind.
std::string by_kind(const std::vector<ExplainedKind>& kinds, const TerminalStyle& style) {
  if (kinds.size() < 2) return {};
  TextTable table({false, false, false});
  for (const ExplainedKind& kind : kinds) {
    table.row({style.bold(printable(kind.kind, 24)), style.dim("away from"),
               style.bad(words_line(kind.away))});
    table.row({"", style.dim("toward"), style.good(words_line(kind.toward))});
  }
  return "\n" + table.text();
}

std::string page(const DirectionExplainResult& result, const TerminalStyle& style) {
  std::string out = style.bold(printable(result.direction, 1000)) + "\n";
  out += style.dim(fmt::format("{} direction of {}; {} words of {}", result.kind,
                               printable(result.clip), result.words,
                               printable(result.vocabulary, 1000))) +
         "\n\n";
  out += sides(result.away, result.toward, style) + by_kind(result.kinds, style);
  if (!result.phrases.empty()) {
    TextTable table({false, true, true});
    for (const ExplainedWord& phrase : result.phrases) {
      table.row({printable(phrase.word, 60), fmt::format("{:+.3f}", phrase.pull),
                 fmt::format("{} of {}", phrase.rank, result.words)});
    }
    out += "\n" + table.text();
  }
  if (result.output.empty()) return out;
  TextTable table({false, true, true, false});
  for (size_t i = 0; i < std::min(kChangedShown, result.changed.size()); ++i) {
    const ChangedWord& word = result.changed[i];
    table.row({printable(word.before.word, 60), fmt::format("{:+.3f}", word.before.pull),
               fmt::format("{:+.3f}", word.after.pull),
               i < result.removed.size() ? "removed" : ""});
  }
  out += "\n" + style.bold(printable(result.output, 1000)) +
         fmt::format("\n  turned by {:.1f}°", result.angle);
  if (std::isfinite(result.tau)) {
    out += fmt::format(", tau {:.4f} -> {:.4f}", result.tau, result.tau_after);
  }
  return out + "\n\n" + table.text() + "\n" + sides(result.away_after, result.toward_after, style) +
         by_kind(result.kinds_after, style);
}

}  // namespace

Command direction_explain_command() {
  return {"direction explain",
          "what a direction means in words, and the direction without some of them",
          {{"vane direction explain light.safetensors", "the words it points to and away from"},
           {"vane direction explain light.safetensors --text \"a street at night\" \"a forest\"",
            "where phrases stand among them"},
           {"vane direction explain light.safetensors --remove night -o light2.safetensors",
            "take a bias of the pictures out"}},
          [](Invocation& call) {
            DirectionExplainRequest request;
            call.read(request);
            const auto result = call.compute<DirectionExplainResult>("direction explain", request);
            return call.finish(json_of(result), page(result, call.style()));
          }};
}

}  // namespace vane
