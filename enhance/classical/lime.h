// SPDX-License-Identifier: Apache-2.0
#pragma once
// The illumination map of LIME (Guo, Li and Ling 2017), weights of strategy III.

#include <vector>

#include "engine/base/job.h"

namespace vane {

struct LimeOptions {
  double smoothness = 0.15, epsilon = 1e-3;
  /// Relative residual at which conjugate gradients stop.
  double tolerance = 1e-6;
};

/// Weights of the forward differences to the right and downwards, each [height*width]: with g the
/// difference and G a Gaussian of 15 taps and sigma 2 (borders repeated),
/// w = G * (1 / (G * |g| + e)), W = w / (|g| + e). The last column and the last row have no
/// difference.
struct LimeWeights {
  std::vector<double> right, down;
};
LimeWeights lime_weights(const std::vector<double>& brightest, int width, int height,
                         double epsilon);

/// `brightest` = max(R,G,B) [height*width] in [0,1] -> t of (I + a sum_d D_d' W_d D_d) t =
/// brightest, by conjugate gradients with a modified incomplete Cholesky factor. Lies within the
/// range of `brightest`, as the matrix is an M-matrix with rows that sum to 1.
/// Throws Error{numeric} when the tolerance is not reached, Cancelled.
std::vector<double> lime_illumination(const std::vector<double>& brightest, int width, int height,
                                      const LimeOptions& options, Job& job);

}  // namespace vane
