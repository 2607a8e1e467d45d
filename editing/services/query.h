// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane query`: where in a scene texts are. No torch here.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct QueryRequest {
  std::filesystem::path field, scene;
  std::vector<std::string> texts, negatives;
  std::filesystem::path like, direction;
  std::string clip;
  std::optional<int64_t> view;
  std::filesystem::path camera;
  std::filesystem::path output;
  std::filesystem::path select, remove, recoloured, written_field;
  std::string recolour, level;
  bool contrast = true;
  double temperature = 10, threshold = 0.425, part_margin = 0.1, alike = 0.9;
  /// For a front that draws by itself: QueryText::relevancy and weight, and no view is drawn. Not
  /// an option of the command.
  bool scores = false;
  Limits limits{};

  template <class V>
  static void fields(V& v) {
    using C = QueryRequest;
    v.field("field", &C::field, "what `vane lift` made",
            {.required = true, .positional = true, .placeholder = "LANG"});
    v.field("text", &C::texts, "what to look for", {.placeholder = "TEXT"});
    v.field("negative", &C::negatives, "what it is not: it must beat these too",
            {.placeholder = "TEXT"});
    v.field("like", &C::like, "look for what this picture shows", {.placeholder = "IMAGE"});
    v.field("direction", &C::direction, "look for where this direction leads",
            {.placeholder = "D"});
    v.field("scene", &C::scene, "the splats; where the field says by default",
            {.placeholder = "SCENE"});
    v.field("clip", &C::clip, "CLIP model; the field's own by default", {.placeholder = "M"});
    v.field("view", &C::view, "number of the view to draw; the one that shows it best by default",
            {.min = 0, .placeholder = "N"});
    v.field("camera", &C::camera, "draw this camera instead", {.placeholder = "C.json"});
    v.field("output", &C::output, "folder for heat maps and masks",
            {.short_flag = "o", .placeholder = "DIR"});
    v.field("select", &C::select, "write the Gaussians that were found",
            {.placeholder = "OUT.ply"});
    v.field("delete", &C::remove, "write all others", {.placeholder = "OUT.ply"});
    v.field("recolour", &C::recolour, "give what was found this colour, shading kept",
            {.placeholder = "#RRGGBB"});
    v.field("to-ply", &C::recoloured, "where the recoloured scene goes",
            {.placeholder = "OUT.ply"});
    v.field("to-field", &C::written_field,
            "where the language field of the one scene that is written goes, to ask it again",
            {.placeholder = "OUT.lang"});
    v.field("level", &C::level, "look at this level only: s parts, m things, l groups",
            {.choices = {"", "s", "m", "l"}});
    v.field("contrast", &C::contrast, "let texts compete with the words that the model knows, too");
    v.field("temperature", &C::temperature, "sharpness of the relevancy",
            {.min = 0.1, .max = 1000, .log_scale = true});
    v.field("threshold", &C::threshold, "a thing with less relevancy is not there",
            {.min = 0, .max = 1});
    v.field("part-margin", &C::part_margin,
            "how much more relevant a part must be than any whole to be meant",
            {.min = 0, .max = 1});
    v.field("alike", &C::alike, "words nearer to the text (cosine) do not compete with it",
            {.min = -1, .max = 1});
  }
};

struct QueryText {
  std::string text, level;
  double score = 0;
  bool present = false;
  int64_t gaussians = 0;
  int64_t view = -1;  // -1: a camera of one's own, or nothing was drawn
  std::array<int64_t, 2> point{0, 0};
  std::array<int64_t, 4> box{0, 0, 0, 0};
  std::string heat, mask;  // files
  /// With QueryRequest::scores, for every Gaussian: the relevancy at the level, and what the views
  /// saw of it there (found_splats()).
  std::vector<float> relevancy, weight;
};

struct QueryResult {
  std::string field, scene, clip;
  std::vector<QueryText> texts;
  /// Of --select, --delete and --recolour together: the Gaussians of all that is present.
  int64_t selected = 0, of = 0;
  std::vector<int64_t> rows;  // those Gaussians, as read_splats() numbers them, ascending
  std::vector<std::string> written;
};

/// Throws Error{usage} for nothing to look for or options that do not fit together, Error{input}
/// for a scene that is not the field's, Error{checkpoint} for another CLIP. Where nothing was
/// found, no ply is written and the job is warned.
QueryResult query(const QueryRequest& request, Job& job);

}  // namespace vane
