// SPDX-License-Identifier: Apache-2.0
#pragma once
// The enhancement network in plain loops and float64, written from the formulas of the sheet: an
// oracle that shares no line with the implementation, and the mistakes that it must tell from it.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace vane::testing {

/// [channels][height][width].
struct Planes {
  int64_t channels = 0, height = 0, width = 0;
  std::vector<double> values;

  Planes(int64_t c, int64_t h, int64_t w)
      : channels(c), height(h), width(w), values(static_cast<size_t>(c * h * w)) {}
  double& at(int64_t c, int64_t y, int64_t x) {
    return values[static_cast<size_t>((c * height + y) * width + x)];
  }
  double at(int64_t c, int64_t y, int64_t x) const {
    return values[static_cast<size_t>((c * height + y) * width + x)];
  }
};

/// The network as published, or with one thing done wrongly.
struct ScalarVariant {
  bool reflect = true;           // the convolutions with a bias
  bool residual_reflect = true;  // the residual blocks
  bool fuse_reflect = false;     // the convolution after the pyramid
  bool align_corners = true;
  bool overlapping_cells = true;  // ends rounded up; otherwise down
};

/// Weights under their published names, row-major.
using ScalarWeights = std::map<std::string, std::vector<double>>;

/// Picture of 3 planes -> the map m, 1 plane.
Planes scalar_illumination(const ScalarWeights& weights, const Planes& image,
                           const ScalarVariant& variant = {});

}  // namespace vane::testing
