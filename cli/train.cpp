// SPDX-License-Identifier: Apache-2.0
#include "editing/services/train.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

Json json_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json::parse(text);
}

/// Rows for the numbers of an evaluation and of its groups; not those of lists and tables.
void add_numbers(TextTable& table, const Json& scores, const std::string& group) {
  for (const auto& [name, value] : scores.items()) {
    const std::string full = group.empty() ? name : group + ", " + name;
    if (value.is_number_float()) {
      table.row({full, fmt::format("{:.3f}", value.get<double>())});
    } else if (value.is_number()) {
      table.row({full, value.dump()});
    } else if (value.is_object() && group.empty()) {
      add_numbers(table, value, name);
    }
  }
}

std::string summary(const Json& scores) {
  TextTable table;
  add_numbers(table, scores, "");
  if (scores.contains("looks")) {
    for (const Json& look : scores["looks"]) {
      table.row({look["look"].get<std::string>() + " / " + look["against"].get<std::string>(),
                 fmt::format("{:.3f}", look["accuracy"].get<double>())});
    }
  }
  return table.text();
}

int run_train(Invocation& call) {
  TrainRequest request;
  call.read(request);
  const auto result = call.compute<TrainResult>("train", request);
  const Json scores = json_or_null(result.evaluation);
  const Json json{{"output", result.output},
                  {"run", result.run},
                  {"steps", result.steps},
                  {"finished", result.finished},
                  {"loss", json_number(result.loss)},
                  {"seconds", result.seconds},
                  {"evaluation", scores}};
  const std::string text =
      fmt::format("{} steps in {}, loss {:.3f}; model in {}{}\n", result.steps,
                  duration_text(result.seconds), result.loss, result.output,
                  result.finished ? "" : " (time limit reached before the last step)");
  return call.finish(json, text + (scores.is_null() ? "" : summary(scores)));
}

int run_evaluate(Invocation& call) {
  EvaluateRequest request;
  call.read(request);
  const auto result = call.compute<EvaluateResult>("evaluate", request);
  const Json scores = json_or_null(result.scores);
  return call.finish(scores, result.text.empty() ? summary(scores) : result.text);
}

}  // namespace

Command train_command() {
  return {"train",
          "train one of the small models from a recipe",
          {{"vane train clip assets/training/clip-mini.yaml", "train the bundled CLIP again"},
           {"vane train clip recipe.yaml --resume", "continue after an interruption"},
           {"vane train clip recipe.yaml --set steps=500", "change one setting of the recipe"}},
          run_train};
}

Command evaluate_command() {
  return {"evaluate",
          "measure a model on data that it was not trained on",
          {{"vane evaluate clip assets/training/clip-mini.yaml", "score the bundled CLIP"},
           {"vane evaluate segment assets/training/clip-mini.yaml --model clip-mini",
            "masks of names on composites, against their alpha"},
           {"vane evaluate diagnose assets/training/clip-mini.yaml --model clip-mini",
            "captions with one wrong word: whether it scores lowest"},
           {"vane evaluate enhance assets/training/enhance-vane.yaml --network rave=rave.pth",
            "methods against backlit photographs made from well-lit ones"},
           {"vane evaluate edit assets/training/edit-faces.yaml --sheet sheet.png",
            "edits of generated faces: what they reach and what else they change"},
           {"vane evaluate language assets/training/language-toys.yaml",
            "things found in scenes of toys, in space and in views"}},
          run_evaluate};
}

}  // namespace vane
