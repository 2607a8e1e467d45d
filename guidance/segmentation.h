// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where in a picture phrases are: dense CLIP over sliding windows.

#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "engine/config/fields.h"
#include "engine/tensor/fwd.h"

namespace vane {

struct SegmentationConfig {
  /// A DenseVariant; "windows": the whole tower's embedding of every window, of two sizes, for
  /// towers whose map is too coarse; "auto" for the best of the tower.
  std::string variant = "auto";
  /// Pixels: the shorter side of the picture as it is looked at, the windows on it, and their step.
  /// 0: 3/2, 1 and 1/2 of the input size for vision transformers (NACLIP's protocol); ResNets,
  /// whose map has a cell for 32 pixels: 2, 1 and 1/4. Variant windows: 3; windows of 1/3 and 1/4
  /// of the picture and their steps follow from it.
  int64_t short_side = 0, window = 0, stride = 0;
  /// Factor of the cosines before the softmax over phrases.
  float logit_scale = 40.f;
  /// A pixel whose best phrase is less likely belongs to none.
  float threshold = 0.f;
  std::string templates = "none";
  /// Let masks follow the edges of the picture (guided filter).
  bool refine = true;

  template <class V>
  static void fields(V& v) {
    using C = SegmentationConfig;
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

/// What one text found. Maps are [H,W] float32 of the picture's size.
struct TextMask {
  std::string text;
  /// Softmax over the texts (and the background) in [0,1], and 1 where this text is the likeliest.
  Tensor soft, hard;
  /// Highest relevancy (LERF) of the text, and where, in pixels; of variant windows without
  /// negatives, where the text's own map is highest.
  double relevancy = 0;
  int64_t x = 0, y = 0;
};

struct Segmentation {
  std::vector<TextMask> masks;
  /// The settings that "auto" and 0 stood for.
  SegmentationConfig used;
  /// Whether a background competed: given negatives, or the canonical ones beside a single text.
  bool background = false;
};

/// Starts of windows of `window` along `extent`: every `stride`, the last one shifted back to end
/// at the border; one window when the extent is not larger.
std::vector<int64_t> window_starts(int64_t extent, int64_t window, int64_t stride);

/// Cosines [Q,h,w] of unit queries [Q,E] with the patches of an image [1,3,h,w] in [0,1]: windows
/// interpolated bilinearly to their size, summed and divided by how many saw a pixel.
Tensor dense_similarity(const ClipEncoder& clip, const Tensor& image, const Tensor& queries,
                        const SegmentationConfig& used, Job& job);

/// The same by the whole tower: windows of 1/3 and 1/4 of the shorter side, a quarter of themselves
/// apart, weighted to their centre; mean over sizes. Slow and blunt, but every window is what the
/// tower was trained on. Larger windows blur the outline more than they add (measured on
/// composites).
Tensor window_similarity(const ClipEncoder& clip, const Tensor& image, const Tensor& queries,
                         Job& job);

/// Texts against each other and against `negatives` (a background class of its own; without any, a
/// single text competes with LERF's canonical ones). "sky; clouds" are synonyms of one class. Image
/// [1,3,H,W] in [0,1]. Class logit: the strongest of its synonyms; softmax and argmax over classes.
/// Variant windows with a background (a single text, or negatives): whatever stands out of the
/// text's own map, less that of the negatives when given (Otsu and a standard deviation), brought
/// to colours when refined, or beats the negatives outright; it always finds something, `relevancy`
/// says how sure. Throws Error{usage} for no text, an empty phrase, texts with the same embedding,
/// or a variant that the tower does not have.
Segmentation segment_image(const ClipEncoder& clip, const Tensor& image,
                           const std::vector<std::string>& texts,
                           const std::vector<std::string>& negatives,
                           const SegmentationConfig& config, Job& job);

}  // namespace vane
