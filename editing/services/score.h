// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane score`: how well texts fit pictures. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct ScoreRequest {
  std::vector<std::filesystem::path> images;
  std::vector<std::string> texts;
  std::string clip = "clip-mini";
  std::filesystem::path region;
  std::string region_style = "blur";
  Limits limits{};

  template <class V>
  static void fields(V& v) {
    using C = ScoreRequest;
    v.field("images", &C::images, "pictures to score",
            {.required = true, .positional = true, .placeholder = "IMAGE"});
    v.field("text", &C::texts, "texts to compare with", {.required = true, .placeholder = "TEXT"});
    v.field("clip", &C::clip, "CLIP model: a folder, a checkpoint file or a built-in name",
            {.placeholder = "M"});
    v.field("region", &C::region, "mask: only its white part of every picture counts",
            {.placeholder = "MASK"});
    v.field("region-style", &C::region_style,
            "the rest is blurred (blur reverse mask), or painted over and cropped away",
            {.choices = {"blur", "crop"}});
  }
};

/// One text against one picture.
struct TextScore {
  std::string text;
  /// Cosine of the embeddings.
  double similarity = 0;
  /// Softmax over the texts of exp(logit_scale) * similarity; for models with a logit bias (SigLIP)
  /// the sigmoid of exp(logit_scale) * similarity + bias, each text by itself.
  double probability = 0;
  /// 2.5 * max(cosine, 0) of "A photo depicts " + text (Hessel et al. 2021).
  double clipscore = 0;

  template <class V>
  static void fields(V& v) {
    using C = TextScore;
    v.field("text", &C::text, "text");
    v.field("similarity", &C::similarity, "cosine of the embeddings");
    v.field("probability", &C::probability,
            "softmax over the texts; SigLIP: sigmoid of each text alone");
    v.field("clipscore", &C::clipscore, "2.5 * max(cosine, 0) with \"A photo depicts \" in front");
  }
};

struct ImageScores {
  std::string file;
  std::vector<TextScore> scores;

  template <class V>
  static void fields(V& v) {
    using C = ImageScores;
    v.field("file", &C::file, "picture");
    v.field("scores", &C::scores, "one entry a text, in argument order");
  }
};

struct ScoreResult {
  std::vector<ImageScores> images;
  std::string clip;
  /// What a probability is: "softmax" over the texts, or "sigmoid" of each alone (SigLIP).
  std::string probability = "softmax";
  /// Texts that were cut to the context length.
  std::vector<std::string> truncated;

  template <class V>
  static void fields(V& v) {
    using C = ScoreResult;
    v.field("images", &C::images, "one entry a picture, in argument order");
    v.field("clip", &C::clip, "name of the CLIP model");
    v.field("probability", &C::probability,
            "softmax over the texts, or sigmoid of each text alone (SigLIP)");
    v.field("truncated", &C::truncated, "texts that were cut to fit");
  }
};

ScoreResult score(const ScoreRequest& request, Job& job);

}  // namespace vane
