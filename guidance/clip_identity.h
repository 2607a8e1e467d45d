// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edit still shows the same thing: its embedding stays near that of the source.

#include <vector>

#include "guidance/clip_views.h"
#include "guidance/objective.h"

namespace vane {

/// Term "clip_identity": 1 - <n(I_edit), n(I_source)>, mean over views, batch and encoders (by
/// weight). Range [0,2]; 0 with zero gradient when nothing changed. Needs the source.
class ClipIdentity : public Objective {
 public:
  static constexpr const char* kName = "clip_identity";

  /// Throws Error{usage} for an empty ensemble.
  explicit ClipIdentity(std::vector<WeightedEncoder> encoders, const ViewConfig& views = {});
  Score evaluate(const Evaluation& evaluation) override;
  bool needs_source() const override { return true; }

 private:
  std::vector<std::pair<ClipViews, float>> encoders_;
};

}  // namespace vane
