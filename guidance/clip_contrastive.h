// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edit comes nearer to one phrase than to others (InfoNCE with negatives).

#include <string>
#include <vector>

#include "guidance/clip_global.h"

namespace vane {

struct ClipContrastiveConfig {
  ViewConfig views;
  float temperature = 0.07f;

  template <class V>
  static void fields(V& v) {
    using C = ClipContrastiveConfig;
    v.field("views", &C::views, "which views are compared");
    v.field("temperature", &C::temperature, "sharpness; smaller cares for the nearest phrases only",
            {.min = 1e-3, .max = 10, .log_scale = true});
  }
};

/// -log( e^(<f,p>/t) / (e^(<f,p>/t) + sum_k e^(<f,n_k>/t)) ) of unit features [...,D], a unit
/// positive [D] and unit negatives [K,D], K >= 1 -> [...] (van den Oord et al. 2018; NeRF-Art, Wang
/// et al. 2023, eq. 5).
Tensor info_nce(const Tensor& features, const Tensor& positive, const Tensor& negatives,
                double temperature);

/// Term "clip_contrastive": mean of info_nce over views, batch and encoders (by weight). With crops
/// as views it is NeRF-Art's patch form, without it the global one.
class ClipContrastive : public Objective {
 public:
  static constexpr const char* kName = "clip_contrastive";

  struct Guide {
    WeightedEncoder encoder;
    Tensor positive;   // [D] unit
    Tensor negatives;  // [K,D] unit
  };
  /// Throws Error{usage} for an empty ensemble, no negatives or widths that do not fit.
  explicit ClipContrastive(std::vector<Guide> guides, ClipContrastiveConfig config = {});
  Score evaluate(const Evaluation& evaluation) override;

 private:
  struct Entry {
    ClipViews views;
    Tensor positive, negatives;
    float weight;
  };
  std::vector<Entry> entries_;
  double temperature_;
};

}  // namespace vane
