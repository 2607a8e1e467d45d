// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edit stays smooth: little difference between neighbouring pixels.

#include <string>

#include "engine/config/fields.h"
#include "guidance/objective.h"

namespace vane {

struct TotalVariationConfig {
  /// "mean": mean|dx| + mean|dy|; "norms": CLIPstyler's sum of four L2 norms.
  std::string form = "mean";

  template <class V>
  static void fields(V& v) {
    using C = TotalVariationConfig;
    v.field("form", &C::form, "mean absolute difference, or the four L2 norms of CLIPstyler",
            {.choices = {"mean", "norms"}});
  }
};

/// Total variation of [N,3,H,W] -> 0-dim. "norms": the L2 norms, over the whole tensor, of the
/// difference images along rows, columns and both diagonals, added (Kwon & Ye 2022, released code;
/// a norm is not a mean: it grows with the picture). The norm's gradient is 0 for a flat picture.
Tensor total_variation(const Tensor& image, const std::string& form);

/// Term "total_variation" of what the edit shows.
class TotalVariation : public Objective {
 public:
  static constexpr const char* kName = "total_variation";

  /// Throws Error{usage} for an unknown form.
  explicit TotalVariation(TotalVariationConfig config = {});
  Score evaluate(const Evaluation& evaluation) override;

 private:
  TotalVariationConfig config_;
};

}  // namespace vane
