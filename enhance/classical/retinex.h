// SPDX-License-Identifier: Apache-2.0
#pragma once
// Multi-scale retinex (Jobson, Rahman and Woodell 1997) with a stretch to what can be shown.

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/base/job.h"

namespace vane {

struct RetinexOptions {
  /// Deviations of the three surrounds, in pixels.
  std::array<double, 3> sigmas{15, 80, 250};
  /// Shares of all samples that the stretch cuts off at either end.
  double low = 0.01, high = 0.99;
};

/// R = mean over sigma of ln(x + 1/255) - ln(G_sigma * x + 1/255) of every channel, stretched so
/// that the two quantiles of the picture's R (to 1/6000 of its range) become 0 and 1. What lies
/// outside the picture has no weight in G. A surround is computed on cells of up to sigma / 4
/// pixels a side where the picture has 64 of them or more across, and its logarithm is bilinear
/// between them; on single pixels it is exact. A picture whose quantiles meet is left as it is.
class Retinex {
 public:
  /// Gives the row y, interleaved RGB [3*width] in [0,1].
  using Rows = std::function<const float*(int y)>;

  /// Reads the rows twice from the top. Throws Cancelled.
  Retinex(int width, int height, const Rows& rows, const RetinexOptions& options, Job& job);

  /// The stretched row, not clipped: `rgb` is row y of the picture.
  void row(int y, const float* rgb, float* out) const;

  /// What is allocated for a picture of this size, at most.
  static uint64_t bytes(int width, int height, const RetinexOptions& options = {});

 private:
  /// ln(G * x + 1/255), interleaved.
  struct Surround {
    int cell = 1, columns = 0, rows = 0;
    std::vector<float> logarithm;
  };
  /// R before the stretch.
  void plain_row(int y, const float* rgb, float* out) const;

  int width_;
  std::vector<Surround> surrounds_;
  bool stretches_ = false;
  float low_ = 0, scale_ = 1;
};

}  // namespace vane
