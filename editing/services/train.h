// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane train COMPONENT CONFIG.yaml` and `vane evaluate KIND CONFIG.yaml`. No torch here.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct TrainRequest {
  std::string component;
  std::filesystem::path recipe;
  std::filesystem::path run;
  bool resume = false;
  /// `--set key=value` of the recipe.
  std::vector<std::string> overrides;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = TrainRequest;
    v.field("component", &C::component, "what is trained",
            {.choices = {"clip", "delta", "enhance", "inversion", "inverter", "mapper", "nada",
                         "preview"},
             .required = true,
             .positional = true,
             .placeholder = "COMPONENT"});
    v.field("recipe", &C::recipe, "data, sizes and schedule",
            {.required = true, .positional = true, .placeholder = "CONFIG.yaml"});
    v.field("run", &C::run, "folder of checkpoints and metrics; runs/NAME by default",
            {.placeholder = "DIR"});
    v.field("resume", &C::resume, "continue from the newest checkpoint of the run folder");
  }
};

struct TrainResult {
  std::string output, run;
  int64_t steps = 0;
  bool finished = false;
  double loss = std::numeric_limits<double>::quiet_NaN(), seconds = 0;
  /// JSON of the component's own evaluation, or empty.
  std::string evaluation;
};

/// Throws Error; a stop request saves a checkpoint and throws Cancelled.
TrainResult train(const TrainRequest& request, Job& job);

struct EvaluateRequest {
  std::string kind;
  std::filesystem::path recipe;
  std::string model;
  std::filesystem::path output;
  int64_t scenes = 100;
  uint64_t seed = 7;
  /// Of kind enhance: NAME=FILE of published networks to measure beside the others.
  std::vector<std::string> networks;
  int64_t photographs = 24, side = 512, refine = 0;
  std::filesystem::path sheet;
  std::vector<std::string> overrides;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = EvaluateRequest;
    v.field("kind", &C::kind, "what is evaluated",
            {.choices = {"clip", "segment", "diagnose", "enhance", "edit", "language"},
             .required = true,
             .positional = true,
             .placeholder = "KIND"});
    v.field("scenes", &C::scenes, "composites for segment and diagnose", {.min = 1, .max = 1e6});
    v.field("recipe", &C::recipe,
            "the configuration it was trained with; of edit and language: what is asked for",
            {.required = true, .positional = true, .placeholder = "CONFIG.yaml"});
    v.field("model", &C::model, "model to evaluate; the output of the recipe by default",
            {.placeholder = "MODEL"});
    v.field("network", &C::networks,
            "enhance: weights of a CLIP-LIT or RAVE network to measure as well, repeatable",
            {.placeholder = "NAME=FILE"});
    v.field("photographs", &C::photographs, "enhance: how many that are held out",
            {.min = 1, .max = 1e6});
    v.field("side", &C::side, "enhance: longer side of the photographs",
            {.min = 32, .max = 4096, .unit = "px"});
    v.field("refine", &C::refine,
            "enhance: measure the method vane with so many steps on each photograph as well",
            {.min = 0, .max = 1000});
    v.field("sheet", &C::sheet, "enhance, edit: draw some pictures before and after each method",
            {.placeholder = "FILE"});
    v.field("output", &C::output, "write the JSON here",
            {.short_flag = "o", .placeholder = "FILE"});
  }
};

struct EvaluateResult {
  /// JSON of the scores.
  std::string scores;
  /// The scores for people, or empty where the numbers speak for themselves.
  std::string text;
};

/// "enhance" measures the classical methods, the networks, and the recipe's own method with the
/// weights `model` (those of its output, where they are there already). "edit" measures what edits
/// do to generated faces: see editing/services/edit_evaluation.h. "language" measures lifting and
/// queries on toyboxes: see editing/language/language_evaluation.h.
/// Throws Error{config} when the recipe has nothing held out, Error{usage} for a network that is
/// not NAME=FILE.
EvaluateResult evaluate(const EvaluateRequest& request, Job& job);

}  // namespace vane
