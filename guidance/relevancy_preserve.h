// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edit leaves alone what a phrase does not name.

#include <memory>
#include <string>

#include "guidance/clip_views.h"
#include "guidance/segmentation.h"

namespace vane {

struct RelevancyPreserveConfig {
  /// What may change.
  std::string text;
  SegmentationConfig segmentation;

  template <class V>
  static void fields(V& v) {
    using C = RelevancyPreserveConfig;
    v.field("text", &C::text, "what may change; the rest is kept", {.required = true});
    v.field("segmentation", &C::segmentation, "how the phrase is found in the source");
  }
};

/// Term "relevancy_preserve": sum (1 - m) (image - source)^2 / sum (1 - m), m in [0,1] where the
/// source shows `text` (guidance/segmentation.h, with the first encoder; computed once a source).
/// 0 when the phrase is everywhere. Needs the source.
class RelevancyPreserve : public Objective {
 public:
  static constexpr const char* kName = "relevancy_preserve";

  /// Throws Error{usage} for an empty ensemble or a text that says nothing.
  RelevancyPreserve(const std::vector<WeightedEncoder>& encoders, RelevancyPreserveConfig config);
  Score evaluate(const Evaluation& evaluation) override;
  bool needs_source() const override { return true; }

 private:
  Tensor mask_of(const Tensor& source);

  std::shared_ptr<const ClipEncoder> clip_;
  RelevancyPreserveConfig config_;
  Tensor masked_source_, mask_;
};

}  // namespace vane
