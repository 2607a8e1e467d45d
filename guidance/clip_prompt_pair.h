// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edit looks like one of two learned prompts rather than the other (CLIP-LIT).

#include <filesystem>
#include <vector>

#include "guidance/clip_views.h"

namespace vane {

/// Term "clip_prompt_pair": softmax(100 <n(I), n(P)>)[negative], mean over views, batch and
/// encoders (by weight), P the two prompt embeddings (Liang et al. 2023, CLIP-LIT, eq. 5). Range
/// [0,1].
class ClipPromptPair : public Objective {
 public:
  static constexpr const char* kName = "clip_prompt_pair";
  /// CLIP's own scale, part of the published loss.
  static constexpr double kScale = 100;

  struct Guide {
    WeightedEncoder encoder;
    /// [2,D]: the prompt to leave, then the one to reach; made unit here.
    Tensor prompts;
  };
  /// Throws Error{usage} for an empty ensemble or prompts of another shape.
  explicit ClipPromptPair(std::vector<Guide> guides, const ViewConfig& views = {});
  Score evaluate(const Evaluation& evaluation) override;

 private:
  struct Entry {
    ClipViews views;
    Tensor prompts;
    float weight;
  };
  std::vector<Entry> entries_;
};

}  // namespace vane
