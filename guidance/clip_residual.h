// SPDX-License-Identifier: Apache-2.0
#pragma once
// The embedding's share along a residual vector reaches that of the good pictures (RAVE).

#include <memory>
#include <vector>

#include "guidance/clip_views.h"
#include "guidance/direction.h"
#include "guidance/objective.h"

namespace vane {

/// Term "clip_residual": (<n(I), r> - tau)^2, mean over views, batch and encoders (by weight), with
/// r = direction.vector and tau = direction.tau (Gaintseva et al. 2024, RAVE). Range [0,4].
class ClipResidual : public Objective {
 public:
  static constexpr const char* kName = "clip_residual";

  struct Guide {
    WeightedEncoder encoder;
    Direction direction;
  };

  /// Throws Error{checkpoint} when a direction belongs to another model, Error{usage} when it has
  /// no tau (only residual directions have) or the ensemble is empty.
  explicit ClipResidual(const std::vector<Guide>& guides, const ViewConfig& views = {});
  Score evaluate(const Evaluation& evaluation) override;

 private:
  struct Entry {
    ClipViews views;
    Tensor direction;
    double tau;
    float weight;
  };
  std::vector<Entry> entries_;
};

/// With one encoder that looks at the whole picture and nothing else, as RAVE does.
std::unique_ptr<ClipResidual> whole_picture_residual(std::shared_ptr<const ClipEncoder> clip,
                                                     const Direction& residual);

}  // namespace vane
