// SPDX-License-Identifier: Apache-2.0
#pragma once
// Unit features of the views of an edit and of its source, shared by the CLIP objectives.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "guidance/cutouts.h"
#include "guidance/objective.h"

namespace vane {

/// An encoder of an ensemble. Weights are relative: objectives average over the ensemble.
struct WeightedEncoder {
  std::shared_ptr<const ClipEncoder> clip;
  float weight = 1.f;
};

/// How an objective looks at pictures.
struct ViewConfig {
  CutoutConfig cutouts;
  /// "losses": the distance of every view, then their mean; "embeddings": one mean embedding of all
  /// views. The two give visibly different pictures (clip sheet 4.6).
  std::string average = "losses";

  template <class V>
  static void fields(V& v) {
    using C = ViewConfig;
    v.field("cutouts", &C::cutouts, "random crops and their augmentations");
    v.field("average", &C::average, "average the losses of the views or their embeddings",
            {.choices = {"losses", "embeddings"}});
  }
};

/// Throws Error{usage} for an empty list, a missing encoder or a weight that is not positive.
void check_ensemble(const std::vector<WeightedEncoder>& encoders, const std::string& term);

/// Features of one encoder's views. Source features are constants; they are kept per source tensor
/// and crop set, so with a bank of crops (or none) they are computed once.
class ClipViews {
 public:
  ClipViews(std::shared_ptr<const ClipEncoder> clip, ViewConfig config);

  const ClipEncoder& clip() const { return *clip_; }
  /// Unit features [V,N,D] of what the edit shows; V = 1 when embeddings are averaged.
  Tensor edited(const Evaluation& evaluation) const;
  /// Unit features [V,N,D] of the same views of the source.
  Tensor source(const Evaluation& evaluation, const std::string& term) const;
  /// Unit features [1,N,D] of the whole source, whatever the crops.
  Tensor whole_source(const Evaluation& evaluation, const std::string& term) const;

 private:
  Tensor features(const Tensor& image, const CutoutConfig& cutouts, const Rng& rng) const;
  Tensor cached(const Evaluation& evaluation, const std::string& term, int64_t set,
                const CutoutConfig& cutouts, const Rng& rng) const;

  std::shared_ptr<const ClipEncoder> clip_;
  ViewConfig config_;
  // The tensor is kept, so its address cannot be taken by another source.
  mutable Tensor cached_source_;
  mutable int64_t cached_version_ = 0;
  mutable uint64_t cached_seed_ = 0;
  mutable std::map<int64_t, Tensor> cache_;
};

}  // namespace vane
