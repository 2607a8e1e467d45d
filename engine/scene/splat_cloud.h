// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gaussian splats as plain arrays, in the spaces in which they are trained and stored
// (3D Gaussian Splatting, Kerbl et al. 2023, section 5). No torch.

#include <cstdint>
#include <vector>

namespace vane {

/// N Gaussians. Every array is row-major with one row a Gaussian.
struct SplatCloud {
  int sh_degree = 0;                 // 0 to 3
  bool antialiased = false;          // trained with, and to be drawn with, compensated opacity
  std::vector<float> position;       // [N,3], world units
  std::vector<float> sh0;            // [N,3]: rgb = 0.5 + 0.28209479 sh0 before bands 1 to 3
  std::vector<float> sh_rest;        // [N,B,3], B = (sh_degree + 1)^2 - 1, coefficient-major
  std::vector<float> opacity_logit;  // [N]: opacity = sigmoid
  std::vector<float> log_scale;      // [N,3]: scale = exp, world units
  std::vector<float> rotation;       // [N,4] (w,x,y,z), not normalised

  int64_t size() const { return static_cast<int64_t>(opacity_logit.size()); }
  /// Coefficients of a channel in sh_rest: 0, 3, 8 or 15.
  int rest_coefficients() const { return (sh_degree + 1) * (sh_degree + 1) - 1; }
  /// Makes room for n Gaussians; new ones are zero (their rotation is not valid).
  void resize(int64_t n);
  /// The rows named, in that order.
  SplatCloud rows(const std::vector<int64_t>& indices) const;
};

}  // namespace vane
