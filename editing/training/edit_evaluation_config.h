// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `vane evaluate edit CONFIG.yaml` reads. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/config/fields.h"

namespace vane {

/// A phrase, and what of a face it should change. Attributes and measures are named as
/// engine/data/face_attributes.h names them.
struct EvaluatedPrompt {
  std::string to, from = "a person";
  /// That must be there afterwards: "smile", or "not smile".
  std::vector<std::string> attributes;
  /// Measures that may change with them; all others count as leakage.
  std::vector<std::string> moves;

  template <class V>
  static void fields(V& v) {
    using C = EvaluatedPrompt;
    v.field("to", &C::to, "what the face should become", {.required = true});
    v.field("from", &C::from, "what it is now");
    v.field("attributes", &C::attributes, "that must be there afterwards: smile, not smile",
            {.required = true});
    v.field("moves", &C::moves, "measures that may change; all others count as leakage",
            {.required = true});
  }
};

/// A phrase that should bring none of the attributes.
struct ControlPrompt {
  std::string to, from = "a person";

  template <class V>
  static void fields(V& v) {
    using C = ControlPrompt;
    v.field("to", &C::to, "a phrase that has nothing to do with the prompts", {.required = true});
    v.field("from", &C::from, "what it is now");
  }
};

struct EditEvaluationConfig {
  std::string generator = "faces", clip = "clip-mini";
  std::vector<std::string> methods{"delta"};
  std::vector<EvaluatedPrompt> prompts;
  std::vector<ControlPrompt> controls;
  std::string templates = "none";
  /// Portraits of a seed that no training uses.
  uint64_t seed = 9000;
  int64_t sources = 100;
  double truncation = 1;
  /// Measures pictures read off an earlier block: several times as fast, nearly the same.
  bool previews = false;
  /// Sources on which strengths are compared, and their strengths.
  int64_t monotone_sources = 10;
  std::vector<double> strengths{0, 0.5, 1, 1.5};
  /// As `vane edit` has them.
  double gain = 2.5, least_identity = 0.5;
  std::string space = "auto";
  std::filesystem::path mapper;
  int64_t steps = 100, samples = 1200;

  template <class V>
  static void fields(V& v) {
    using C = EditEvaluationConfig;
    v.field("generator", &C::generator, "`faces`, a folder or a checkpoint");
    v.field("clip", &C::clip, "the CLIP that guides", {.placeholder = "MODEL"});
    v.field("methods", &C::methods, "ways to edit that are measured, as in `vane edit --method`");
    v.field("prompts", &C::prompts, "phrases and what they should change", {.required = true});
    v.field("controls", &C::controls, "phrases that should bring none of the attributes");
    v.field("templates", &C::templates, "sentences around the phrases",
            {.choices = {"none", "subset7", "nada79", "imagenet80"}});
    v.field("seed", &C::seed, "seed of the portraits");
    v.field("sources", &C::sources, "portraits", {.min = 2, .max = 1e5});
    v.field("truncation", &C::truncation, "1 as drawn, less: nearer to the average face",
            {.min = 0, .max = 1});
    v.field("previews", &C::previews, "measure cheap pictures");
    v.field("monotone-sources", &C::monotone_sources, "sources on which strengths are compared",
            {.min = 0, .max = 1e5});
    v.field("strengths", &C::strengths, "strengths that are compared, rising");
    v.field("gain", &C::gain,
            "where strength 1 leads, in deviations above the mean of the generator's own pictures",
            {.min = 0.1, .max = 20});
    v.field("least-identity", &C::least_identity, "an edit goes no further than this",
            {.min = 0, .max = 1});
    v.field("space", &C::space, "what moves", {.choices = {"auto", "style_space", "w_plus"}});
    v.field("mapper", &C::mapper, "of the method delta", {.placeholder = "DIR|FILE"});
    v.field("steps", &C::steps, "of the method optimise", {.min = 1, .max = 100000});
    v.field("samples", &C::samples, "pictures of the generator that the CLIP looks at",
            {.min = 64, .max = 100000});
  }
};

}  // namespace vane
