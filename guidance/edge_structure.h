// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edit keeps the edges of its source, while light and colour may change.

#include <string>

#include "engine/config/fields.h"
#include "guidance/objective.h"

namespace vane {

struct EdgeStructureConfig {
  /// "correlation": blind to overall contrast; "difference": edges keep their strength too.
  std::string form = "correlation";

  template <class V>
  static void fields(V& v) {
    using C = EdgeStructureConfig;
    v.field("form", &C::form, "compare where edges are, or how strong they are as well",
            {.choices = {"correlation", "difference"}});
  }
};

/// Forward differences of the luma (BT.709 weights on sRGB values) of [N,3,H,W] -> [N,2,H-1,W-1],
/// channels d/dx, d/dy. Throws Error{usage} for a picture below 2 x 2.
Tensor luma_gradient(const Tensor& image);

/// Distance of luma gradients G of image and source, both [N,3,H,W] -> 0-dim:
///   "difference":  mean |G_image - G_source|;
///   "correlation": mean over the batch of 1 - (<G_i,G_s> + e) / sqrt((|G_i|^2 + e)(|G_s|^2 + e)),
///                  range [0,2], 0 for equal pictures; hardly changed when contrast is scaled.
/// e is 1e-6 a sample (a gradient of 1/1000), which keeps flat pictures finite.
Tensor edge_structure(const Tensor& image, const Tensor& source, const std::string& form);

/// Term "edge_structure". Needs the source.
class EdgeStructure : public Objective {
 public:
  static constexpr const char* kName = "edge_structure";

  /// Throws Error{usage} for an unknown form.
  explicit EdgeStructure(EdgeStructureConfig config = {});
  Score evaluate(const Evaluation& evaluation) override;
  bool needs_source() const override { return true; }

 private:
  EdgeStructureConfig config_;
};

}  // namespace vane
