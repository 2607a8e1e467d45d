// SPDX-License-Identifier: Apache-2.0
#pragma once
// From a step in StyleSpace to the step in W+ that most likely made it. Styles that are moved one
// by one leave what the generator was trained on, and pictures fall apart; the styles of a latent
// step move together, those that a delta mapper does not know too.

#include <vector>

#include "engine/tensor/fwd.h"
#include "generators/mappers/delta_model.h"

namespace vane {

/// A step in W+.
struct DeltaStep {
  Tensor w_plus;      // [1,rows,W]
  double length = 0;  // in deviations of w, over all resolutions
};

/// Most likely under a normal w and normal deviations of the styles: (M'M + noise C/W) u = M' step,
/// with M [C,W] the styles of a level, in scales, of whitened w. Each resolution has a step of its
/// own, for all of its rows; rows of a resolution of which the model moves no style stay.
class LatentProjection {
 public:
  /// The covariance of w is that of fixed samples of the generator; `noise` is the variance of a
  /// channel's deviation in squared scales, taken C/W times, as deviations are not independent.
  LatentProjection(const DeltaModel& model, const StyleGenerator& generator, double noise = 0.1);

  /// The step behind delta [1,channels] as model_delta() makes it.
  DeltaStep latent_step(const Tensor& delta) const;

 private:
  struct Level {
    int64_t begin = 0, channels = 0;  // of the model
    Tensor styles, factor;            // M [C,W], Cholesky factor of M'M + noise [W,W]
    std::vector<int64_t> rows;
  };
  std::vector<Level> levels_;
  Tensor scale_, root_;  // [channels], square root of the covariance [W,W]
  int64_t rows_ = 0;
};

}  // namespace vane
