// SPDX-License-Identifier: Apache-2.0
#pragma once
// NIQE (Mittal, Soundararajan and Bovik 2013): how far the statistics of a picture are from those
// of sharp photographs, without a reference.

#include <filesystem>
#include <vector>

#include "engine/base/limits.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// What sharp photographs are like. The published one is not to be had freely: numbers from one
/// that was fitted here are "NIQE-local", to be compared among themselves only.
struct NaturalnessModel {
  static constexpr int64_t kFeatures = 36;
  Tensor mean, covariance;  // float64, [36] and [36,36]
  int64_t pictures = 0, blocks = 0;
  /// The authors' own, whose distances are NIQE itself.
  bool is_published = false;
  /// Names of the photographs, separated by commas.
  std::string origin;
};

/// [B,36] float64 of the blocks of a picture [1,3,H,W] in [0,1], sRGB-encoded: luma .299 .587 .114
/// of 8-bit samples, rounded, cropped to multiples of 96; MSCN coefficients (Gaussian 7 x 7, sigma
/// 7/6, repeated borders, C = 1) in blocks of 96, and of 48 at half size (antialiased bicubic); 18
/// numbers of asymmetric generalised Gaussians at each scale. A row is NaN where a block is flat.
/// `sharpest`: only blocks whose mean deviation at full size exceeds this share of the largest one.
/// B = 0 below 96 px a side. Throws Error{usage} for another shape.
Tensor naturalness_features(const Tensor& picture, double sharpest = 0);

/// Mean and covariance of the rows of all pictures that are finite; blocks of sharp photographs are
/// chosen by 0.75, as the paper does. Throws Error{usage} for fewer than two such rows.
NaturalnessModel fit_naturalness(const std::vector<Tensor>& features);
inline constexpr double kPristineSharpness = 0.75;

/// sqrt((m1 - m2) pinv((C1 + C2) / 2) (m1 - m2)'); lower is more natural. NaN for fewer than two
/// rows that are finite.
double naturalness_distance(const NaturalnessModel& model, const Tensor& features);

/// safetensors with `mean`, `covariance` and metadata {kind, pictures, blocks, origin}.
void save_naturalness(const std::filesystem::path& path, const NaturalnessModel& model);
/// Also the published `mu_prisparam` ([36] or [1,36]) and `cov_prisparam` as safetensors.
/// Throws Error{input}, Error{checkpoint}.
NaturalnessModel load_naturalness(const std::filesystem::path& path, const Limits& limits = {});

}  // namespace vane
