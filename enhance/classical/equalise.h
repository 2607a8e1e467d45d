// SPDX-License-Identifier: Apache-2.0
#pragma once
// Global histogram equalisation of luma.

#include <functional>
#include <vector>

namespace vane {

/// The curve (n(<= v) - n(<= darkest)) / (n - n(<= darkest)) of the 256 levels v of luma; straight
/// between levels, so that 16-bit pictures keep theirs. A picture of one level keeps it.
class Equaliser {
 public:
  /// `row(y)` gives the luma of a row [width] in [0,1]; called once for each from the top.
  Equaliser(int width, int height, const std::function<const float*(int y)>& row);

  /// Luma in [0,1] after the curve.
  float luma(float before) const;

 private:
  static constexpr int kLevels = 256;
  std::vector<float> curve_;
};

}  // namespace vane
