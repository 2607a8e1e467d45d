// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane segment`: a mask for every text. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct SegmentRequest {
  std::filesystem::path image;
  std::vector<std::string> texts, negatives;
  std::string clip = "clip-mini";
  std::filesystem::path output;
  std::string variant = "auto";
  int64_t short_side = 0, window = 0, stride = 0;
  float logit_scale = 40.f, threshold = 0.f;
  std::string templates = "none";
  bool refine = true;
  Limits limits{};

  template <class V>
  static void fields(V& v) {
    using C = SegmentRequest;
    v.field("image", &C::image, "picture to look at",
            {.required = true, .positional = true, .placeholder = "IMAGE"});
    v.field("text", &C::texts, "what to look for; \"sky; clouds\" are one class",
            {.required = true, .placeholder = "TEXT"});
    v.field("negative", &C::negatives, "what else is there: the background",
            {.placeholder = "TEXT"});
    v.field("clip", &C::clip, "CLIP model: a folder, a checkpoint file or a built-in name",
            {.placeholder = "M"});
    v.field("output", &C::output, "folder for the masks",
            {.required = true, .short_flag = "o", .placeholder = "DIR"});
    v.field(
        "variant", &C::variant, "how patches are kept apart; auto: the best of the model",
        {.choices = {"auto", "vanilla", "maskclip", "sclip", "clearclip", "naclip", "windows"}});
    v.field("short-side", &C::short_side, "shorter side of the picture as CLIP sees it; 0: auto",
            {.min = 0, .max = 4096, .unit = "px"});
    v.field("window", &C::window, "side of the sliding window; 0: auto",
            {.min = 0, .max = 4096, .unit = "px"});
    v.field("stride", &C::stride, "step of the sliding window; 0: auto",
            {.min = 0, .max = 4096, .unit = "px"});
    v.field("logit-scale", &C::logit_scale, "sharpness of the choice between the texts",
            {.min = 0.1, .max = 1000, .log_scale = true});
    v.field("threshold", &C::threshold, "less likely pixels belong to no text",
            {.min = 0, .max = 1});
    v.field("templates", &C::templates, "sentences around the texts, averaged",
            {.choices = {"none", "subset7", "nada79", "imagenet80"}});
    v.field("refine", &C::refine, "let masks follow the edges of the picture");
  }
};

/// One text. Files are grey PNGs of the picture's size.
struct SegmentText {
  std::string text;
  /// White where the text is the likeliest, and its probability.
  std::string mask, soft;
  /// Part of the picture that the mask covers, 0 to 1, and the mean probability inside it (0 when
  /// it is empty).
  double share = 0, confidence = 0;
  /// Highest relevancy (Kerr et al. 2023) and where it is, in pixels.
  double relevancy = 0;
  int64_t x = 0, y = 0;
};

struct SegmentResult {
  std::string file, clip, variant;
  int64_t width = 0, height = 0, short_side = 0, window = 0, stride = 0;
  /// Whether a background competed with the texts.
  bool background = false;
  std::vector<SegmentText> texts;
};

/// Throws Error{usage} for a text of punctuation only or a variant that the model does not have,
/// Error{input} for an unreadable picture; then nothing is written.
SegmentResult segment(const SegmentRequest& request, Job& job);

}  // namespace vane
