// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edit keeps what a ResNet CLIP sees on its way to the embedding (CLIP-LIT's identity loss).

#include <vector>

#include "engine/config/fields.h"
#include "guidance/clip_views.h"

namespace vane {

struct FeatureIdentityConfig {
  /// Weights of the stem and of the four stages; CLIP-LIT's.
  std::vector<float> stages{1.f, 1.f, 1.f, 1.f, 0.5f};

  template <class V>
  static void fields(V& v) {
    v.field("stages", &FeatureIdentityConfig::stages, "weights of the stem and the four stages");
  }
};

/// Term "feature_identity": sum_k w_k MSE of the maps of stage k of the whole picture against the
/// source (Liang et al. 2023, CLIP-LIT, eq. 6), mean over encoders (by weight). Needs the source.
class FeatureIdentity : public Objective {
 public:
  static constexpr const char* kName = "feature_identity";

  /// Throws Error{usage} for an empty ensemble, an encoder without a ResNet tower, or other than
  /// five weights that are not negative.
  FeatureIdentity(std::vector<WeightedEncoder> encoders, FeatureIdentityConfig config = {});
  Score evaluate(const Evaluation& evaluation) override;
  bool needs_source() const override { return true; }

 private:
  std::vector<Tensor> stages(const ClipEncoder& clip, const Tensor& image) const;

  std::vector<WeightedEncoder> encoders_;
  FeatureIdentityConfig config_;
};

}  // namespace vane
