// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edit keeps the pixels of its source.

#include "guidance/objective.h"

namespace vane {

/// Term "pixel_l2": mean over all samples of (image - source)^2. Needs the source.
class PixelL2 : public Objective {
 public:
  static constexpr const char* kName = "pixel_l2";

  Score evaluate(const Evaluation& evaluation) override;
  bool needs_source() const override { return true; }
};

}  // namespace vane
