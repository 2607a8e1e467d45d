// SPDX-License-Identifier: Apache-2.0
#pragma once
// How well masks of phrases and the diagnosis of captions do on composites whose truth is known:
// cut-outs on photographs that nobody trained on.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "engine/data/photo_library.h"
#include "guidance/segmentation.h"
#include "guidance/vocabulary.h"

namespace vane {

struct CompositeEvaluationOptions {
  /// Composites; each with another cut-out, in the order of a shuffle by the seed.
  int64_t scenes = 100;
  int size = 192;
  uint64_t seed = 7;
  SegmentationConfig segmentation;
};

/// Intersection over union of the mask of the object's name with its alpha above one half, for
/// objects that cover at least 5 % of the frame.
struct SegmentEvaluation {
  int64_t scenes = 0;
  /// The name alone, and with what the photograph shows as background.
  double miou = 0, miou_background = 0;
  /// What a mask of the whole frame reaches.
  double miou_everything = 0;
  /// Share of scenes whose most relevant point lies on the object.
  double pointing = 0;
  double seconds_a_scene = 0;
  std::string json() const;
};
SegmentEvaluation evaluate_segment(const ClipEncoder& clip,
                                   std::shared_ptr<const PhotoLibrary> library,
                                   const CompositeEvaluationOptions& options, Job& job);

/// Captions "a LOOK photo of NAME" of which one of the two is wrong: whether a word of it scores
/// lowest.
struct DiagnoseEvaluation {
  int64_t captions = 0;
  /// By contrast (guidance/word_contrast.h) and by attention (guidance/word_attribution.h).
  double lowest_contrast = 0, lowest_attention = 0;
  /// By contrast, of captions with a wrong look and with a wrong object.
  double lowest_look = 0, lowest_object = 0;
  /// Share of wrong words that contrast calls misaligned, and of right ones.
  double found = 0, false_alarms = 0;
  std::string json() const;
};
DiagnoseEvaluation evaluate_diagnose(const ClipEncoder& clip,
                                     std::shared_ptr<const PhotoLibrary> library,
                                     const std::vector<VocabularyWord>& vocabulary,
                                     const CompositeEvaluationOptions& options, Job& job);

}  // namespace vane
